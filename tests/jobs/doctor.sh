#!/usr/bin/env bash
# lockstep doctor on one machine: nothing is found where all is well, and each way of breaking the machine is named. What needs root
# (a small /dev/shm, a host name that is not known, a disk that is read-only or full) is left out without it, and told. The third argument is
# the program forbid_copying.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"
# shellcheck source=tests/findings.sh
. "$tests/findings.sh"
hide_slurm
forbid_copying=$3
processors=$(env -u OMP_NUM_THREADS nproc)

"$lockstep" import synth --train 301 --test 50 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [20] }
training: { epochs = 1, batch_size = 10 }
optimizer: { learning_rate = 0.05, momentum = 0.9 }
TEXT

# Of all that was examined.
nothing_left() {
    local process
    while read -r process; do
        [ -z "$(find /dev/shm /tmp -maxdepth 1 -name "lockstep-$(id -u)-$process-*")" ] || return 1
    done <"$work/processes"
    [ ! -e "$work/run" ]
}

# examine [OPTION]...: doctor on this config. $before is a command that starts it.
before=()
examine() {
    local program=$lockstep
    lockstep=$work/started_by
    printf '#!/usr/bin/env bash\necho $$ >>%q\nexec %s "$@"\n' "$work/processes" "$(printf '%q ' "${before[@]}" "$program")" >"$lockstep"
    chmod +x "$lockstep"
    start 0 doctor "$work/config.cfg" --run "$work/run" "$@"
    lockstep=$program
}

examine
healthy 'all is well'
finds OK mpirun 'as the program is linked to'
finds OK 'run directory' "\"$work\""
finds OK dataset '301 training and 50 test images'
check 'all is well: nothing is left' nothing_left
start 2 doctor "$work/config.cfg"
finds OK launch '2 ranks started, every one sees 2'
if [ "$processors" -ge 2 ]; then
    finds WARNING binding '2 ranks are bound to no core'
    first=$("$lockstep" doctor --facts | sed -n 's/^cpus \([0-9]*\).*/\1/p')
    "$tests/mpirun.sh" 1 taskset -c "$first" "$lockstep" doctor : -n 1 "$lockstep" doctor </dev/null >"$work/out.2" 2>"$work/err.2"
    finds WARNING binding 'of 2 ranks two or more are bound to the same'
fi
start 2 doctor --facts
check 'facts: a text of each rank' [ "$(grep -cx 'size 2' "$out")/$(grep -cx 'end' "$out")" = 2/2 ]

# 1: no mpirun, one of another version, one of another MPI, one that hangs.
mkdir "$work/few" "$work/other"
for tool in bash sh env chmod mkdir rm cat tr grep sort wc nproc lscpu setpriv timeout; do
    ln -s "$(command -v "$tool")" "$work/few/$tool"
done
PATH=$work/few examine
ill 'no mpirun'
finds PROBLEM mpirun 'no mpirun on the PATH'
finds PROBLEM launch 'exit code 127, 0 of'
rm "$work/few/setpriv"
PATH=$work/few examine
ill 'no setpriv'
finds PROBLEM launch 'mpirun was not started: cannot start "setpriv"'
cat >"$work/other/mpirun" <<TEXT
#!/usr/bin/env bash
if [ "\$1" = --version ]; then echo 'mpirun (Open MPI) 3.0.1' && exit; fi
until [ "\$1" = "$lockstep" ]; do shift; done
"\$@" && "\$@"
TEXT
chmod +x "$work/other/mpirun"
PATH=$work/other:$PATH examine -n 2
ill 'another mpirun'
finds PROBLEM mpirun '"mpirun (Open MPI) 3.0.1"|linked to Open MPI'
finds PROBLEM launch '2 of 2 processes do not see 2 ranks'
sed -i '3,$c exec sleep 60' "$work/other/mpirun"
PATH=$work/other:$PATH examine --patience 2
ill 'mpirun hangs'
finds PROBLEM launch 'hung and was ended; 0 of'

rm "$work/other/mpirun"

# srun COMMAND: Slurm's srun does this.
srun() {
    printf '#!/bin/sh\n%s\n' "$1" >"$work/other/srun"
    chmod +x "$work/other/srun"
    PATH=$work/other:$PATH examine --patience 5
}
srun 'echo "srun: fatal: Could not establish a configuration source" >&2; exit 1'
healthy 'srun, but no cluster'
# found SEVERITY WORDS COMMAND: what doctor says where srun does this.
found() {
    srun "$3"
    finds "$1" slurm "$2"
}
found WARNING 'has no pmix' 'echo "MPI plugin types are... none pmi2" >&2'
found OK 'srun --mpi=pmix can start ranks' 'echo "MPI plugin types are... none pmix_v4" >&2'
found WARNING 'srun does not tell what it can start' 'exit 1'
found WARNING 'srun does not tell what it can start' 'exec sleep 60'
rm "$work/other/srun"

