#!/usr/bin/env bash
# What a run may go on with, and what is refused: by the setting's name, with its exit code.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
alter_checkpoint=$3

"$make_dataset" good "$work/good.h5"
"$make_dataset" flat "$work/flat.h5"
cp "$work/good.h5" "$work/moved.h5"
"$lockstep" import synth --train 211 --test 97 -o "$work/other.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 2, batch_size = 20 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
TEXT

# again ARGUMENT...: goes on with a copy of a run of 22 steps that was stopped after 15.
again() {
    rm -rf "$work/run"
    cp -r "$work/stopped" "$work/run"
    start 0 train "$work/config.cfg" --run "$work/run" --quiet "$@"
}

start 0 train "$work/config.cfg" --run "$work/stopped" --quiet --stop-after-steps 15
check "stopped" [ "$code" = 75 ]
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
line=$(<"$out")

goes_on() {
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: the last line" [ "$(<"$out")" = "$line" ]
}

again
goes_on "the same command"
# told EVENT STEP: the digest of the optimizer's state in the records of such events.
told() {
    sed -nE "/\"event\":\"$1\",.*\"step\":$2,/ s/.*\"optimizer_digest\":\"([0-9a-f]{32})\".*/\1/p" "$work/run/metrics.jsonl" | sort -u
}
check "the optimizer's state: checkpoint, end and resume say the same" [ "$(told '(checkpoint|end|resume)' 15 | wc -l)" = 1 ]
for event in checkpoint end resume; do check "the optimizer's state: $event" [ -n "$(told "$event" 15)" ]; done
check "the optimizer's state: that of the checkpoint" [ "optimizer state   momentum $(told resume 15)" = "$("$lockstep" inspect \
    "$work/stopped/checkpoints/step-0000000015.h5" | grep '^optimizer state')" ]
start 0 train "$work/config.cfg" --run "$work/plain" --quiet --set optimizer.momentum=0
check "no optimizer's state, no digest" [ "$(grep -c optimizer_digest "$work/plain/metrics.jsonl")" = 0 ]
again --set "data.file=$work/moved.h5" --set evaluation.mode=all --set checkpoint.keep=5 --set log.seconds=1 --set run.name=x
goes_on "what is no part of the result may change"
again --set training.epochs=3
check "more epochs" [ "$code" = 0 ]
again --resume "$work/stopped/checkpoints/step-0000000011.h5"
goes_on "an older checkpoint by name"
start 0 train "$work/config.cfg" --run "$work/elsewhere" --quiet --resume "$work/stopped/checkpoints/step-0000000015.h5"
goes_on "in another directory"
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
goes_on "a finished run prints its last line again"
for ranks in 0 2; do
    start $ranks train "$work/config.cfg" --run "$work/none" --quiet --resume "$work/whole/checkpoints/step-0000000022.h5"
    goes_on "the checkpoint of a finished run, on $ranks ranks"
done
start 0 train "$work/config.cfg" --run "$work/none" --quiet --resume "$work/absent.h5"
fails "no such checkpoint, and no run" 66 "absent.h5"
check "nothing to do makes no directory" [ ! -e "$work/none" ]

for change in run.seed=2 data.scaling=standard 'model.hidden=[24,5]' model.activation=tanh training.batch_size=10 training.shards=4 \
    training.compute=bf16 training.reduction=mpi optimizer.learning_rate=0.2 optimizer.momentum=0.8 optimizer.schedule.name=cosine; do
    again --set "$change"
    fails "$change" 78 "${change%%=*}|when this run began|--run"
