#!/usr/bin/env bash
# What `lockstep verify` finds: whatever is removed, doubled or altered in a run's records, checkpoints or dataset, by its
# line and exit code 65; and what it says of a run that was stopped and done again in part.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/linked.sh
. "$tests/linked.sh"

"$make_dataset" good "$work/good.h5"
cp "$work/good.h5" "$work/data.h5"
"$make_dataset" relabelled "$work/relabelled.h5"
"$make_dataset" flat "$work/flat.h5"
# 11 steps an epoch, the last of 11 samples.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/data.h5" }
model: { hidden = [24] }
training: { epochs = 2, batch_size = 20 }
optimizer: { learning_rate = 0.1, momentum = 0.9; schedule = { name = "cosine" } }
TEXT

# Steps 12 to 15 are done twice: the start goes back.
start 2 train "$work/config.cfg" --run "$work/whole" --quiet --stop-after-steps 15
check "stopped" [ "$code" = 75 ]
cp -r "$work/whole" "$work/stopped"
start 3 train "$work/config.cfg" --run "$work/whole" --quiet --resume "$work/whole/checkpoints/step-0000000011.h5"
check "gone on with" [ "$code" = 0 ]

# The line of the last record that matches.
line_of() {
    grep -n "$1" "$work/whole/metrics.jsonl" | tail -n 1 | cut -d : -f 1
}
start 0 verify "$work/whole"
check "verify of a good run" [ "$code" = 0 ]
check "which steps were done twice, and what counts" grep -qx " *steps 12 to 15: 2 times; the last counts, lines $(line_of \
    '"event":"step","step":12,') to $(line_of '"event":"step","step":15,')" "$out"
check "the chain" grep -Eqx 'chain        1[0-9] records and checkpoints cover the steps as they are recorded' "$out"
start 0 verify "$work/stopped"
check "verify of a stopped run" [ "$code" = 0 ]
check "a part of an epoch" grep -q 'then 4 steps of the next$' "$out"
latin=$work/$'r\xe9seau'
start 0 train "$work/config.cfg" --run "$latin" --quiet --stop-after-steps 1
start 0 verify "$latin"
check "verify of a run whose directory's name is no UTF-8" [ "$code" = 0 ]
check "a checkpoint's record names its file within the run" grep -q '"file":"checkpoints/step-0000000001.h5"' \
    "$latin/metrics.jsonl"

# finds WHAT WORDS: in $work/run, which becomes a copy of the good run again.
finds() {
    start 0 verify "$work/run"
    fails "verify: $1" 65 "$2"
    rm -rf "$work/run"
    cp -r "$work/whole" "$work/run"
}
# spoilt SCRIPT WHAT WORDS: finds, after the sed SCRIPT on the records and with good links.
spoilt() {
    sed -i "$1" "$work/run/metrics.jsonl"
    linked "$work/run"
    check "$2: the records are other ones" [ -n "$(cmp "$work/run/metrics.jsonl" "$work/whole/metrics.jsonl" 2>&1)" ]
    finds "$2" "$3"
}
cp -r "$work/whole" "$work/run"
step7='/"event":"step","step":7,/' step13='/"event":"step","step":13,/' step22='/"event":"step","step":22,/'
epoch1='/"event":"epoch","epoch":1,/' best='/"event":"checkpoint".*best\.h5/' numbered='/"event":"checkpoint","step":22,.*step-/'
# other KEY: alters a float and its twin alike.
other() {
    echo "s/\"$1\":[^,]*,\"$1_hex\":[^,}]*/\"$1\":0.5,\"$1_hex\":\"0x1p-1\"/"
}

