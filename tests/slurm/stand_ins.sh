# Sourced after program.sh by tests of the batch scripts without Slurm: in $work, a folder of small programs that stand in for
# Slurm's and for mpirun, and a config and a dataset to train with in no time. The variables are program.sh's.
# shellcheck shell=bash disable=SC2154,SC2034 # those of program.sh, and those that its check reads

project=$(realpath "${3:-$tests/..}")
program=$(realpath "$lockstep")
cd "$work" || exit
mkdir bin
export PATH=$work/bin:$PATH LOCKSTEP=$program CONFIG=config.cfg LOCKSTEP_PROJECT=$project
unset "${!SLURM_@}" "${!OMPI_MCA_oob_tcp_keepalive_@}" CHAIN LAUNCHER BIND MODULES LOCAL_COPY MAX_REQUEUES
err=$work/log # of what was heard last

"$program" import synth --train 100 --test 10 -o digits.h5 >/dev/null
cat >config.cfg <<TEXT
data = { file = "digits.h5"; };
training = { epochs = 1; batch_size = 16; };
TEXT

# stand_in PROGRAM: what is found under this name from now on; stdin is what it does, in bash.
stand_in() {
    { echo '#!/usr/bin/env bash' && cat; } >"bin/$1"
    chmod +x "bin/$1"
}

# A node of 8 cores with two threads each, of which the job has one of each core.
export SLURM_CPUS_ON_NODE=8
stand_in taskset <<'STUB'
[ "$1" = -cp ] && echo "pid $2's current affinity list: ${ALLOWED:-0-7}"
STUB
stand_in lscpu <<'STUB'
[ "$1" = -p=CPU,CORE ] && echo '# CPU,Core' && for cpu in {0..15}; do echo "$cpu,$((cpu % 8))"; done
STUB
