#!/usr/bin/env bash
# Whatever is wrong with config, dataset, command line or run directory: one message that says what and where, the
# documented exit code, nothing left behind, no hang; alone and on 1 and 3 ranks.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

for variant in good float not-finite constant constant-float narrow counts label float-labels shape empty; do
    "$make_dataset" "$variant" "$work/$variant.h5"
done
echo 'not HDF5 at all' >"$work/text.h5"
head -c "$(($(stat -c %s "$work/good.h5") / 2))" "$work/good.h5" >"$work/truncated.h5"
: >"$work/nothing.h5"

cat >"$work/good.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 1, batch_size = 50 }
TEXT
sed 's/batch_size/batch_sise/' "$work/good.cfg" >"$work/key.cfg"
sed 's/= 50/= "fifty"/' "$work/good.cfg" >"$work/type.cfg"
sed 's/= 50/= 0/' "$work/good.cfg" >"$work/range.cfg"
sed 's/= 1,/= 99999999999999999999,/' "$work/good.cfg" >"$work/huge.cfg"
sed '2s/}//' "$work/good.cfg" >"$work/syntax.cfg"
head -c 3000000 /dev/zero >"$work/zeros.cfg"
: >"$work/empty.cfg"
mkdir "$work/directory.cfg"
mkfifo "$work/pipe.cfg"
ln -s circle.cfg "$work/circle.cfg"

# So does --check refuse it, which creates nothing. uncheckable=1: only training can find out.
uncheckable=
check_refused() {
    [ -z "$uncheckable" ] || return 0
    start 0 train --check --run "$work/run.0" "${@:3}"
    fails "--check ${*:3}" "$1" "$2"
    check "--check ${*:3}: no run directory" [ ! -e "$work/run.0" ]
}
# refused CODE WORDS ARGUMENT...: so does `lockstep train ARGUMENT...` end, alone and on 1 and 3 ranks, without having
# made the run directory or left shared memory behind.
refused() {
    local ranks
    start_each '0 1 3' train --run "$work/run.\$RANKS" "${@:3}"
    for ranks in 0 1 3; do
        hear "$ranks"
        fails "${*:3}" "$1" "$2"
        check "${*:3}: no run directory" [ ! -e "$work/run.$ranks" ]
    done
    check "${*:3}: no shared memory" is_empty "$work/shm"
    check_refused "$@"
}
# The same, with this dataset; the file is named in the message.
refused_data() {
    refused "$1" "$3|$2" "$work/good.cfg" --set "data.file=$work/$2" "${@:4}"
}

# The config from which all of these are made works.
start_each '0 3' train "$work/good.cfg" --quiet --run "$work/good.\$RANKS"
for ranks in 0 3; do
    hear "$ranks"
    check 'a good config trains' [ "$code" = 0 ]
done

# Command line.
refused 64 'unknown option|--sett|did you mean --set' "$work/good.cfg" --sett a=b
refused 64 'train: operand "more" is one too many' "$work/good.cfg" more
refused 64 'train: CONFIG is missing|usage: lockstep train CONFIG'
uncheckable=1 refused 64 '--ranks|--check' "$work/good.cfg" --ranks 3
refused 64 '--run needs the name' "$work/good.cfg" --run ''
refused 73 'name is too long' "$work/good.cfg" --run "$work/$(printf 'long/%.0s' {1..1000})"
LOCKSTEP_ISA=nonsense refused 64 'LOCKSTEP_ISA=nonsense|portable' "$work/good.cfg"