# Removed.
spoilt "${step7}d" 'a record removed' 'line 8 |step 8 follows step 6 |removed'
spoilt '/"event":"step","step":[89],/d' 'a gap' 'step 10 follows step 7 '
spoilt "${step22}d" 'the last step removed' 'is about step 22, but stands after step 21'
spoilt "${epoch1}d" 'an epoch removed' 'the record of an epoch is missing before it'
spoilt '1d' 'the start removed' 'line 1 |the record of the start is missing'
spoilt '/"event":"resume"/d' 'the resume removed' 'line 22 |comes after the end of its start, line 20'
spoilt "${step22},\$d" 'the end removed' 'step-0000000022.h5" is of step 22, but the records end with step 21'
# Doubled.
spoilt "${step7}p" 'a record doubled' 'step 7 follows step 7 |doubled'
spoilt "${epoch1}p" 'an epoch doubled' 'the record of an epoch where none has ended'
# Altered. What is done twice is compared; of the rest rows, samples and learning rates follow from config and dataset,
# sums of losses stand in epochs and checkpoints, and the chain holds every bit.
spoilt "${step7}s/\"rows\":\"[0-9a-f]*/\"rows\":\"0123456789abcdef/" 'other rows' 'step 7 (line 8 |used other rows'
spoilt "${step7}s/\"samples\":20/\"samples\":19/" 'other samples' 'step 7 (line 8 |19 samples|due are 20'
spoilt "${step7}s/\"epoch\":1/\"epoch\":2/" 'another epoch' 'step 7 (line 8 |said to be of epoch 2'
spoilt "${step7}s/\"step\":7/\"step\":70/" 'another step' 'step 70 is recorded, but there are only'
spoilt "${step7}s/\"loss\":/\"loss\":1/" 'a loss alone' 'metrics.jsonl:8|differs from its twin'
spoilt "${step7}$(other loss)" 'another loss' 'the train loss of epoch 1 is not the mean'
spoilt "${step7}$(other learning_rate)" 'another learning rate' 'step 7 (line 8 |the learning rate 0.5; by config.cfg'
spoilt "0,${step13}{${step13}$(other loss)}" 'a loss of what was done twice' 'step 13 was done twice and differs'
spoilt "${epoch1}$(other train_loss)" 'another loss of an epoch' 'the train loss of epoch 1 is not the mean'
spoilt "${epoch1}s/\"epoch\":1/\"epoch\":2/" 'another epoch of an epoch' 'said to be of epoch 2; it is of epoch 1'
spoilt "${epoch1}$(other test_accuracy)" 'another accuracy' 'step-0000000015.h5" has another evaluation after step 11 '
spoilt "${epoch1}$(other test_loss)" 'another test loss' 'has another evaluation after step 11 '
spoilt "/\"event\":\"end\".*finished/$(other test_loss)" 'another test loss at the end' 'step 22 has two evaluations: lines '
hex='0123456789abcdef0123456789abcdef'
spoilt "${epoch1}s/\"digest\":\"[0-9a-f]*/\"digest\":\"$hex/" 'another model' 'step 11 left two models that differ: lines '
for event in resume end; do
    spoilt "/\"event\":\"$event\"/s/\"digest\":\"[0-9a-f]*/\"digest\":\"$hex/" "another model of $event" 'left two models that differ: lines '
    spoilt "/\"event\":\"$event\"/s/\"chain\":\"[0-9a-f]*/\"chain\":\"$hex/" "another chain of $event" 'covers other steps than those recorded'
done
spoilt "${best}s/\"digest\":\"[0-9a-f]*/\"digest\":\"$hex/" 'another best model' 'left two models that differ: lines '
spoilt "/\"step\":22,/s/\"digest\":\"[0-9a-f]*/\"digest\":\"$hex/" 'another last model' "step-0000000022.h5\" has the model |says $hex"
spoilt "1s/\"dataset\":\"[0-9a-f]*/\"dataset\":\"$hex/" 'another dataset of a start' "data.h5\" is another dataset than the run had|line 1 "
spoilt '3s/^/x/' 'no record' 'metrics.jsonl:3: not a record'
# Another state of the optimizer; another kind of record.
for event in "$numbered" '/"event":"end".*finished/'; do
    spoilt "${event}s/\"optimizer_digest\":\"[0-9a-f]*/\"optimizer_digest\":\"$hex/" 'another momentum' 'two states of the optimizer that differ'
    spoilt "${event}s/\"event\":\"[a-z]*/\"event\":\"foo/" 'an unknown event' 'metrics.jsonl:3|no record is a "foo"'
    spoilt "${event}s/\"optimizer_digest\":\"[0-9a-f]*\",//" 'no momentum' 'lacks "optimizer_digest"'
    spoilt "${event}s/\"chain\":\"[0-9a-f]*\",//" 'no chain' 'lacks "chain"'
