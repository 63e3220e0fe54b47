#!/usr/bin/env bash
# What slurm/train.sbatch decides at the end of a start, without Slurm: mpirun, scontrol and the training are stand-ins
# in a directory of their own; `lockstep train --check` and `lockstep status` are real. $1: the program.
set -euo pipefail
program=$(realpath "$1")
script=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/slurm/train.sbatch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin

"$program" import synth --train 100 --test 10 -o digits.h5 >/dev/null
echo 'data = { file = "digits.h5"; };' >config.cfg
"$program" train config.cfg --set training.epochs=1 --run finished --quiet >/dev/null
"$program" train config.cfg --run half --stop-after-steps 1 --quiet 2>/dev/null || [ $? = 75 ]

# A start does what ./start says; DIR is the run directory. In place of mpirun, so that signals reach it.
cat >bin/mpirun <<'STUB'
#!/usr/bin/env bash
echo "$*" >mpirun.said
. ./start
STUB
cat >bin/scontrol <<'STUB'
#!/usr/bin/env bash
case $* in
"-o show job 7") echo "JobId=7 JobState=${JOB_STATE:-RUNNING} Reason=None" ;;
"requeue 7") echo requeued >scontrol.said && [ -z "${NO_REQUEUE:-}" ] ;;
*) exit 99 ;;
esac
STUB
chmod +x bin/*

# What a start leaves in the run directory.
cat >kit <<'KIT'
begin() { mkdir -p run && echo '{"event":"start","step":0,"ranks":4,"steps":9}' >>run/metrics.jsonl; }
step() { echo '{"event":"step","step":3,"epoch":1,"loss":1.0,"loss_hex":"0x1p+0","samples":4,"rows":"00"}' >>run/metrics.jsonl; }
end() { echo "{\"event\":\"end\",\"reason\":\"$1\",\"step\":3,\"test_loss\":null,\"test_accuracy\":null}" >>run/metrics.jsonl; }
save() { mkdir -p run/checkpoints && : >run/checkpoints/step-0000000003.h5; }
KIT

export PATH=$work/bin:$PATH LOCKSTEP=$program CONFIG=config.cfg RUN=run
export SLURM_JOB_ID=7 SLURM_JOB_NUM_NODES=2 SLURM_NTASKS_PER_NODE=2 SLURM_JOB_NODELIST='h[1-2]'
unset SLURM_RESTART_COUNT MAX_REQUEUES

checks=0 failures=0
# job CODE requeued|left WORDS START [VARIABLE=VALUE]... [-- ARGUMENT]...: the script with mpirun doing START ends with
# CODE, had itself requeued or not, and has WORDS in its log. SIGNAL=NAME sends it that signal once mpirun waits.
job() {
    local code=$1 outcome=$2 words=$3 got=0 said=left settings=() pid
    echo ". ./kit; $4" >start
    shift 4
    while [ $# -gt 0 ] && [ "$1" != -- ]; do settings+=("$1") && shift; done
    [ $# = 0 ] || shift
    rm -f scontrol.said mpirun.said waiting
    env "${settings[@]}" bash "$script" "$@" >log 2>&1 &
    pid=$!
    if [[ ${settings[*]} =~ SIGNAL=([A-Z0-9]+) ]]; then
        for _ in $(seq 200); do if [ -e waiting ]; then break; else sleep 0.05; fi; done
        kill -s "${BASH_REMATCH[1]}" "$pid"
    fi
    wait "$pid" || got=$?
    [ ! -e scontrol.said ] || said=requeued
    checks=$((checks + 1))
    if [ "$got $said" != "$code $outcome" ] || ! grep -qF -- "$words" log; then
        failures=$((failures + 1))
        echo "FAILED: $(tail -n 1 start) (${settings[*]}): exit code $got, $said; not $code, $outcome, \"$words\":"
        sed 's/^/    /' log
    fi
    rm -rf run
}
# says WHAT COMMAND...: another check.
says() {
    checks=$((checks + 1))
    "${@:2}" || { failures=$((failures + 1)) && echo "FAILED: $1"; }
}
run() { rm -rf run && cp -r "$1" run; }
# mpirun when USR2 comes: the trap ends the wait for sleep.
wait_for_usr2='trap "sleep 0.3; end stopped; save; kill %1; exit 75" USR2; begin; : >waiting; sleep 20 & wait; exit 3'

# Finished: now, or long ago; whatever mpirun says when it did train.
job 0 left finished 'cp -r finished run'
job 0 left finished 'cp -r finished run; exit 205'
says 'all ranks' grep -q '^-n 4 .* train config.cfg --run run$' mpirun.said
run finished && job 0 left finished 'exit 0'
run finished && job 78 left 'did not begin' 'exit 78'

# Stopped on request.
job 0 requeued 'stopped by USR2' "$wait_for_usr2" SIGNAL=USR2
job 0 requeued 'stopped by TERM' "$wait_for_usr2" SIGNAL=TERM
job 0 requeued '(3 of at most 3 times)' "$wait_for_usr2" SIGNAL=USR2 SLURM_RESTART_COUNT=2 MAX_REQUEUES=3
job 75 left 'started again 3 times already' "$wait_for_usr2" SIGNAL=USR2 SLURM_RESTART_COUNT=3 MAX_REQUEUES=3
job 75 left 'Slurm is ending the job itself' "$wait_for_usr2" SIGNAL=TERM JOB_STATE=COMPLETING
job 75 requeued 'Slurm did not requeue it' "$wait_for_usr2" SIGNAL=USR2 NO_REQUEUE=1
job 75 left 'not by a signal to this job' 'begin; step; end stopped; save; exit 75'
run half && job 75 left 'not by a signal to this job' 'begin; step; end stopped; save; exit 75'

# Killed: at work, in set-up; by a signal that came before mpirun could pass one on.
job 0 requeued 'killed (exit code 137) after step 3' 'begin; step; exit 137'
job 0 requeued 'killed (exit code 1)' 'begin; step; exit 1'
job 0 requeued 'killed (exit code 0)' 'begin; step; exit 0'
job 0 requeued 'killed (exit code 137) after step 3' 'begin; step; end finished; exit 137' # before the last checkpoint
job 137 left 'started again 10 times' 'begin; step; exit 137' SLURM_RESTART_COUNT=10
run half && job 0 requeued 'before the training began' 'exit 205'
job 0 requeued 'before the training began' ': >waiting; exec sleep 20' SIGNAL=USR2

# Refused or failed: never again.
job 78 left 'the check failed' 'exit 0' -- --set training.epochs=-1
says 'a bad config starts nothing' [ ! -e mpirun.said ]
job 78 left '8' 'exit 0' SLURM_NTASKS_PER_NODE=5
job 66 left 'the check failed' 'exit 0' CONFIG=absent.cfg
job 127 left 'the check failed' 'exit 0' LOCKSTEP=absent
job 1 left 'the training did not begin' 'exit 1'
run half && job 78 left 'the training did not begin' 'exit 78'
run half && job 73 left 'the training did not begin' 'exit 73'
job 1 left 'failed: diverged' 'begin; step; end diverged; exit 1'
job 65 left 'failed: bad data' 'begin; end "bad data"; exit 65'
job 70 left 'failed: internal error' 'begin; step; end "internal error"; exit 70'
job 1 left 'failed: diverged' 'begin; step; end diverged; exit 0'

echo "$checks checks, $failures failed, $SECONDS s"
[ "$failures" = 0 ]
