#!/usr/bin/env bash
# Signals: USR1 writes a checkpoint and goes on; USR2, TERM and INT write one and stop with 75; to the process alone, and to mpirun. A
# rank that is stopped for good, or hangs alone, is named by the others' watchdog, and the job ends with 70; one that is
# slow is not.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 1000000, batch_size = 10 }
checkpoint: { every_epochs = 0, every_seconds = 0.0 }
log: { digest_every_steps = 0 }
evaluation: { every_epochs = 0 }
TEXT

# until_holds WHAT COMMAND...: waits for it to hold, 20 s at most.
until_holds() {
    local end=$((SECONDS + 20))
    until "${@:2}"; do
        if [ "$SECONDS" -ge "$end" ]; then
            check "$1" false
            return
        fi
        sleep 0.05
    done
}

has_event() {
    grep -qs "\"event\":\"$1\"" "$work/run/metrics.jsonl"
}

has_checkpoint() {
    compgen -G "$work/run/checkpoints/step-*.h5" >/dev/null
}

# The first process of ours that matches: the program alone, or its mpirun.
find_process() {
    pgrep -f "^$1" | head -n 1
}

# stopped_by SIGNAL RANKS
stopped_by() {
    local launcher receiver
    rm -rf "$work/run"
    launch "$2" train "$work/config.cfg" --run "$work/run" --set log.seconds=0.05 &
    launcher=$!
    until_holds "it trains" has_event step
    if [ "$2" = 0 ]; then receiver=$(find_process "$lockstep train $work"); else receiver=$(find_process "mpirun -n $2 $lockstep train $work"); fi
    if [ "$1" = USR2 ]; then
        kill -USR1 "$receiver"
        until_holds "a checkpoint at USR1" has_checkpoint
        check "it goes on after USR1" kill -0 "$receiver"
    fi
    kill "-$1" "$receiver"
    wait "$launcher"
    hear "$2"
    check "$1 on $2 ranks: exit code 75" [ "$code" = 75 ]
    [ "$1" != USR2 ] || check "a checkpoint at USR1 is told" grep -q 'checkpoint of step [0-9]*, as asked' "$err"
    check "$1 on $2 ranks: a checkpoint" has_checkpoint
    start 0 status "$work/run"
    check "$1 on $2 ranks: status" grep -q '^state *stopped$' "$out"
    start 0 verify "$work/run"
    check "$1 on $2 ranks: verify" [ "$code" = 0 ]
}

for signal in USR2 TERM INT; do stopped_by "$signal" 0; done
stopped_by USR2 2

# A rank that is stopped for good.
rm -rf "$work/run"
launch 3 train "$work/config.cfg" --run "$work/run" --quiet --set log.seconds=0.05 --set run.deadline_seconds=2.0 &
launcher=$!
until_holds "it trains" has_event step
mapfile -t ranks < <(pgrep -f "^$lockstep train $work")
kill -STOP "${ranks[1]}"
wait "$launcher"
hear 3
check "a stopped rank: exit code 70" [ "$code" = 70 ]
check "a stopped rank is named" grep -q 'rank [0-2] does not run, in .*: LATE' "$err"
check "a stopped rank: nobody is left" [ -z "$(find_process "$lockstep train $work" || true)" ]

# A rank that hangs outside of any step: nobody reads what it wants to write.
rm -rf "$work/run"
hang() {
    start 3 train "$work/config.cfg" --run "$work/run" --quiet --set training.epochs=1 --set run.deadline_seconds=2.0 "$@"
}
hang --stop-after-steps 1
check "a run to go on with" [ "$code" = 75 ]
mkfifo "$work/run/.predictions.csv.tmp"
hang
check "a rank in the predictions: exit code 70" [ "$code" = 70 ]
check "a rank in the predictions is named" grep -q 'rank 0 is in .*: LATE' "$err"
check "the others wait for it" [ "$(grep -c 'rank [12] waits in .* of step [0-9]*$' "$err")" = 2 ]

# A rank that is slow, and well: the evaluation lasts longer than the deadline.
"$lockstep" import synth --train 100 --test 40000 -o "$work/slow.h5" >/dev/null
cat >"$work/slow.cfg" <<TEXT
data: { file = "$work/slow.h5" }
model: { hidden = [1024, 1024, 1024] }
training: { epochs = 1, batch_size = 100 }
evaluation: { predictions = false }
TEXT
rm -rf "$work/run"
start 2 train "$work/slow.cfg" --run "$work/run" --set run.deadline_seconds=0.5
check "a slow evaluation lives" [ "$code" = 0 ]
# shellcheck disable=SC2016 # awk's
check "and was slow" awk '$1 == "evaluate" { exit !($3 > 0.5) }' "$err"
finish