done
# Not written in full, or more than that.
for text in '"rows":"/"rows":"0' '"loss_hex":"[^"]*/&zz' '"loss":[^,]*/"loss":null' '"loss":[^,]*,/' '"loss_hex":[^,]*,/' \
    '"samples":20/"samples":"20"' '"samples":20/"samples":-20' '"epoch":1,/"epoch":1,"more":1,'; do
    spoilt "${step7}s/$text/" "$text" 'metrics.jsonl:8: not a record of a run'
done
# Starts, against config and dataset.
for member in shards train_samples test_samples parameters steps ranks nodes; do
    spoilt "1s/\"$member\":[0-9]*/\"$member\":77/" "another number of $member" 'line 1 |a start '
done
spoilt "/\"event\":\"resume\"/s/\"steps\":22/\"steps\":11/" 'fewer steps of the last start' 'a start with 11 steps in all'
spoilt "/\"event\":\"resume\"/$(other target_accuracy)" 'another target' 'a start with the target accuracy 0.5'
spoilt "1s/\"settings\":\"[0-9a-f]*/\"settings\":\"$hex/" 'other settings of a start' 'config.cfg has other settings|line 1 '
spoilt '1s/"event":"start","step":0/"event":"start","step":1/' 'a start in the middle' 'the run began with step 1,'
spoilt '/"event":"resume"/s/"step":11/"step":1000000000000/' 'a resume beyond the end' 'went on from step 1000000000000'
spoilt '1,/"event":"end"/d' 'the first start but its checkpoint' 'line 1 |the record of the start is missing'
spoilt '1,/"event":"checkpoint".*step-0000000015/d' 'all before the resume' 'line 1 |its own "checkpoints/step-0000000011.h5", but'
# Ends, against their starts, and what may follow them.
finished='/"event":"end".*finished/' stopped='/"event":"end".*stopped/'
spoilt "${stopped}s/stopped/finished/" 'finished too early' '"finished" before the last step'
spoilt "${finished}s/finished/stopped/" 'stopped with an evaluation' 'an evaluation that it had not'
spoilt "${finished}s/finished/tired/; ${numbered}d" 'no reason' 'a reason that there is not'
spoilt "${finished}s/finished/internal error/; ${numbered}d" 'a failure with a digest' 'that tells the digest of a model'
spoilt "${finished}s/\\[\\[\\([0-9]*\\),/[[1\\1,/" 'other counts' 'whose counts of predictions are not its accuracy'
spoilt "${finished}s/\\[\\[[0-9]*,/[[/" 'fewer counts' 'no shape'
spoilt "${finished}p" 'an end doubled' 'comes after the end of its start'
spoilt "${finished}d" 'an end removed' 'no end of it is recorded'
spoilt "${numbered}p" 'the last checkpoint doubled' 'comes after the end of its start'
spoilt "${numbered}s/step-0000000022/step-0000000021/" 'another file' 'the checkpoint of step 22 is not "checkpoints/step-0000000021.h5"'

