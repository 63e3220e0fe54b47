#!/usr/bin/env bash
# A whole training on 2 ranks, short enough for the sanitizers, which find what the other tests cannot: by each plan and
# each kind of exchange, with messages in the place of shared memory, stopped and gone on with by another plan.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
# 5 steps an epoch; the first layer has a panel for each rank.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [70, 17] }
training: { epochs = 2, batch_size = 50 }
optimizer: { learning_rate = 0.1, momentum = 0.9, weight_decay = 0.001 }
checkpoint: { every_steps = 3 }
log: { digest_every_steps = 2 }
TEXT
line=
# same_bits WHAT: what was heard is a good training, the same as the others.
same_bits() {
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: says nothing" [ ! -s "$err" ]
    check "$1: digest and accuracy" [ "$(<"$out")" = "${line:=$(<"$out")}" ]
}

start 2 train "$work/config.cfg" --quiet --run "$work/replica" --set evaluation.mode=all
same_bits 'plan replica'
LOCKSTEP_NODES=2 start 2 train "$work/config.cfg" --quiet --run "$work/messages"
same_bits 'plan replica by messages'
for kind in gradient operands split; do
    LOCKSTEP_EXCHANGE=$kind start 2 train "$work/config.cfg" --quiet --run "$work/$kind" --set training.plan=node
    same_bits "plan node, $kind"
done
LOCKSTEP_EXCHANGE='split' start 2 train "$work/config.cfg" --quiet --run "$work/stopped" --set training.plan=node \
    --stop-after-steps 4
check 'stopped' [ "$code" = 75 ]
start 2 train "$work/config.cfg" --quiet --run "$work/stopped"
same_bits 'gone on with'
start 0 verify "$work/stopped"
check 'verified' [ "$code" = 0 ]
# Long enough for the watchdog's thread to look at the main one at work.
start 2 train "$work/config.cfg" --quiet --run "$work/watched" --set training.epochs=200 --set checkpoint.every_steps=0 \
    --set checkpoint.every_epochs=0 --set run.deadline_seconds=5
check 'watched: exit code' [ "$code" = 0 ]
check 'watched: says nothing' [ ! -s "$err" ]
finish
