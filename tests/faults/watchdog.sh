#!/usr/bin/env bash
# A rank that is stopped for good, in whatever phase, or hangs alone, is named by the others' watchdog, and the job ends with 70; the
# same command then goes on to the same end. A rank that is slow, a job that is suspended as a whole, and more ranks than
# cores are no hang. LOCKSTEP_PHASES=all stops a rank in every phase; LOCKSTEP_CROWD_SECONDS=300 trains with too many ranks for so long.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$lockstep" import synth --train 301 --test 100 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
run: { deadline_seconds = 1.0 }
data: { file = "$work/digits.h5" }
model: { hidden = [24] }
training: { epochs = 3, batch_size = 10 } # 31 steps an epoch
checkpoint: { every_steps = 5 }
log: { digest_every_steps = 5 }
TEXT
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
line=$(<"$out")

ours() {
    pgrep -f "^$lockstep train $work" || true
}

# hangs FAULT WORDS [ARGUMENT]...: this training of 3 ranks is ended by the watchdog, which says WORDS; it can go on.
hangs() {
    rm -rf "$work/run"
    LOCKSTEP_START_SECONDS=2 LOCKSTEP_FAULT=$1 start 3 train "$work/config.cfg" --run "$work/run" --quiet "${@:3}"
    check "$1: exit code 70" [ "$code" = 70 ]
    check "$1: it is said: $2" grep -q "lockstep: error:   $2" "$err"
    check "$1: nobody is left" [ -z "$(ours)" ]
    check "$1: no shared memory" is_empty "$work/shm"
    start 2 train "$work/config.cfg" --run "$work/run" --quiet "${@:3}"
    check "$1: it goes on to the same" [ "$(<"$out")" = "$line" ]
}

hangs raise-stop-start:1 'rank [02] waits in the start of MPI$'
hangs raise-stop-load:1 'rank 1 does not run, in set-up of step 0: LATE'
hangs raise-stop-update:0:11 'rank 0 does not run, in the update of step 11: LATE' --set training.plan=node
hangs raise-stop-evaluate:0:31 'rank 0 does not run, in the evaluation of step 31: LATE'
hangs raise-stop-save:0:15 'rank 0 does not run, in the checkpoint of step 15: LATE'
if [ "${LOCKSTEP_PHASES:-}" = all ]; then
    hangs raise-stop-pack:1:11 'rank 1 does not run, in packing of step 11: LATE'
    hangs raise-stop-compute:1:11 'rank 1 does not run, in forward and backward of step 11: LATE'
    hangs raise-stop-reduce:2:11 'rank 2 does not run, in the reduction of step 11: LATE'
    hangs raise-stop-update:1:11 'rank 1 does not run, in the update of step 11: LATE'
    hangs raise-stop-idle:2:31 'rank 2 does not run, in the end of the evaluation of step 31: LATE'
    hangs raise-stop-check:1:15 'rank 1 does not run, in the replica check of step 15: LATE'
    hangs raise-stop-save:1:15 'rank 1 does not run, in the checkpoint of step 15: LATE'
    hangs raise-stop-record:0:31 'rank 0 does not run, in logs and records of step 31: LATE'
fi
# A rank that misses a collective call. On a node its wrong update is found by the replica check (fault_points.sh).
LOCKSTEP_NODES=3 hangs skip-collective:1:11 'nobody is late: they wait for different things'

# When all is done but the last words to MPI.
rm -rf "$work/run"
LOCKSTEP_FAULT=raise-stop-end:1 start 3 train "$work/config.cfg" --run "$work/run" --quiet
check "stopped at the end: exit code 70" [ "$code" = 70 ]
check "stopped at the end: it is said" grep -q 'rank [02] waits in the end of MPI$' "$err"
check "stopped at the end: the result" [ "$(<"$out")" = "$line" ]