# A loss is altered so that the epoch's mean is the same: two of them change places. Then all chains say so.
# swap STEP STEP [RUN]: in a copy of the run's records.
swap() {
    awk -v a="\"step\":$1," -v b="\"step\":$2," '
        { line[NR] = $0; if (/"event":"step"/ && index($0, a)) i = NR; if (/"event":"step"/ && index($0, b)) j = NR }
        function loss(text) { match(text, /"loss":.*"learning_rate"/); return substr(text, RSTART, RLENGTH) }
        END { x = loss(line[i]); y = loss(line[j]); sub(/"loss":.*"learning_rate"/, y, line[i])
              sub(/"loss":.*"learning_rate"/, x, line[j]); for (n = 1; n <= NR; n++) print line[n] }' \
        "$work/${3:-whole}/metrics.jsonl" >"$work/run/metrics.jsonl"
}
swap 7 8
spoilt 's/x/x/' 'two losses change places' 'of metrics.jsonl covers other steps than those recorded up to step 11'
# As a kill would leave them: no record covers the last steps.
rm -r "$work/run"
cp -r "$work/stopped" "$work/run"
swap 13 14 stopped
sed -i '/"event":"end"/,$d' "$work/run/metrics.jsonl"
linked "$work/run"
finds 'two losses change places, and no record covers them' 'step-0000000015.h5" covers other steps than those'

# A wrong row, packed by one rank, in a run that its own check did not end: that comes at the epoch's end.
LOCKSTEP_FAULT=pack-wrong-row:1:3 start 2 train "$work/config.cfg" --run "$work/wrong" --quiet --stop-after-steps 4 \
    --set training.shards=2
check 'a wrong row: not seen yet' [ "$code" = 75 ]
start 0 verify "$work/wrong"
fails 'verify: a wrong row' 65 'step 1 (line 2 |used other rows'

# After a fork: the steps that were done again were other ones.
cp -r "$work/stopped" "$work/fork"
LOCKSTEP_FAULT=flip-parameter:-1:12 start 2 train "$work/config.cfg" --run "$work/fork" --quiet \
    --resume "$work/fork/checkpoints/step-0000000011.h5" --stop-after-steps 3
check 'a fork: not seen' [ "$code" = 75 ]
start 0 verify "$work/fork"
fails 'verify: a fork' 65 'step 13 was done twice and differs: lines '

# Checkpoints of others: another seed, another dataset, another step, another order of the same.
start 0 train "$work/config.cfg" --run "$work/seed" --quiet --set run.seed=2
cp "$work/seed/checkpoints/step-0000000022.h5" "$work/run/checkpoints"
finds 'a checkpoint of another seed' 'step-0000000022.h5" is of another run: run.seed'
cp "$work/seed/best.h5" "$work/run"
finds 'the best of another seed' 'best.h5" is of another run: run.seed'
start 0 train "$work/config.cfg" --run "$work/values" --quiet --set "data.file=$work/relabelled.h5"
cp "$work/values/checkpoints/step-0000000022.h5" "$work/run/checkpoints"
finds 'a checkpoint of other values' 'step-0000000022.h5" was trained on other values'
cp "$work/run/checkpoints/step-0000000022.h5" "$work/run/checkpoints/step-0000000011.h5"
finds "a checkpoint under another's name" 'step-0000000011.h5" is of step 22'
LOCKSTEP_FAULT=flip-parameter:-1:3 start 2 train "$work/config.cfg" --run "$work/flipped" --quiet --stop-after-steps 15
cp "$work/flipped/checkpoints/step-0000000015.h5" "$work/run/checkpoints"
finds 'a checkpoint of the same config, computed wrongly' 'step-0000000015.h5" has the model |says '
printf x | dd of="$work/run/checkpoints/step-0000000022.h5" bs=1 seek=5000 conv=notrunc status=none
finds 'a damaged checkpoint' 'step-0000000022.h5|damaged'

