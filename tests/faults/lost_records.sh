#!/usr/bin/env bash
# metrics.jsonl cannot be written for so long that records are lost: the training goes on, its checkpoints say which, a
# resume knows, and `lockstep verify` tells these steps (exit code 74) from what somebody removed (65).
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/linked.sh
. "$tests/linked.sh"

"$make_dataset" good "$work/good.h5"
# 5 steps an epoch; the record of a step has some 260 bytes, a checkpoint 40 kB.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 100, batch_size = 43 }
optimizer: { learning_rate = 0.01 }
checkpoint: { every_epochs = 0, every_steps = 100, keep = 100 }
evaluation: { every_epochs = 0 }
TEXT
room=64 # kB, of a file

# tells WHAT PATTERN TIMES: so often was it told.
tells() {
    check "$1" [ "$(grep -cE "$2" "$err")" = "$3" ]
}
# train_limited RUN ARGUMENT...: no file may grow beyond the room; going on makes it an error, not a signal.
train_limited() {
    (
        ulimit -S -f "$room"
        launch 0 train "$work/config.cfg" --quiet --run "$@"
    )
    hear 0
}
train() {
    start 0 train "$work/config.cfg" --quiet --run "$@"
}
# The last step that is recorded.
last_step() {
    sed -nE 's/.*"event":"step","step":([0-9]+).*/\1/p' "$1/metrics.jsonl" | tail -n 1
}
# lacks WHAT RUN STEPS RANGE...: verify finds that so many steps are lost, those of each range, and nothing else.
lacks() {
    local range
    start 0 verify "$2"
    check "$1: 74" [ "$code" = 74 ]
    tells "$1: one message" '^lockstep: ' 1
    check "$1: the message" says "$2/metrics.jsonl\" lacks the records of $3 steps"
    for range in "${@:4}"; do check "$1: steps $range" grep -q "^ *steps $range: lost when the disk was full" "$out"; done
    check "$1: no other steps" [ "$(grep -c 'lost when the disk was full' "$out")" = $(($# - 3)) ]
    check "$1: not called verified" grep -q "^in part      $2\$" "$out"
}
# removed WHAT RUN WORDS: with good links verify fails, and says that.
removed() {
    linked "$2"
    start 0 verify "$2"
    fails "$1" 65 "$3"
}

train "$work/whole"
check 'undisturbed' [ "$code" = 0 ]
line=$(<"$out")

# The end is lost.
train_limited "$work/end" --stop-after-steps 400
check 'the end: stopped' [ "$code" = 75 ]
tells 'the end: metrics.jsonl, once' 'warning: cannot write ".*metrics.jsonl": File too large' 1
tells 'the end: the checkpoint, once' 'warning: the checkpoint of step [0-9]*00 is written though not all records' 1
tells 'the end: what is missing' 'warning: the last [0-9]* bytes of records are missing' 1
last=$(last_step "$work/end")
lacks 'the end' "$work/end" $((400 - last)) "$((last + 1)) to 400"
cp -r "$work/end" "$work/other"
sed -i '/"event":"step","step":7,/d' "$work/other/metrics.jsonl"
removed 'the end, and a step removed' "$work/other" 'step 8 follows step 6 '

# A resume knows.
train "$work/end"
check 'going on: it ends' [ "$code" = 0 ]
check 'going on: the result' [ "$(<"$out")" = "$line" ]
lacks 'going on' "$work/end" $((400 - last)) "$((last + 1)) to 400"
check 'going on: epochs' grep -q '^epochs .* of [0-9]* more, records are lost$' "$out"
rm "$work/end/checkpoints/"*
removed 'going on, and no checkpoint says so' "$work/end" "step 500 is recorded, but there are only"
# In another directory nothing is lost.
train "$work/elsewhere" --resume "$work/other/checkpoints/step-0000000400.h5"
check 'elsewhere: it ends' [ "$code" = 0 ]
start 0 verify "$work/elsewhere"
check 'elsewhere: verify' [ "$code" = 0 ]

# The same records are removed of a run that lost none; then with a record that says that they are lost.
cp -r "$work/whole" "$work/removed"
sed -i '/"event":"step","step":452,/d' "$work/removed/metrics.jsonl"
removed 'removed' "$work/removed" 'step 453 follows step 451 '
lost='{"event":"lost","previous":"0123456789abcdef"}' # linked later
sed -i "s/^{\"event\":\"step\",\"step\":453,/$lost\n&/" "$work/removed/metrics.jsonl"
removed 'removed, and said to be lost' "$work/removed" 'step 452 is not recorded'
sed -i "/^{\"event\":\"lost\",/d; s/^{\"event\":\"epoch\",\"epoch\":2,\"step\":10,/$lost\n{\"event\":\"epoch\",\"epoch\":2,\"step\":9,/" \
    "$work/removed/metrics.jsonl"
removed 'an epoch within an epoch, said to follow lost records' "$work/removed" 'the record of an epoch where none has ended'

# No checkpoint but the last: all that the records lack may be lost, the start too.
train_limited "$work/start" --stop-after-steps 400 --set checkpoint.every_steps=0
check 'the start: stopped' [ "$code" = 75 ]
last=$(last_step "$work/start")
sed -i '/"event":"step","step":51,/,$!d; /"event":"step","step":51,/i '"$lost" "$work/start/metrics.jsonl"
linked "$work/start"
lacks 'the start' "$work/start" $((450 - last)) '1 to 50' "$((last + 1)) to 400"

# The middle is lost: there is no room for some time.
room=2048
sed -i 's/epochs = 100/epochs = 8000/; s/every_steps = 100/every_steps = 5000/' "$work/config.cfg"
train_limited "$work/middle" &
training=$!
until grep -qs 'the oldest records were dropped' "$work/err.0"; do
    kill -0 "$training" 2>/dev/null || break
    sleep 0.02
done
prlimit --pid "$(sed 's/.* //' "$work/middle/lock")" --fsize=unlimited
wait "$training"
hear 0
check 'the middle: it ends' [ "$code" = 0 ]
check 'the middle: some are lost' grep -q '^{"event":"lost",' "$work/middle/metrics.jsonl"
tells 'the middle: metrics.jsonl, once' 'warning: cannot write ".*metrics.jsonl": File too large' 1
start 0 verify "$work/middle"
check 'the middle: 74' [ "$code" = 74 ]
check 'the middle: the records go on' grep -q '^steps        40000, [0-9]* of them recorded; 0 ' "$out"
cp -r "$work/middle" "$work/other_middle"
sed -i '/"event":"step","step":22,/d' "$work/other_middle/metrics.jsonl"
removed 'the middle, and a step removed' "$work/other_middle" 'step 23 follows step 21 '
# From before that, once more.
train "$work/middle" --resume "$work/middle/checkpoints/step-0000005000.h5"
check 'the middle again: it ends' [ "$code" = 0 ]
start 0 verify "$work/middle"
check 'the middle again: nothing is missing' [ "$code" = 0 ]

finish
