#!/usr/bin/env bash
# What slurm/train.sbatch decides at the end of a start, without Slurm: mpirun, srun, scontrol, sbcast, scancel and the training are
# stand-ins in a directory of their own; `lockstep train --check` and `lockstep status` are real. $3: the folder of
# slurm/, if not the project.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/slurm/stand_ins.sh
. "$tests/slurm/stand_ins.sh"
cp "$project/slurm/train.sbatch" slurm_script # alone and under another name, as sbatch does

"$program" train config.cfg --run finished --quiet >/dev/null
"$program" train config.cfg --run half --stop-after-steps 1 --quiet 2>/dev/null || [ $? = 75 ]

# A start does what ./start says, in place of mpirun or srun, so that signals reach it.
stand_in mpirun <<'STUB'
echo "$*" >mpirun.said
cat /proc/self/status >status.said
. ./start
STUB
stand_in srun <<'STUB'
case $* in
"--overlap --nodes=2 --ntasks=2 --ntasks-per-node=1 "*)
    [ ! -e cancelled ] || exit 1
    exec "${@:5}"
    ;;
esac
echo "$*" >srun.said
. ./start
STUB
stand_in sbcast <<'STUB'
[ "$1" = --force ] && cp "$2" "$3" && [ -z "${DISK_FULL:-}" ]
STUB
stand_in squeue <<'STUB'
[ "$*" = '--noheader --user=somebody --format=%A' ] && [ -z "${NO_CONTROLLER:-}" ] && printf '%s\n' 7 66
STUB
stand_in scancel <<'STUB'
echo "$*" >scancel.said
STUB
stand_in scontrol <<'STUB'
case $* in
"-o show job 7" | "-o show job 7_2") echo "JobId=7 JobState=${JOB_STATE:-RUNNING} Reason=None" ;;
"requeue 7" | "requeue 7_2") echo "$*" >scontrol.said && [ -z "${NO_REQUEUE:-}" ] ;;
*) exit 99 ;;
esac
STUB

# What a start leaves in the run directory.
cat >kit <<'KIT'
begin() {
    mkdir -p run
    echo "{\"event\":\"start\",\"step\":0,\"ranks\":4,\"steps\":9,\"slurm_job\":\"$SLURM_JOB_ID\",\"slurm_restarts\":${SLURM_RESTART_COUNT:-0}}" \
        >>run/metrics.jsonl
}
step() { echo '{"event":"step","step":3,"epoch":1,"loss":1.0,"loss_hex":"0x1p+0","samples":4,"rows":"00"}' >>run/metrics.jsonl; }
end() { echo "{\"event\":\"end\",\"reason\":\"$1\",\"stopped_by\":\"${2:-}\",\"step\":3,\"test_loss\":null,\"test_accuracy\":null}" >>run/metrics.jsonl; }
save() { mkdir -p run/checkpoints && : >run/checkpoints/step-0000000003.h5; }
KIT

export RUN=run SLURM_JOB_ID=7 SLURM_JOB_NUM_NODES=2 SLURM_NTASKS_PER_NODE=2 SLURM_JOB_NODELIST='h[1-2]'
export SLURM_JOB_USER=somebody SLURM_SUBMIT_DIR=$work