# A checkpoint as format 1.0 had them, without a chain, here under a name that nobody knows: a run that begins with it has
# none, and is held against everything else.
unchain='import hashlib, sys
data = bytearray(open(sys.argv[1], "rb").read())
assert data.count(b"\0chain\0") == 1
data = data.replace(b"\0chain\0", b"\0chaim\0")
data[20] = 0
data[32:64] = hashlib.sha256(data[512:]).digest()
data[480:512] = hashlib.sha256(data[:480]).digest()
open(sys.argv[2], "wb").write(data)'
if command -v python3 >/dev/null; then
    python3 -c "$unchain" "$work/whole/checkpoints/step-0000000015.h5" "$work/old.h5"
    start 0 train "$work/config.cfg" --run "$work/old" --quiet --resume "$work/old.h5"
    check 'an old checkpoint is gone on with' [ "$code" = 0 ]
    check 'it has no chain' [ "$(grep -c '"chain"' "$work/old/metrics.jsonl")" = 0 ]
    start 0 verify "$work/old"
    check 'an old checkpoint: verify' [ "$code" = 0 ]
    check 'an old checkpoint: no chain is told' grep -q '^chain        none: ' "$out"
    sed -i "/\"event\":\"step\",\"step\":17,/$(other learning_rate)" "$work/old/metrics.jsonl"
    linked "$work/old"
    start 0 verify "$work/old"
    fails 'verify: another learning rate, no chain' 65 'step 17 (line 3 |the learning rate 0.5'
fi

