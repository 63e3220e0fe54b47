#!/usr/bin/env bash
# A random rank is killed at a random moment, again and again; the training goes on with another number of ranks each time, by another
# plan, and ends as if nothing had been. LOCKSTEP_KILLS=200 kills so often instead of the few times below; LOCKSTEP_KILLS_SEED starts another series.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"

kills=${LOCKSTEP_KILLS:-6}
RANDOM=${LOCKSTEP_KILLS_SEED:-1}
"$lockstep" import synth --train 3001 --test 500 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [150] }
training: { epochs = 3, batch_size = 10 }
optimizer: { learning_rate = 0.05, momentum = 0.9 }
checkpoint: { every_steps = 50 }
TEXT

start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "never killed" [ "$code" = 0 ]
line=$(<"$out")
results "$work/whole" >"$work/whole.results"

# The next start takes one of these at random: the plan, into how many nodes the ranks are dealt, what those of one node exchange.
ways=('replica 1 gradient' 'replica 2 gradient' 'node 1 gradient' 'node 1 operands' 'node 1 split' 'node 2 gradient')
next_way() {
    read -r plan LOCKSTEP_NODES LOCKSTEP_EXCHANGE <<<"${ways[RANDOM % ${#ways[@]}]}"
    export LOCKSTEP_NODES LOCKSTEP_EXCHANGE
}

# train_and_kill RANKS MILLISECONDS: a start of the training, one of whose ranks is killed after so long, if it lives so long.
train_and_kill() {
    local launcher victims
    launch "$1" train "$work/config.cfg" --run "$work/run" --quiet --set "training.plan=$plan" &
    launcher=$!
    sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
    mapfile -t victims < <(pgrep -f "^$lockstep train $work/config.cfg" || true)
    if [ ${#victims[@]} -gt 0 ] && kill -9 "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null; then
        killed=$((killed + 1))
    fi
    wait "$launcher"
    hear "$1"
}

# steps_of RUN: its records of steps, those done again included.
steps_of() {
    grep -c '"event":"step"' "$work/$1/metrics.jsonl"
}

killed=0 runs=0 again=0
while [ "$killed" -lt "$kills" ]; do
    rm -rf "$work/run"
    code=1 ranks=0
    while [ "$code" != 0 ]; do
        ranks=$(((ranks + RANDOM % 3 + 1) % 5))
        ranks=$((ranks ? ranks : 5))
        next_way
        if [ "$killed" -lt "$kills" ]; then
            train_and_kill "$ranks" $((RANDOM % 1500))
        else
            start "$ranks" train "$work/config.cfg" --run "$work/run" --quiet --set "training.plan=$plan"
            check "the last start" [ "$code" = 0 ]
            [ "$code" = 0 ] || break
        fi
    done
    runs=$((runs + 1))
    check "run $runs: the last line" [ "$(<"$out")" = "$line" ]
    results "$work/run" >"$work/run.results"
    check "run $runs: every step and epoch" same "$work/whole.results" "$work/run.results"
    start 0 verify "$work/run"
    check "run $runs: verify" [ "$code" = 0 ]
    again=$((again + $(steps_of run) - $(steps_of whole)))
done
echo "$killed kills in $runs runs, which did $again steps again; all ended with $line"
finish
