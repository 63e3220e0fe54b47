#!/usr/bin/env bash
# What `lockstep verify` finds: whatever is removed, doubled or altered in a run's records, checkpoints or dataset, by its
# message and exit code 65; and what it says of a run that was stopped and done again in part.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
cp "$work/good.h5" "$work/data.h5"
"$make_dataset" relabelled "$work/relabelled.h5"
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
# spoilt SCRIPT WHAT WORDS: finds, after the sed SCRIPT on the records.
spoilt() {
    sed -i "$1" "$work/run/metrics.jsonl"
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
spoilt '/"event":"resume"/d' 'the resume removed' 'step 12 follows step 15 '
spoilt "${step22},\$d" 'the end removed' 'step-0000000022.h5" is of step 22, but the records end with step 21'
# Doubled.
spoilt "${step7}p" 'a record doubled' 'step 7 follows step 7 |doubled'
spoilt "${epoch1}p" 'an epoch doubled' 'the record of an epoch where none has ended'
# Altered. What is done twice is compared; of the rest rows, samples and learning rates follow from config and dataset,
# sums of losses stand in epochs and checkpoints, and the chain holds every bit.
spoilt "${step7}s/\"rows\":\"./\"rows\":\"z/" 'other rows' 'step 7 (line 8 |used other rows'
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
spoilt "${numbered}s/\"chain\":\"./\"chain\":\"x/" 'a chain that is none' 'its chain is no digest'
spoilt '1s/"dataset":"[0-9a-f]*/"dataset":"0/' 'another dataset of a start' "data.h5\" is another dataset than the run had|line 1 "
spoilt '3s/^/x/' 'no record' 'metrics.jsonl:3: not a record'

# A loss is altered so that the epoch's mean is the same: two of them change places. Then all chains say so; without them
# in the records the checkpoints do.
swap() {
    awk -v a="\"step\":$1," -v b="\"step\":$2," '
        { line[NR] = $0; if (/"event":"step"/ && index($0, a)) i = NR; if (/"event":"step"/ && index($0, b)) j = NR }
        function loss(text) { match(text, /"loss":.*"learning_rate"/); return substr(text, RSTART, RLENGTH) }
        END { x = loss(line[i]); y = loss(line[j]); sub(/"loss":.*"learning_rate"/, y, line[i])
              sub(/"loss":.*"learning_rate"/, x, line[j]); for (n = 1; n <= NR; n++) print line[n] }' \
        "$work/whole/metrics.jsonl" >"$work/run/metrics.jsonl"
}
swap 7 8
spoilt 's/x/x/' 'two losses change places' 'of metrics.jsonl covers other steps than those recorded up to step 11'
swap 7 8
spoilt 's/"chain":"[0-9a-f]*",*//g; s/,}/}/' 'the same, and no chain in the records' 'step-0000000022.h5" covers other steps than those'

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
    start 0 verify "$work/old"
    fails 'verify: another learning rate, no chain' 65 'step 17 (line 3 |the learning rate 0.5'
fi

# Another config, another dataset.
sed -i 's/seed = 1;/seed = 3;/' "$work/run/config.cfg"
finds 'another seed' 'step 1 (line 2 |used other rows'
sed -i 's/learning_rate = 0.1/learning_rate = 0.2/' "$work/run/config.cfg"
finds 'another learning rate in the config' 'the learning rate 0.1|by config.cfg it is 0.2'
sed -i 's/momentum = 0.9/momentum = 0.8/' "$work/run/config.cfg"
finds 'another momentum' 'is of another run: optimizer.momentum'
cp "$work/relabelled.h5" "$work/data.h5"
finds 'a swapped dataset' 'data.h5" is another dataset than the run had'
rm "$work"/run/checkpoints/* "$work/run/best.h5"
finds 'a swapped dataset, and no checkpoints' 'data.h5" is another dataset than the run had'
cp "$work/good.h5" "$work/data.h5"
start 0 verify "$work/run"
check 'the run is good' [ "$code" = 0 ]

mv "$work/data.h5" "$work/elsewhere.h5"
start 0 verify "$work/run"
fails 'verify: no dataset' 66 'data.h5'
start 0 verify "$work/run" --data "$work/elsewhere.h5"
check 'the dataset elsewhere' [ "$code" = 0 ]
start 0 verify "$work/run" --data "$work/relabelled.h5"
fails 'verify: another dataset elsewhere' 65 'relabelled.h5" is another dataset than the run had'
start 0 verify "$work/run" --data "$(printf '%01024d' 0)"
fails 'verify: a long name' 66 "the dataset's name is longer than 1023 bytes"

finish