# Another config, another dataset.
for change in 'seed = 1;/seed = 3;' 'learning_rate = 0.1/learning_rate = 0.2' 'momentum = 0.9/momentum = 0.8' '"relu"/"tanh"' \
    'weight_decay = 0.0/weight_decay = 0.1'; do
    sed -i "s/$change/" "$work/run/config.cfg"
    check "$change: another config" [ -n "$(cmp "$work/run/config.cfg" "$work/whole/config.cfg")" ]
    rm -f "$work"/run/checkpoints/* "$work/run/best.h5"
    finds "$change in the config" 'config.cfg has other settings than the run had|line 1 '
done
sed -i 's/epochs = 2;/epochs = 400;/; s/cosine/constant/' "$work/run/config.cfg"
finds 'more epochs in the config' 'config.cfg has other settings|line 1 '
cp "$work/relabelled.h5" "$work/data.h5"
finds 'a swapped dataset' 'data.h5" is another dataset than the run had'
rm "$work"/run/checkpoints/* "$work/run/best.h5"
finds 'a swapped dataset, and no checkpoints' 'data.h5" is another dataset than the run had'
cp "$work/good.h5" "$work/data.h5"
start 0 verify "$work/run"
check 'the run is good' [ "$code" = 0 ]

# The dataset elsewhere.
mv "$work/data.h5" "$work/elsewhere.h5"
start 0 verify "$work/run"
fails 'verify: no dataset' 66 'data.h5'
start 0 verify "$work/run" --data "$work/elsewhere.h5"
check 'the dataset elsewhere' [ "$code" = 0 ]
start 0 verify "$work/run" --data "$work/relabelled.h5"
fails 'verify: another dataset elsewhere' 65 'relabelled.h5" is another dataset than the run had'
start 0 verify "$work/run" --data "$work/flat.h5"
fails 'verify: another shape elsewhere' 65 'flat.h5" are of another shape than those that the run had|line 1 '
sed -i 's/"image_width":8,//' "$work/run/metrics.jsonl"
linked "$work/run"
start 0 verify "$work/run" --data "$work/elsewhere.h5"
check 'records that do not tell the width' [ "$code" = 0 ]
start 0 verify "$work/run" --data "$work/flat.h5"
fails 'verify: another shape than the checkpoints had' 65 'step-0000000022.h5" was trained on images of another shape|flat.h5"'
rm -rf "$work/run"
cp -r "$work/whole" "$work/run"
start 0 verify "$work/run" --data "$(printf '%01024d' 0)"
fails 'verify: a long name' 66 "the dataset's name is longer than 1023 bytes"
cp "$work/good.h5" "$work/data.h5"

# Files that are missing, cut, or others of the same run.
# misses FILE: without it nothing contradicts anything, and it is told.
misses() {
    rm "$work/run/$1"
    start 0 verify "$work/run"
    check "without $1: 66" [ "$code" = 66 ]
    check "without $1: the message" says "$work/run/$1\" is missing"
    check "without $1: told" grep -qx "missing      $1" "$out"
    check "without $1: not called verified" grep -qx "in part      $work/run" "$out"
    cp "$work/whole/$1" "$work/run/$1"
}
misses checkpoints/step-0000000022.h5
misses best.h5
misses predictions.csv
cp "$work/run/checkpoints/step-0000000015.h5" "$work/run/best.h5"
finds 'another checkpoint as the best' 'best.h5" is of step 15, but says that step '
sed -i '$d' "$work/run/predictions.csv"
finds 'predictions cut' 'predictions.csv" is not the predictions of the test set: line '
sed -i '5s/,\([0-9]*\),[0-9]*,/,\1,9,/; 6s/,\([0-9]*\),[0-9]*,/,\1,9,/' "$work/run/predictions.csv"
finds 'other predictions' 'predictions.csv" has other predictions than line '
sed -i '5s/,[0-9]*,/,11,/' "$work/run/predictions.csv"
finds 'other labels' 'not the predictions of the test set: line 5 '

# Everything, one after another, with the links as they were: each member of a record of each kind removed and altered,
# each line removed, doubled, and moved behind the next. A shorter run, whose records are of every kind; that records were
# lost is added to it.
cat >"$work/short.cfg" <<TEXT
data: { file = "$work/data.h5" }
model: { hidden = [4] }
training: { epochs = 2, batch_size = 100 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
log: { shard_digests = true }
TEXT
short=$work/short
start 0 train "$work/short.cfg" --run "$short" --quiet --stop-after-steps 4
start 2 train "$work/short.cfg" --run "$short" --quiet
check 'a short run' [ "$code" = 0 ]
sed -i "3i {\"event\":\"lost\",\"previous\":\"0123456789abcdef\"}" "$short/metrics.jsonl"
linked "$short"
start 0 verify "$short"
check 'the short run is good' [ "$code" = 0 ]
cp "$short/metrics.jsonl" "$work/good.records"
lines=$(wc -l <"$work/good.records")

# What is free: the last line, when it tells of a checkpoint, may be missing. A kill or a power failure right after that
# was written leaves the same; verify says so.
# refused WHAT LINE: the records as they are now are refused, and the line is named.
refused() {
    start 0 verify "$short"
    check "$1: exit code 65" [ "$code" = 65 ]
    check "$1: line $2 is named" grep -Eq "(metrics.jsonl:|lines? |and )$2( |:|,|$)" "$err"
}
# tried WHAT LINE COMMAND...: what the command makes of the good records is refused.
tried() {
    "${@:3}" <"$work/good.records" >"$short/metrics.jsonl"
    check "$1: other records" [ -n "$(cmp "$work/good.records" "$short/metrics.jsonl" 2>&1)" ]
    refused "$1" "$2"
}
kinds=
for line in $(seq "$lines"); do
    record=$(sed -n "${line}p" "$work/good.records")
    kind=$(sed -E 's/.*"event":"([a-z]*)".*/\1/; t; d' <<<"$record")
    what="line $line, $kind"
    tried "$what doubled" $((line + 1)) sed "${line}p"
    if [ "$line" -lt "$lines" ]; then
        tried "$what removed" "$line" sed "${line}d"
        tried "$what moved" "$line" sed "${line}{h;d};$((line + 1))G"
    fi
    [[ $kind =~ ^(end|checkpoint)$ || $kinds != *" $kind "* ]] || continue
    kinds="$kinds $kind "
    for member in $("$alter" members "$line" <"$work/good.records"); do
        tried "$what, $member removed" "$line" "$alter" remove "$line" "$member"
        tried "$what, $member altered" "$line" "$alter" alter "$line" "$member"
    done
done
check 'records of every kind' [ "$(tr ' ' '\n' <<<"$kinds" | sort -u | grep -c .)" = 8 ]
sed '$d' "$work/good.records" >"$short/metrics.jsonl"
start 0 verify "$short"
check 'the last checkpoint has no record: told' grep -q 'the newest has no record' "$out"
check 'the last checkpoint has no record: accepted' [ "$code" = 0 ]

finish