# A rank that hangs outside of any step, after the last one.
rm -rf "$work/run"
LOCKSTEP_FAULT=hang-record:0:93 start 3 train "$work/config.cfg" --run "$work/run" --quiet
check "a rank in the records: exit code 70" [ "$code" = 70 ]
check "a rank in the records is named" grep -q 'rank 0 is in .*: LATE' "$err"
check "the others wait for it" [ "$(grep -c 'rank [12] waits in .* of step [0-9]*$' "$err")" = 2 ]

# A rank that is slow, and well: the evaluation lasts longer than the deadline.
"$lockstep" import synth --train 100 --test 40000 -o "$work/slow.h5" >/dev/null
cat >"$work/slow.cfg" <<TEXT
data: { file = "$work/slow.h5" }
model: { hidden = [1024, 1024, 1024] }
training: { epochs = 1, batch_size = 100 }
evaluation: { predictions = false }
TEXT
start 2 train "$work/slow.cfg" --run "$work/slow" --set run.deadline_seconds=0.5
check "a slow evaluation lives" [ "$code" = 0 ]
# shellcheck disable=SC2016 # awk's
check "and was slow" awk '$1 == "evaluate" { exit !($3 > 0.5) }' "$err"

# A rank that is always slow is named, and lives.
LOCKSTEP_FAULT=slow-compute:1 start 2 train "$work/config.cfg" --run "$work/straggler" --set training.epochs=4
check "a slow rank lives" [ "$code" = 0 ]
check "a slow rank is named" grep -q 'warning: rank 1 on host .* is slow' "$work/straggler/log.txt"
check "but once" [ "$(grep -c 'is slow' "$work/straggler/log.txt")" = 1 ]

# suspended WHAT: a job that is suspended as a whole, for longer than the deadline, and continued. It is suspended when one rank waits for the
# other, and the one that waits goes on some ticks before: a watchdog that counted the time of the suspension would end the job.
suspended() {
    local launcher receivers receiver
    rm -rf "$work/run"
    LOCKSTEP_FAULT=raise-stop-pack:1:11 launch 2 train "$work/config.cfg" --run "$work/run" --quiet --set run.deadline_seconds=3.0 &
    launcher=$!
    until_true stands_still ours
    if [ "$1" = mpirun ]; then
        mapfile -t receivers < <(pgrep -f "^mpirun -n 2 $lockstep train $work")
        kill -TSTP "${receivers[@]}"
    else
        receivers=("$(ours | grep -vx "$standing")" "$standing")
        kill -STOP "${receivers[@]}"
    fi
    sleep 5
    for receiver in "${receivers[@]}"; do
        kill -CONT "$receiver" || true # if it has ended: that is checked below
        sleep 0.5
    done
    wait "$launcher"
    hear 2
    check "suspended by $1: it lives" [ "$(<"$out")" = "$line" ]
}
suspended ranks
suspended mpirun

# All of a job is killed at once, so that nobody is left to clear up.
rm -rf "$work/run"
LOCKSTEP_FAULT=raise-stop-pack:1:11 launch 2 train "$work/config.cfg" --run "$work/run" --quiet &
launcher=$!
until_true stands_still ours
mapfile -t receivers < <(pgrep -f "^(mpirun -n 2 )?$lockstep train $work")
kill -KILL "${receivers[@]}"
wait "$launcher"
hear 2
check "killed as a whole: 3 processes" [ ${#receivers[@]} = 3 ]
check "killed as a whole: no shared memory" is_empty "$work/shm"

# Four times as many ranks as cores, or the most that there are shards for.
ranks=$(($(nproc) * 4)) end=$((SECONDS + ${LOCKSTEP_CROWD_SECONDS:-1}))
if [ "$ranks" -gt 8 ]; then ranks=8; fi
while
    rm -rf "$work/run"
    start "$ranks" train "$work/config.cfg" --run "$work/run" --quiet --set run.deadline_seconds=5.0
    check "$ranks ranks: no false alarm" [ "$(<"$out")" = "$line" ]
    [ "$SECONDS" -lt "$end" ]
do :; done
finish
