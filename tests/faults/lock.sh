#!/usr/bin/env bash
# One run directory, one job. Of two that race for it one gets it, and the other says who has it and ends with 73; a killed one has left it
# at once. Where there are no locks (the fault point no-locks) a heartbeat decides the same, more slowly. LOCKSTEP_RACES: how many
# races (100).
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 1000000, batch_size = 10 }
checkpoint: { every_epochs = 0, every_seconds = 0.0 }
evaluation: { every_epochs = 0 }
log: { digest_every_steps = 0, seconds = 0.05 }
TEXT

# train ERR: one process, which becomes the program.
train() {
    exec "$lockstep" train "$work/config.cfg" --run "$work/run" --quiet >/dev/null 2>"$1"
}

# until_trains PROCESS: waits for the next step to be recorded, or the process to end.
until_trains() {
    local before
    before=$(grep -cs '"event":"step"' "$work/run/metrics.jsonl" || true)
    while [ "$(grep -cs '"event":"step"' "$work/run/metrics.jsonl" || true)" = "$before" ]; do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
}

# Whatever goes wrong, nobody trains on for ever.
# shellcheck disable=SC2046 # process numbers
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# race: two jobs for $work/run; the winner, which trains, is left in $winner.
race() {
    local first second loser end=$((SECONDS + 30))
    code=0 started="two jobs for one run directory"
    train "$work/err.first" &
    first=$!
    train "$work/err.second" &
    second=$!
    while kill -0 "$first" 2>/dev/null && kill -0 "$second" 2>/dev/null; do
        if [ "$SECONDS" -ge "$end" ]; then kill -KILL "$second"; fi
        sleep 0.02
    done
    err=$work/err.first winner=$second loser=$first
    if kill -0 "$first" 2>/dev/null; then err=$work/err.second winner=$first loser=$second; fi
    wait "$loser" || code=$?
    message=$(grep '^lockstep: error: ' "$err") || true
    check "the loser: exit code 73" [ "$code" = 73 ]
    check "the loser: what it says" says "is held by another training"
    check "there is a winner" kill -0 "$winner"
}

# stop_winner: it has trained, and was not disturbed.
stop_winner() {
    until_trains "$winner"
    code=0
    kill -USR2 "$winner"
    wait "$winner" || code=$?
    check "the winner: exit code 75" [ "$code" = 75 ]
}

# Every other race is for a directory that holds a run.
for ((i = 0; i < ${LOCKSTEP_RACES:-100}; i++)); do
    if ((i % 2 == 0)); then rm -rf "$work/run"; fi
    race
    stop_winner
done

# The holder is named, killed, and followed at once.
race
until_trains "$winner"
start 0 train "$work/config.cfg" --run "$work/run" --quiet
fails "a later one" 73 "is held by another training|$(uname -n), process $winner|--run"
start 0 status "$work/run"
check "status names it" grep -q "^held by .*, process $winner$" "$out"
kill -KILL "$winner"
wait "$winner" || true
start 0 status "$work/run"
check "status of the killed one" grep -q '^state *killed:' "$out"
start 0 train "$work/config.cfg" --run "$work/run" --quiet --stop-after-steps 1
check "the next one: exit code 75" [ "$code" = 75 ]
# One time in a hundred the kill falls into the middle of a write.
check "the next one has nothing else to say" [ -z "$(grep -v 'bytes of a torn last record were cut off' "$err")" ]

# Without locks.
export LOCKSTEP_FAULT=no-locks
for ((i = 0; i < 2; i++)); do
    race
    stop_winner
done
race
until_trains "$winner"
start 0 train "$work/config.cfg" --run "$work/run" --quiet
fails "a later one, without locks" 73 "is held by another training|process $winner"
kill -KILL "$winner"
wait "$winner" || true
# Of two ranks one waits for the lock, longer than a step may take, and the other for it.
start 2 train "$work/config.cfg" --run "$work/run" --quiet --stop-after-steps 1 --set run.deadline_seconds=1.0
check "the next one, without locks: exit code 75" [ "$code" = 75 ]
check "the next one, without locks, tells" grep -q "warning: the lock of run directory .* is taken over from .*, process $winner, " "$err"

# A holder that did not run for so long that another took over leaves the run to it.
race
until_trains "$winner"
kill -STOP "$winner"
suspended=$winner
train "$work/err.next" &
next=$!
until_trains "$next"
kill -CONT "$suspended"
kill -USR1 "$suspended"
code=0 err=$work/err.first
if ! grep -q . "$err"; then err=$work/err.second; fi
wait "$suspended" || code=$?
check "taken over: exit code 73" [ "$code" = 73 ]
winner=$next
stop_winner
finish
