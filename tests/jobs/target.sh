#!/usr/bin/env bash
# training.target_accuracy: a training ends after the first evaluation that reaches it, with everything that a finished run has, on
# any number of ranks, and stays finished; at resume the target may change.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5" # 211 samples: 11 steps an epoch
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 8, batch_size = 20 }
optimizer: { learning_rate = 0.05; schedule = { name = "cosine" } }
TEXT

# train RANKS RUN [ARGUMENT]...
train() {
    start "$1" train "$work/config.cfg" --run "$work/$2" "${@:3}"
}

# step_of TARGET: of the first epoch of the whole run that reached it.
step_of() {
    sed -nE 's/.*"event":"epoch".*"step":([0-9]+).*"test_accuracy":([0-9.]+).*/\1 \2/p' "$work/whole/metrics.jsonl" |
        awk -v target="$1" '$2 >= target { print $1; exit }'
}

# digest_at STEP: of the whole run's model.
digest_at() {
    sed -nE "s/.*\"event\":\"epoch\".*\"step\":$1,.*\"digest\":\"([0-9a-f]+)\".*/\1/p" "$work/whole/metrics.jsonl"
}

is_of() {
    [ "$(sed 's/^digest=//; s/ .*//' "$out")" = "$(digest_at "$1")" ]
}

# ended WHAT RUN STEP: as a finished training does.
ended() {
    check "$1: exit code 0" [ "$code" = 0 ]
    check "$1: the weights are those after step $3" is_of "$3"
    check "$1: its last checkpoint" [ "$(cd "$work/$2/checkpoints" && printf '%s\n' * | tail -n 1)" = "$(printf 'step-%010d.h5' "$3")" ]
    check "$1: the end record" grep -q "\"event\":\"end\",\"reason\":\"finished\",\"step\":$3,.*\"test_accuracy\":0" "$work/$2/metrics.jsonl"
    check "$1: no step after it" [ "$(grep -c '"event":"step"' "$work/$2/metrics.jsonl")" = "$3" ]
    check "$1: all predictions" [ "$(wc -l <"$work/$2/predictions.csv")" = 98 ]
    start 0 verify "$work/$2"
    check "$1: verify" [ "$code" = 0 ]
    start 0 status "$work/$2"
    check "$1: status" grep -q '^state *finished$' "$out"
}

train 0 whole
check "without a target" [ "$code" = 0 ]
low=$(step_of 0.12) high=$(step_of 0.4)
check "the low target is reached first" [ "${low:-88}" -lt "${high:-0}" ]
check "the high target is reached before the last epoch" [ "${high:-88}" -lt 78 ]

for run in 0.rank0 2.all 3.rank0; do
    train "${run%.*}" "$run" --set training.target_accuracy=0.4 --set "evaluation.mode=${run#*.}"
    check "$run: it is told why" grep -q 'has reached training.target_accuracy' "$err"
    check "$run: predictions as any" same "$work/$run/predictions.csv" "$work/0.rank0/predictions.csv"
    ended "$run" "$run" "$high"
done
cp -r "$work/0.rank0" "$work/finished"

# A finished run is looked at and not touched.
cp -r "$work/0.rank0" "$work/again"
for change in run.name=x training.target_accuracy=0.12; do
    train 2 again --set training.target_accuracy=0.4 --set "$change"
    check "again ($change): nothing was trained" grep -q 'finished already' "$err"
    check "again ($change): the records are as they were" same "$work/again/metrics.jsonl" "$work/0.rank0/metrics.jsonl"
    check "again ($change): the last line" is_of "$high"
done

# Stopped on the way, and just where it ends.
train 2 stopped --set training.target_accuracy=0.4 --stop-after-steps $((high - 4))
check "stopped" [ "$code" = 75 ]
train 3 stopped --set training.target_accuracy=0.4
ended "stopped and gone on" stopped "$high"
train 1 exact --set training.target_accuracy=0.4 --stop-after-steps "$high"
ended "a stop at the end is the end" exact "$high"

# The target may change: another one, none, more.
train 2 finished
check "no target any more: exit code" [ "$code" = 0 ]
check "no target any more: it goes on to the end" is_of 88
train 1 raised --set training.target_accuracy=0.12
ended "a low target" raised "$low"
train 2 raised --set training.target_accuracy=0.4
ended "raised" raised "$high"
for plan in replica node; do
    train 1 "lowered.$plan" --set training.target_accuracy=1.0 --stop-after-steps "$high"
    check "stopped at an evaluation" [ "$code" = 75 ]
    train 2 "lowered.$plan" --set training.target_accuracy=0.4 --set "training.plan=$plan"
    ended "lowered to what was reached, plan $plan" "lowered.$plan" "$high"
    check "lowered: predictions as any" same "$work/lowered.$plan/predictions.csv" "$work/0.rank0/predictions.csv"
done

# Never reached: the last epoch ends it. Not every epoch is evaluated.
train 2 unreached --set training.target_accuracy=1.0
ended "never reached" unreached 88
train 1 seldom --set training.target_accuracy=0.12 --set evaluation.every_epochs=7
ended "at the first evaluation that reaches it" seldom 77

train 0 none --set training.target_accuracy=0.5 --set evaluation.every_epochs=0
fails "a target without evaluations" 78 'training.target_accuracy|evaluation.every_epochs'
train 0 none --set training.target_accuracy=1.5
fails "more than all" 78 'training.target_accuracy|1.5'
finish