# Config.
refused 66 'nosuch.cfg|No such file' "$work/nosuch.cfg"
refused 66 'directory.cfg|not a regular file' "$work/directory.cfg"
refused 66 'pipe.cfg|not a regular file' "$work/pipe.cfg"
refused 66 '/dev/null|not a regular file' /dev/null
refused 66 'circle.cfg|Too many levels' "$work/circle.cfg"
refused 78 'key.cfg:3|training.batch_sise is not a setting|did you mean training.batch_size' "$work/key.cfg"
refused 78 'type.cfg:3|training.batch_size|fifty|a whole number from 1' "$work/type.cfg"
refused 78 'range.cfg:3|training.batch_size|found 0|a whole number from 1' "$work/range.cfg"
refused 78 'huge.cfg:3|training.epochs|99999999999999999999' "$work/huge.cfg"
refused 78 'syntax.cfg:' "$work/syntax.cfg"
refused 78 'zeros.cfg|3000000 bytes' "$work/zeros.cfg"
refused 78 'empty.cfg|data.file is missing' "$work/empty.cfg"
refused 78 '--set nonsense|path=value is needed' "$work/good.cfg" --set nonsense
refused 78 '--set optimizer.learning_rate=fast|learning_rate|a number > 0' "$work/good.cfg" \
    --set optimizer.learning_rate=fast
refused 78 '--set optimizer.nesterov=true|optimizer.momentum' "$work/good.cfg" --set optimizer.nesterov=true

# Dataset.
refused_data 66 nosuch.h5 'No such file|data.file|lockstep import synth|relative to the current directory'
refused_data 65 text.h5 'not an HDF5 file'
refused_data 65 nothing.h5 'not an HDF5 file'
refused_data 65 truncated.h5 'truncated'
refused_data 65 empty.h5 '/train/images|data.train_images'
refused_data 65 counts.h5 '210 labels|211 images|/train/labels|/train/images'
refused_data 65 label.h5 'label 10|row 17 |/train/labels|data.classes'
refused_data 65 float-labels.h5 'labels must be integers|/test/labels|float64'
refused_data 65 shape.h5 '8x8|8x7|/test/images'
refused_data 65 not-finite.h5 'value 4 |row 30 |/train/images|finite'
refused 65 'equal' "$work/good.cfg" --set "data.file=$work/constant.h5" --set data.scaling=standard
refused 65 'equal' "$work/good.cfg" --set "data.file=$work/constant-float.h5"
refused 65 'equal' "$work/good.cfg" --set "data.file=$work/constant-float.h5" --set data.scaling=standard
refused 65 'spread over 1.4013e-45' "$work/good.cfg" --set "data.file=$work/narrow.h5"
refused 78 'data.scaling|float|uint8' "$work/good.cfg" --set data.scaling=none

# Ranks.
start 3 train --run "$work/run" "$work/good.cfg" --set training.shards=2
fails 'more ranks than shards' 78 '3 ranks|training.shards is 2|at most 2 ranks'
check 'more ranks than shards: no run directory' [ ! -e "$work/run" ]
start 0 train --check --ranks 9 "$work/good.cfg"
fails 'more ranks than shards, only checked' 78 '9 ranks|training.shards is 8'

# Run directory.
refused 73 "$work/good.cfg/run|cannot create" "$work/good.cfg" --run "$work/good.cfg/run"
uncheckable=1 refused 73 '/proc/run|cannot create' "$work/good.cfg" --run /proc/run
mkdir "$work/full"
echo precious >"$work/full/file"
refused 73 "$work/full|not empty|--run" "$work/good.cfg" --run "$work/full"
check 'a directory that is not empty stays as it was' [ "$(ls "$work/full"):$(cat "$work/full/file")" = file:precious ]

