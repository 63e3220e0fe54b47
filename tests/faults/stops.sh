#!/usr/bin/env bash
# A training that is stopped after any step and goes on with another number of ranks equals one that was never stopped (I6): weights,
# losses, digests, the last checkpoint's bytes. LOCKSTEP_STOPS=40 tries so many stops instead of the few below.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"

"$make_dataset" good "$work/good.h5" # 211 samples
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 3, batch_size = 10 }
optimizer: { learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.001; schedule = { name = "cosine", warmup_steps = 5 } }
checkpoint: { every_steps = 5 }
TEXT
total=66 # 22 steps an epoch, the last of 1 sample
last=checkpoints/step-0000000066.h5

start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "never stopped" [ "$code" = 0 ]
line=$(<"$out")
results "$work/whole" >"$work/whole.results"

RANDOM=1
steps=(0 1 21 22 23 43 65 66)
for ((i = ${#steps[@]}; i < ${LOCKSTEP_STOPS:-0}; i++)); do steps+=("$((RANDOM % (total + 1)))"); done

for step in "${steps[@]}"; do
    before=$((RANDOM % 4 + 1)) after=$((before % 5 + 1))
    rm -rf "$work/run"
    start "$before" train "$work/config.cfg" --run "$work/run" --quiet --stop-after-steps "$step"
    check "stopped after $step steps on $before ranks" [ "$code" = "$([ "$step" = "$total" ] && echo 0 || echo 75)" ]
    start "$after" train "$work/config.cfg" --run "$work/run" --quiet
    check "went on from $step on $after ranks" [ "$code" = 0 ]
    check "from $step on $after ranks: the last line" [ "$(<"$out")" = "$line" ]
    results "$work/run" >"$work/run.results"
    check "from $step on $after ranks: every step and epoch" same "$work/whole.results" "$work/run.results"
    check "from $step on $after ranks: the last checkpoint" same "$work/whole/$last" "$work/run/$last"
    start 0 verify "$work/run"
    check "from $step: verify" [ "$code" = 0 ]
    start 0 status "$work/run"
    check "from $step: status" grep -q '^state *finished$' "$out"
done
echo "${#steps[@]} stops"
finish
