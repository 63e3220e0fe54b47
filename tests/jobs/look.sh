#!/usr/bin/env bash
# The commands that look at what a training has left, or at a dataset of foreign make: inspect, digest, evaluate, predict
# and status, against what the training itself said.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

for variant in good odd float float-labels counts; do "$make_dataset" "$variant" "$work/$variant.h5"; done
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [12, 9] }
training: { epochs = 2, batch_size = 50 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
TEXT
start 0 train "$work/config.cfg" --run "$work/run" --quiet
line=$(<"$out")
digest=${line#digest=} digest=${digest%% *} accuracy=${line##*=}
checkpoints=("$work"/run/checkpoints/*)
last=${checkpoints[-1]}

# shows WHAT PATTERN: what was heard was a success, and a line of stdout matches.
shows() {
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: $2" grep -Eq "$2" "$out"
}

start 0 digest "$last"
check 'digest: alone on its line, as the training said' [ "$(<"$out")" = "$digest" ]
start 0 inspect "$last"
for pattern in 'a checkpoint, whole and undamaged$' '^layer1\.weight +\(12, 9\)$' '^layer2\.bias +\(10\)$' \
    '^parameters +997$' '^step +10, 0 of 5 of epoch 3$' '^last evaluation +step 10: .* of 97 right' \
    '^best evaluation +step ' '^optimizer state +momentum [0-9a-f]{32}$' "^model +$digest\$" '^dataset +[0-9a-f]{32}$' \
    '^written by +Lockstep [0-9.]+$' '^ +HDF5 [0-9.]+$' 'batch_size = 50'; do
    shows 'inspect of a checkpoint' "$pattern"
done
start 0 evaluate "$last" --predictions "$work/predictions.csv"
shows 'evaluate' "^loss=[0-9.e+-]+ accuracy=$accuracy\$"
check 'evaluate: the predictions of the training' same "$work/predictions.csv" "$work/run/predictions.csv"
start 0 evaluate "$last" --predictions "$work/none/predictions.csv"
check 'evaluate: no such place for predictions' [ "$code" = 73 ]
check 'evaluate: the place is named' says 'none/predictions.csv'
start 0 evaluate "$last" --predictions /dev/full
fails 'evaluate: predictions in the place of a device' 73 '/dev/full|not a regular file'
start 0 predict "$last" "$work/good.h5"
shows 'predict' '^96,[0-9],(0|1)\.[0-9]+$'
check 'predict: a row an image, and the header' [ "$(wc -l <"$out")" = 98 ]
exec {unread}> >(:)
wait $!
code=0
env --default-signal=PIPE "$lockstep" predict "$last" "$work/good.h5" 1>&"$unread" 2>"$err" || code=$?
exec {unread}>&-
check 'predict into a closed pipe: ended by its signal, and no word' [ "$code:$(<"$err")" = 141: ]
start 0 train "$work/config.cfg" --set "data.file=$work/float.h5" --run "$work/float" --quiet
start 0 predict "$work/float/best.h5" "$work/float.h5"
check 'predict of float images: a row an image' [ "$code:$(wc -l <"$out")" = 0:98 ]
start 0 status "$work/run"
shows 'status' 'finished'

# Datasets whose names are not the default ones.
start 0 inspect "$work/odd.h5"
for setting in 'train_images = "/images"' 'train_labels = "/digits"' 'test_images = "/held/out/images"' \
    'test_labels = "/held/out/digits"'; do
    shows 'inspect of foreign names' "^  data\\.$setting\$"
done
start 0 inspect "$work/float.h5"
shows 'inspect of float images' 'float32'
start 0 inspect "$work/counts.h5"
check 'inspect of parts that disagree' [ "$code" = 65 ]
start 0 --help
shows 'help' '^  import idx '
start 0 train --help
shows 'help of a command' '^      --resume auto\|none\|FILE '
start 0 import --help
shows 'help of a family' '^  import synth '
start 0
check 'nothing asked' [ "$code" = 64 ]
check 'nothing asked: the commands, as help' grep -q '^  train ' "$err"
start 0 train "$work/config.cfg" --stop-after-steps
fails 'an option without its value' 64 '--stop-after-steps|needs a value'
start 0 inspect -x "$last"
fails 'an unknown letter' 64 'inspect|-x'
finish
