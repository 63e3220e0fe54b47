#!/usr/bin/env bash
# The power fails after each file operation of a training: what may then be on the disk is all that a start needs to go on from
# the last acknowledged checkpoint, and each fsync is needed for that (power.py, crash_states.py). LOCKSTEP_POWER=400 tries up
# to so many states after each operation instead of the few below, a tenth as many trainings to the end, and counts all losses
# without an fsync instead of one; LOCKSTEP_POWER_SEED draws other states.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
crashed_run=$3

if ! strace -o "$work/trace" true 2>"$work/reason"; then
    cat "$work/reason"
    echo "strace cannot trace here: not tried"
    exit 77
fi
"$make_dataset" good "$work/good.h5" # 211 samples: 22 steps an epoch
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 2, batch_size = 10 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
checkpoint: { every_steps = 5, keep = 2 }
TEXT
python3 "$tests/faults/power.py" "$lockstep" "$crashed_run" "$work/config.cfg" "$work"

# The record of the last checkpoint is damaged: the start that finds the run finished repairs it too.
start 0 train "$work/config.cfg" --run "$work/finished" --quiet
printf '\0\0\0\0"}\n' >>"$work/finished/metrics.jsonl"
start 0 train "$work/config.cfg" --run "$work/finished" --quiet
check "finished, with a damaged record" [ "$code" = 0 ]
start 0 verify "$work/finished"
check "finished, with a damaged record: verify" [ "$code" = 0 ]
finish