# 2: a host that does not answer.
printf '#!/bin/sh\nexit 255\n' >"$work/agent"
chmod +x "$work/agent"
printf '%s slots=1\n' localhost nowhere >"$work/hostfile"
OMPI_MCA_plm_rsh_agent=$work/agent examine --hostfile "$work/hostfile"
ill 'a host is off'
finds PROBLEM hosts 'host nowhere does not answer'
finds OK launch '1 rank started, every one sees 1'
# Or one that answers, and where the program is not, or does not get far.
for says in '' 'rank 0\nsize 1\n'; do
    cat >"$work/agent" <<TEXT
#!/bin/sh
shift
case "\$*" in *' doctor '*) printf '$says' && exec sleep 60 ;; esac
exec sh -c "\$*"
TEXT
    OMPI_MCA_plm_rsh_agent=$work/agent examine --hostfile "$work/hostfile" --patience 2
    if [ -z "$says" ]; then expected='answers, but this program does not start there'; else expected='fell silent after telling "size"'; fi
    finds PROBLEM hosts "host nowhere|$expected"
done

# 3: more ranks than processors.
examine -n $((processors + 1)) --set training.shards=$((processors + 1))
finds WARNING binding "$((processors + 1)) ranks on $processors processors"

# 4: the right to read other processes' memory is missing.
if "$forbid_copying" true; then
    before=("$forbid_copying")
    OMPI_MCA_btl_vader_single_copy_mechanism=cma examine -n 2
    finds WARNING copying 'process_vm_readv: Operation not permitted'
    OMPI_MCA_btl_vader_single_copy_mechanism=none examine -n 2
    finds OK copying 'told not to try'
    before=()
else
    echo 'left out: this kernel has no seccomp filters'
fi

# 5: no locks, a slow disk, no right to write.
LOCKSTEP_FAULT=no-locks examine
ill 'no locks'
finds PROBLEM 'run directory' 'cannot lock a file|No locks available'
LOCKSTEP_FAULT=slow-disk examine
finds WARNING 'run directory' 'took 5.'
examine --run /proc/run
ill 'no right to write'
finds PROBLEM 'run directory' 'cannot make a file in "/proc"'

# 6: too little memory, no room for checkpoints; no dataset.
examine --set 'model.hidden=[1000000, 1000000]'
ill 'too large a model'
finds PROBLEM memory 'ranks need|are free'
finds PROBLEM 'disk space' 'checkpoints of|are free'
finds WARNING 'shared memory' "this config's"
examine --set "data.file=$work/nowhere.h5"
ill 'no dataset'
finds PROBLEM dataset 'nowhere.h5'

# in_rooms COMMAND: examine, in mounts and a host name of its own, after this command.
in_rooms() {
    before=(unshare --mount --uts bash -c "$1 && exec \"\$@\"" in_rooms)
    examine -n 2
    before=()
}
if [ "$(id -u)" = 0 ] && unshare --mount --uts true 2>/dev/null; then
    in_rooms 'mount -t tmpfs -o size=3m tmpfs /dev/shm'
    ill 'a small /dev/shm'
    finds PROBLEM 'shared memory' '/dev/shm has 3.1 MB free for 2 ranks'
    in_rooms 'mount -t tmpfs -o ro tmpfs /dev/shm'
    ill 'a read-only /dev/shm'
    finds PROBLEM hosts 'answers, but no directory can be made in /dev/shm or /tmp'
    finds PROBLEM launch 'mpirun was not started: no host is ready'
    in_rooms 'echo nobody-knows-it >/proc/sys/kernel/hostname'
    finds WARNING 'host names' '"nobody-knows-it"'
    : >"$work/no-names"
    in_rooms "mount --bind $work/no-names /etc/hosts && $tests/../jobs/install.sh"
    finds OK 'host names' 'found at once'
    mkdir "$work/run"
    in_rooms "mount -t tmpfs -o ro tmpfs $work/run"
    ill 'a read-only disk'
    finds PROBLEM 'run directory' 'Read-only file system'
    in_rooms "mount -t tmpfs -o size=64k tmpfs $work/run"
    ill 'a full disk'
    finds PROBLEM 'disk space' '5 more checkpoints of|0.1 MB are free'
    rmdir "$work/run"
else
    echo 'left out: what needs root'
fi
check 'at the end: nothing is left' nothing_left

start 0 doctor "$work/config.cfg" --set training.epoch=3
fails 'bad config' 78 'training.epoch '
start 0 doctor "$work/nowhere.cfg"
fails 'no config' 66 'nowhere.cfg'
start 0 doctor "$work/config.cfg" -n 9
fails 'more ranks than shards' 78 '9 ranks|training.shards'
start 0 doctor --patience never
fails 'bad option' 64 '--patience never'
finish