# The check under mpirun is for so many ranks; rank 0 alone speaks.
start 3 train --check "$work/good.cfg" --run "$work/unmade"
check 'the check succeeds on 3 ranks' [ "$code" = 0 ]
check 'the check is for the ranks there are' grep -qx 'ranks        3 of at most 8 (training.shards)' "$out"
check 'the check speaks once' [ "$(wc -l <"$out"):$(wc -l <"$err")" = "$(grep -c . "$out"):0" ]
check 'the check speaks once' [ "$(grep -c ^memory "$out")" = 1 ]
check 'the check makes nothing' [ ! -e "$work/unmade" ]
start 9 train --check "$work/good.cfg"
fails 'the check on too many ranks' 78 '9 ranks|training.shards is 8'
start 0 train --check --ranks 3 "$work/good.cfg" --run "$work/full" --resume none
fails 'the check of a directory that is not empty' 73 "$work/full|not empty"
# 1000 squared words of the confusion matrix are 8 MB.
start 0 train --check "$work/good.cfg" --run "$work/unmade" --set data.classes=1000 --set training.batch_size=1
check 'the check knows of the confusion matrix' [ "$(awk '/^memory/ { print ($2 > 9.0) }' "$out")" = 1 ]

# Import. IDX is 0 0 type dimensions, big-endian extents, values.
(
    cd "$work"
    printf '\0\0\010\003\0\0\0\002\0\0\0\002\0\0\0\002abcdefgh' >images
    printf '\0\0\010\001\0\0\0\002\001\011' >labels
    printf '\0\0\010\001\0\0\0\003\001\011\005' >three
    printf '\0\0\015\003\0\0\0\002\0\0\0\002\0\0\0\002abcdefgh' >magic
    gzip <images | head -c 20 >cut.gz
)
# import_refused CODE WORDS TRAIN-IMAGES TRAIN-LABELS
import_refused() {
    start 0 import idx --train-images "$work/$3" --train-labels "$work/$4" --test-images "$work/images" \
        --test-labels "$work/labels" -o "$work/made.h5"
    fails "import of $3 and $4" "$1" "$2"
    check "import of $3 and $4: no file" [ -z "$(find "$work" -name '*made.h5*')" ]
}
import_refused 66 'nosuch|No such file' nosuch labels
import_refused 65 'cut.gz|truncated' cut.gz labels
import_refused 65 'magic|0x0d|0x08' magic labels
import_refused 65 'three|3 labels|2 images' images three
start 0 import idx --train-images x
fails 'import without its options' 64 '--train-labels is missing'
start 0 import idx --train-images "$work/images" --train-labels "$work/labels" --test-images "$work/images" \
    --test-labels "$work/labels" -o "$work/made.h5"
check 'good files are imported' [ "$code" = 0 ]
# A run directory where a checkpoint belongs.
for command in evaluate digest inspect predict; do
    operands=("$work/good.0")
    [ $command != predict ] || operands+=("$work/good.h5")
    start 0 $command "${operands[@]}"
    fails "$command of a run directory" 66 "good.0\" is a run directory|$work/good.0/best.h5"
done
start 0 predict "$work/good.0/best.h5" "$work/counts.h5" --images /train/labels
fails 'predict of labels' 65 'counts.h5|/train/labels|images of 1 values'
start 0 predict "$work/good.0/best.h5" "$work/good.h5" --images /no/images
fails 'predict of a dataset that is not there' 65 'good.h5|no dataset "/no/images"|it has /test/images'
start 0 predict "$work/good.0/best.h5" "$work/empty.h5"
fails 'predict without the default dataset' 65 'empty.h5|/test/images|--images'
start 0 predict "$work/good.0/best.h5" "$work/float-labels.h5" --images /test/labels
fails 'predict of another type' 65 'float-labels.h5|/test/labels|float64 images|trained on uint8'
start 0 train "$work/good.cfg" --run "$work/float" --quiet --set "data.file=$work/float.h5"
check 'a training on float images' [ "$code" = 0 ]
start 0 predict "$work/float/best.h5" "$work/not-finite.h5" --images /train/images
fails 'predict of what is not finite' 65 'not-finite.h5|value 4 |row 30 |/train/images|finite'
start 0 status "$work/full"
fails 'status of another directory' 66 'full" is no run directory|there is no metrics.jsonl'
start 0 predict "$work/good.0/best.h5"
fails 'predict without a file' 64 'predict: FILE is missing'
start 0 trian x
fails 'an unknown command' 64 'trian|did you mean "train"'

finish