# job CODE requeued|left PHRASE START [VARIABLE=VALUE]... [-- ARGUMENT]...: the script with mpirun doing START ends with
# CODE, had itself requeued or not, and has PHRASE in its log. SIGNAL=NAME sends it that signal once mpirun waits.
job() {
    local expected=$1 outcome=$2 phrase=$3 said=left settings=() pid
    echo ". ./kit; $4" >start
    shift 4
    while [ $# -gt 0 ] && [ "$1" != -- ]; do settings+=("$1") && shift; done
    [ $# = 0 ] || shift
    started="$(tail -n 1 start) (${settings[*]})" code=0
    rm -f ./*.said waiting cancelled
    env "${settings[@]}" bash slurm_script "$@" >log 2>&1 &
    pid=$!
    if [[ ${settings[*]} =~ SIGNAL=([A-Z0-9]+) ]]; then
        until_true [ -e waiting ]
        kill -s "${BASH_REMATCH[1]}" "$pid"
    fi
    wait "$pid" || code=$?
    [ ! -e scontrol.said ] || said=requeued
    check "exit code $expected" [ "$code" = "$expected" ]
    check "$outcome" [ "$said" = "$outcome" ]
    check "told: $phrase" grep -qF -- "$phrase" log
    rm -rf run
}
run() { rm -rf run && cp -r "$1" run; }
# mpirun when USR2 comes: the trap ends the wait for sleep.
wait_for_usr2='trap "sleep 0.3; end stopped; save; kill %1; exit 75" USR2; begin; step; : >waiting; sleep 20 & wait; exit 3'

# Finished: now, or long ago; whatever mpirun says when it did train.
job 0 left finished 'cp -r finished run'
job 0 left finished 'cp -r finished run; exit 205'
check 'mpirun does not end by a closed pipe' in_set SigIgn PIPE status.said
check 'all ranks' grep -q '^-n 4 --bind-to core .* train config.cfg --run run$' mpirun.said
run finished && job 0 left finished 'exit 0'
run finished && job 78 left refused 'exit 78'

# Stopped on request.
job 0 requeued 'stopped by USR2' "$wait_for_usr2" SIGNAL=USR2
job 0 requeued 'stopped by TERM' "$wait_for_usr2" SIGNAL=TERM
job 0 requeued '(3 of at most 3 times)' "$wait_for_usr2" SIGNAL=USR2 SLURM_RESTART_COUNT=2 MAX_REQUEUES=3
job 75 left 'started again 3 times already' "$wait_for_usr2" SIGNAL=USR2 SLURM_RESTART_COUNT=3 MAX_REQUEUES=3
job 75 left 'Slurm is ending the job itself' "$wait_for_usr2" SIGNAL=TERM JOB_STATE=COMPLETING
job 75 requeued 'Slurm did not requeue it' "$wait_for_usr2" SIGNAL=USR2 NO_REQUEUE=1
job 75 left 'not by a signal to this job' 'begin; step; end stopped; save; exit 75'
run half && job 75 left 'not by a signal to this job' 'begin; step; end stopped; save; exit 75'

# Asked for a checkpoint: it goes on.
job 0 left finished 'trap "kill %1; cp -r finished/. run; exit 0" USR1; begin; : >waiting; sleep 20 & wait; exit 3' SIGNAL=USR1

# Stopped by itself, because the time was up.
job 0 requeued 'stopped before the time limit at step 3' 'begin; step; end stopped "time limit"; save; exit 75'
job 75 left 'not by a signal to this job' 'begin; step; end stopped steps; save; exit 75'

# Killed: at work, in set-up; by a signal that came before mpirun could pass one on.
job 0 requeued 'killed (exit code 137) after step 3' 'begin; step; exit 137'
job 0 requeued 'killed (exit code 1)' 'begin; step; exit 1'
job 0 requeued 'killed (exit code 0)' 'begin; step; exit 0'
job 0 requeued 'killed (exit code 137) after step 3' 'begin; step; end finished; exit 137' # before the last checkpoint
job 137 left 'started again 10 times' 'begin; step; exit 137' SLURM_RESTART_COUNT=10
run half && job 0 requeued 'before the training began' 'exit 205'
job 0 requeued 'before the training began' ': >waiting; exec sleep 20' SIGNAL=USR2

# Not a step in two starts: a third would be no better. Steps of another job, or from before, are not this one's.
# begun JOB RESTARTS: a start of the past that recorded a step.
begun() { SLURM_JOB_ID=$1 SLURM_RESTART_COUNT=$2 bash -c '. ./kit && begin && step'; }
job 0 requeued 'before the training began' 'exit 243'
job 243 left 'the last 2 starts' 'exit 243' SLURM_RESTART_COUNT=1
job 137 left 'the last 2 starts' 'begin; exit 137' SLURM_RESTART_COUNT=1
job 75 left 'the last 2 starts' 'begin; end stopped "time limit"; save; exit 75' SLURM_RESTART_COUNT=1
begun 8 1 && job 243 left 'the last 2 starts' 'exit 243' SLURM_RESTART_COUNT=1
begun 7 4 && job 0 requeued 'before the training began' 'exit 243' SLURM_RESTART_COUNT=5
begun 7 4 && job 243 left 'the last 2 starts' 'exit 243' SLURM_RESTART_COUNT=6

# Refused or failed: never again.
job 78 left 'the check failed' 'exit 0' -- --set training.epochs=-1
check 'a bad config starts nothing' [ ! -e mpirun.said ]
job 78 left '8' 'exit 0' SLURM_NTASKS_PER_NODE=5
job 64 left '--ntasks-per-node' 'exit 0' SLURM_NTASKS_PER_NODE=
job 66 left 'the check failed' 'exit 0' CONFIG=absent.cfg
job 127 left 'the check failed' 'exit 0' LOCKSTEP=absent
job 1 left 'the training did not begin' 'exit 1'
run half && job 78 left refused 'exit 78'
for refusal in 64 65 66 73 78; do
    run half && job $refusal left refused "begin; step; exit $refusal" # meanwhile another job began in the run directory
done
job 1 left 'failed: diverged' 'begin; step; end diverged; exit 1'
job 65 left refused 'begin; end "bad data"; exit 65'
job 74 left 'failed: input/output error' 'begin; step; end "input/output error"; exit 74'
job 70 left 'failed: internal error' 'begin; step; end "internal error"; exit 70'
job 1 left 'failed: diverged' 'begin; step; end diverged; exit 0'

# By srun; unbound; with what the project is not found by.
job 0 left finished 'cp -r finished run' LAUNCHER=srun BIND=none
check 'srun' grep -qE '^--mpi=pmix --kill-on-bad-exit=1 --nodes=2 --ntasks=4 --cpu-bind=none .* train config.cfg --run run$' srun.said
job 0 requeued 'stopped by USR2' "$wait_for_usr2" LAUNCHER=srun SIGNAL=USR2
job 64 left 'LAUNCHER is mpirun or srun' 'exit 0' LAUNCHER=aprun
job 64 left 'BIND is core or none, not "cores"' 'exit 0' BIND=cores
job 64 left 'MAX_REQUEUES is a number, not "none"' 'exit 0' MAX_REQUEUES=none
job 66 left 'set LOCKSTEP_PROJECT to it' 'exit 0' LOCKSTEP_PROJECT=absent
job 0 left finished 'cp -r finished run' PROJECT=accounting
job 0 left finished 'cp -r finished run' LOCKSTEP_PROJECT= SLURM_SUBMIT_DIR="$project"
job 127 left 'cannot load the modules a b' 'exit 0' MODULES='a b' 'BASH_FUNC_module%%=() { [ "$*" != "load a b" ]; }'
# shellcheck disable=SC2016 # for the shell that has the function
job 0 left finished 'cp -r finished run' MODULES='a b' 'BASH_FUNC_module%%=() { [ "$*" = "load a b" ] && : "$unset"; }'
# A signal may come before there is anything to stop.
for signal in USR2 TERM; do
    job 0 requeued "$signal: stopping" 'exit 0' MODULES=a "BASH_FUNC_module%%=() { kill -s $signal \$\$; }"
    check "$signal before the ranks: none are started" [ ! -e mpirun.said ]
done
job 0 left finished 'cp -r finished run' MODULES=a "BASH_FUNC_module%%=() { kill -s USR1 \$\$; }"

# mpirun is to notice a host that fell silent as soon as lockstep launch would, and when is the user's to say.
tell_keepalives='env | sed -n "s/^OMPI_MCA_\(oob_tcp_keepalive_\)/\1/p" | sort >keepalives; cp -r finished run'
echo 'localhost slots=1' >hostfile
echo 'exit 64' >start
"$program" launch config.cfg --hostfile hostfile --run run --quiet 2>/dev/null || [ $? = 64 ]
grep -o 'oob_tcp_keepalive_[a-z]* [0-9]*' mpirun.said | tr ' ' = | sort >expected
check 'launch has three' [ "$(wc -l <expected)" = 3 ]
job 0 left finished "$tell_keepalives"
check 'the keepalives of lockstep launch' cmp expected keepalives
job 0 left finished "$tell_keepalives" OMPI_MCA_oob_tcp_keepalive_time=5
check 'the keepalives of the user' grep -qx oob_tcp_keepalive_time=5 keepalives

# What sbatch --export=NONE leaves in the environment would keep it from mpirun's daemons and the ranks.
# shellcheck disable=SC2016 # for the start
job 0 left finished '[ "$SLURM_EXPORT_ENV" = ALL ] && cp -r finished run' SLURM_EXPORT_ENV=NONE

# Bound where each rank has a core that no other job is on; otherwise only if the user says so.
# bound BINDING PHRASE [VARIABLE=VALUE]...
bound() {
    job 0 left "$2" 'cp -r finished run' "${@:3}"
    check "bound to $1" grep -q "^-n 4 --bind-to $1 " mpirun.said
}
bound core finished ALLOWED=0,9 SLURM_CPUS_ON_NODE=2
bound none '2 CPUs of this node are the job' SLURM_CPUS_ON_NODE=2
bound core finished SLURM_CPUS_ON_NODE=2 BIND=core
bound none '2 on each node, physical cores on this one: 1' ALLOWED=3,11 SLURM_CPUS_ON_NODE=2
bound core finished ALLOWED=3,11 SLURM_CPUS_ON_NODE=2 BIND=core
bound none finished BIND=none

# With a copy of the dataset on the node, whose digest the ranks are given; it goes when the job ends or begins again.
mkdir local
digest=$(sha256sum <digits.h5)
told="--set data.file=\"local/lockstep-somebody-7.h5\" --set data.sha256=\"${digest%% *}\""
job 0 left 'copied digits.h5' 'cmp digits.h5 local/lockstep-somebody-7.h5 && cp -r finished run' LOCAL_COPY=local
check 'the digest of the copy' grep -qF -- "$told" mpirun.said
check 'no copy is left' [ -z "$(ls local)" ]
job 0 requeued 'killed' 'begin; step; exit 137' LOCAL_COPY=local
check 'no copy is left, requeued' [ -z "$(ls local)" ]
job 0 left 'the ranks read digits.h5' 'cp -r finished run' LOCAL_COPY=absent
check 'the original' grep -q 'train config.cfg --run run$' mpirun.said
# shellcheck disable=SC2016 # for the start
job 0 left 'the ranks read digits.h5' '[ -z "$(ls local)" ] && cp -r finished run' LOCAL_COPY=local DISK_FULL=1

# Copies of jobs that have ended go, and nothing else, nor when it is not known which have.
left=(lockstep-somebody-{6,66}.h5 lockstep-else-6.h5)
touch "${left[@]/#/local/}"
job 0 left finished 'cp -r finished run' LOCAL_COPY=local NO_CONTROLLER=1
check 'squeue does not answer: all copies stay' [ "$(cd local && echo *)" = "$(printf '%s\n' "${left[@]}" | sort | paste -sd ' ')" ]
job 0 left finished 'cp -r finished run' LOCAL_COPY=local
check 'the copy of a job that has ended goes' [ "$(cd local && echo *)" = 'lockstep-else-6.h5 lockstep-somebody-66.h5' ]
rm local/*

# While a job is cancelled Slurm starts nothing more in it.
job 75 left 'Slurm is ending the job itself' ": >cancelled; $wait_for_usr2" LOCAL_COPY=local SIGNAL=TERM JOB_STATE=CANCELLED
check 'no copy is left here, cancelled' [ -z "$(ls local)" ]

# An element of an array is itself alone.
job 0 requeued 'start 1 of job 7_2' 'begin; step; exit 137' SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2
check 'it is the element that is requeued' grep -qx 'requeue 7_2' scontrol.said

# In a chain the next job goes on, unless there is nothing to do for it.
job 137 left 'the next job of the chain goes on' 'begin; step; exit 137' CHAIN=c
check 'the chain goes on' [ ! -e scancel.said ]
job 75 left 'the next job of the chain goes on' "$wait_for_usr2" CHAIN=c SIGNAL=USR2
job 75 left 'the next job of the chain goes on' 'begin; step; end stopped "time limit"; save; exit 75' CHAIN=c
check 'the chain goes on after the time limit' [ ! -e scancel.said ]
for start in 'cp -r finished run' 'begin; step; end diverged; exit 1'; do
    job "$([[ $start == cp* ]] && echo 0 || echo 1)" left 'the job ends here' "$start" CHAIN=c
    check "the chain ends: $start" grep -qx -- '--user=somebody --name=c --state=PENDING' scancel.said
done

finish