done
again --set training.epochs=1
fails "fewer epochs" 78 "training.epochs|may only grow"
again --set "data.file=$work/other.h5"
fails "other values" 78 "data.file|other.h5"
again --set "data.file=$work/flat.h5"
fails "the same values in images of another shape" 78 "data.file|flat.h5|another shape|28x28 is not 784"
# again_without_checkpoints [ARGUMENT]...: then the records alone tell what the run began with.
again_without_checkpoints() {
    rm -rf "$work/run"
    cp -r "$work/stopped" "$work/run"
    rm -r "$work/run/checkpoints" "$work/run/best.h5"
    start 0 train "$work/config.cfg" --run "$work/run" --quiet "$@"
}
again_without_checkpoints --set "data.file=$work/flat.h5"
fails "the same values in images of another shape, without a checkpoint" 78 "data.file|flat.h5|another shape"
again_without_checkpoints
goes_on "without a checkpoint"
# Checkpoints of other networks under this run's config; that of 12 classes is as long in memory, where rows are padded.
for network in 'data.classes=12:layer1 has 24 inputs and 12 outputs, by the config 24 and 10' \
    'model.hidden=[24,10]:layer1 has 24 inputs and 10 outputs (and another activation), by the config 24 and 10' \
    'optimizer.momentum=0:has no momentum, its config has one'; do
    rm -rf "$work/forged"
    start 0 train "$work/config.cfg" --run "$work/forged" --quiet --stop-after-steps 5 --set "${network%%:*}"
    "$alter_checkpoint" "$work/forged/checkpoints/step-0000000005.h5" "$work/stopped/config.cfg"
    again --resume "$work/forged/checkpoints/step-0000000005.h5"
    fails "the network of ${network%%:*}" 78 "the checkpoint|${network#*:}"
done
again --resume none
fails "a new run in the place of an old one" 73 "not empty"
again --resume "$work/absent.h5"
fails "no such checkpoint" 66 "absent.h5"
again --resume "$work/good.h5"
fails "a dataset is no checkpoint" 65 "good.h5"

# A damaged newest checkpoint: the one before serves, and that is said.
again_damaged() {
    rm -rf "$work/run"
    cp -r "$work/stopped" "$work/run"
    printf 'x' | dd of="$work/run/checkpoints/step-0000000015.h5" bs=1 seek=5000 conv=notrunc status=none
    start 0 train "$work/config.cfg" --run "$work/run" --quiet "$@"
}
again_damaged --set checkpoint.keep=2 --stop-after-steps 6
check "a damaged checkpoint pushes out no good one" [ -e "$work/run/checkpoints/step-0000000011.h5" ]
again_damaged
goes_on "a damaged checkpoint"
check "a damaged checkpoint is told" grep -q 'warning: .*step-0000000015.h5.*skipped' "$err"
start 0 verify "$work/run"
fails "verify with the damaged checkpoint" 65 "step-0000000015.h5|damaged"
rm "$work/run/checkpoints/step-0000000015.h5"
start 0 verify "$work/run"
check "verify without it" [ "$code" = 0 ]
check "steps done again are told" grep -q ' 4 were done again' "$out"

