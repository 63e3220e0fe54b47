#!/usr/bin/env bash
# Signals: USR1 writes a checkpoint and goes on; USR2, TERM and INT write one and stop with 75; to the process alone, to mpirun, to one
# rank in every phase; twice in a row.
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
    kill "-$1" "$receiver" 2>/dev/null || true # it may have ended
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

# In every phase, to one rank alone: a stop goes on from there, a checkpoint is one more. And before MPI has started.
"$lockstep" import synth --train 301 --test 100 -o "$work/digits.h5" >/dev/null
cat >"$work/short.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [24] }
training: { epochs = 3, batch_size = 10 } # 31 steps an epoch
checkpoint: { every_steps = 5 }
log: { digest_every_steps = 5 }
TEXT
start 0 train "$work/short.cfg" --run "$work/whole" --quiet
line=$(<"$out")

points=(start:1 load:1 pack:1:11 reduce:0:11 update:1:31 evaluate:0:31 idle:1:31 check:1:15 save:0:15 save:1:15 record:0:31)
for point in "${points[@]}"; do
    rm -rf "$work/run"
    LOCKSTEP_FAULT=raise-usr2-$point start 2 train "$work/short.cfg" --run "$work/run" --quiet
    check "USR2 at $point: exit code 75" [ "$code" = 75 ]
    start 3 train "$work/short.cfg" --run "$work/run" --quiet
    check "USR2 at $point: it goes on to the same" [ "$(<"$out")" = "$line" ]
done
for point in load:1 compute:1:31 save:0:15; do
    rm -rf "$work/run"
    LOCKSTEP_FAULT=raise-usr1-$point start 2 train "$work/short.cfg" --run "$work/run" --set checkpoint.every_steps=15
    check "USR1 at $point: the end is the same" [ "$(<"$out")" = "$line" ]
    check "USR1 at $point: told" grep -q 'checkpoint of step [0-9]*, as asked' "$err"
done
finish