# None may be read: that can be mended, so they are not called damaged. Root may read what it likes; without two of its capabilities it may not.
by_rank <<'TEXT'
limited=()
[ "$(id -u)" != 0 ] || limited=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search)
exec "${limited[@]}" "$program" "$@"
TEXT
for ranks in 0 2; do
    rm -rf "$work/run"
    cp -r "$work/stopped" "$work/run"
    chmod 000 "$work"/run/checkpoints/*
    lockstep=$by_rank start $ranks train "$work/config.cfg" --run "$work/run" --quiet
    check "unreadable checkpoints: exit code" [ "$code" = 74 ]
    check "unreadable checkpoints: which, and why" says 'step-0000000015.h5": Permission denied'
    chmod 644 "$work"/run/checkpoints/*
    start $ranks train "$work/config.cfg" --run "$work/run" --quiet
    goes_on "checkpoints that can be read again"
done

# Killed before its first checkpoint: the directory's config and records tell what it may go on with.
without_checkpoints() {
    rm -rf "$work/run"
    cp -r "$work/stopped" "$work/run"
    rm "$work"/run/checkpoints/* "$work/run/best.h5"
    "$@"
    start 0 train "$work/config.cfg" --run "$work/run" --quiet "${changes[@]}"
}
changes=(--set run.seed=2)
without_checkpoints true
fails "no checkpoint, another seed" 78 "run.seed|when this run began|--run"
changes=(--set "data.file=$work/other.h5")
without_checkpoints true
fails "no checkpoint, other values" 78 "data.file|other.h5"
changes=()
without_checkpoints true
goes_on "no checkpoint, the same command"
start 0 verify "$work/run"
check "verify of a run that began twice" [ "$code" = 0 ]
changes=(--set run.seed=2)
without_checkpoints sed -i 1q "$work/run/metrics.jsonl"
check "nothing was trained: another seed serves" [ "$code" = 0 ]
start 0 verify "$work/run"
check "verify of it" [ "$code" = 0 ]

# A checkpoint of one run in the directory of another.
start 0 train "$work/config.cfg" --run "$work/second" --quiet --stop-after-steps 15 --set run.seed=2
start 0 train "$work/config.cfg" --run "$work/second" --quiet --resume "$work/stopped/checkpoints/step-0000000015.h5"
fails "into another run's directory" 78 "run.seed|when this run began"

# A best.h5 that could not be written is made up for, though the second epoch is no better.
rm -rf "$work/run"
LOCKSTEP_FAULT=checkpoint-damage:0:11 start 0 train "$work/config.cfg" --run "$work/run" --quiet \
    --set optimizer.learning_rate=1e-12
check "best.h5 failed: training goes on" [ "$code" = 0 ]
check "best.h5 failed: it is told" grep -q 'warning: .*best.h5.*training goes on' "$err"
check "best.h5 of a later epoch" [ -e "$work/run/best.h5" ]

# Two jobs for one directory.
rm -rf "$work/run"
launch 0 train "$work/config.cfg" --run "$work/run" --quiet --set training.epochs=100000 --set evaluation.every_epochs=0 &
first=$!
until [ -e "$work/run/metrics.jsonl" ]; do sleep 0.05; done
start 1 train "$work/config.cfg" --run "$work/run" --quiet --set training.epochs=100000
fails "a second job" 73 "held by another training|process"
pkill -USR2 -f "^$lockstep train $work/config.cfg" || true
wait "$first"

# A run that began with a checkpoint from elsewhere is verified from there on.
start 0 verify "$work/elsewhere"
check "verify of a run from another's checkpoint" [ "$code" = 0 ]
check "it says from where" grep -q '^verified     from step 15 on, which came from a checkpoint: ' "$out"
sed -i '/"event":"step","step":17,/d' "$work/elsewhere/metrics.jsonl"
start 0 verify "$work/elsewhere"
fails "verify of the same, a record removed" 65 "metrics.jsonl:3|does not follow line 2"

# Stopped before its first step, and a run that begins with that checkpoint: which it keeps, since such a one may be imported.
start 0 train "$work/config.cfg" --run "$work/zero" --quiet --stop-after-steps 0
check "no step: stopped" [ "$code" = 75 ]
start 0 verify "$work/zero"
check "verify of no steps" [ "$code" = 0 ]
check "its checkpoint is counted" grep -q '^checkpoints  1,' "$out"
zero=checkpoints/step-0000000000.h5
start 0 train "$work/config.cfg" --run "$work/from-zero" --quiet --resume "$work/zero/$zero"
goes_on "from the checkpoint of step 0"
check "it is the run's own now" [ -e "$work/from-zero/$zero" ]
start 0 verify "$work/from-zero"
check "verify of a run from the checkpoint of step 0" [ "$code" = 0 ]
check "it says that it came from elsewhere" grep -q '^verified     from step 0 on, which came from a checkpoint: ' "$out"

# One that a live run removes between the listing and the reading.
rm -rf "$work/run"
cp -r "$work/whole" "$work/run"
ln -s nowhere "$work/run/checkpoints/step-0000000099.h5"
start 0 verify "$work/run"
check "verify with a checkpoint that disappeared" [ "$code" = 0 ]
check "it is not counted" grep -q "^checkpoints  $(find "$work/whole" -name 'step-*.h5' | wc -l)," "$out"
echo x >"$work/run/checkpoints/step-0000000011.h5"
start 0 verify "$work/run"
fails "the rest is read" 65 "step-0000000011.h5"

finish
