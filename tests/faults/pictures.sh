#!/usr/bin/env bash
# Pictures that are damaged or mean harm: predict ends with 65 and one message that says what, where and what to do, soon,
# and in little memory; what comes before them on the command line is still told.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

for variant in good float flat; do
    "$make_dataset" "$variant" "$work/$variant.h5"
    cat >"$work/config.cfg" <<TEXT
data: { file = "$work/$variant.h5" }
model: { hidden = [4] }
training: { epochs = 1, batch_size = 50 }
TEXT
    start 0 train "$work/config.cfg" --quiet --run "$work/$variant"
    check "a training on $variant images" [ "$code" = 0 ]
done
model=$work/good/best.h5
mkdir "$work/hostile"
python3 "$tests/faults/make_pictures.py" "$work/hostile" >"$work/list"
while read -r name words; do
    # kB, the libraries included: three bytes for each of 2^26 pixels are 200000 of them.
    in_memory 600000 predict "$model" "$work/hostile/$name"
    fails "predict of $name" 65 "$work/hostile/$name|$words"
    check "$name: nothing drives the terminal" [ "$(tr -d '\n[:print:]' <"$err" | wc -c)" = 0 ]
done <"$work/list"
check 'each was tried' [ "$(wc -l <"$work/list")" -gt 30 ]

# On 8x8 images.
printf 'P2 6 6 9 %s' "$(printf '9 9 0 0 9 9 %.0s' {1..6})" >"$work/bar.pgm"
start 0 predict "$model" "$work/bar.pgm" "$work/hostile/cut.png"
check 'the second of two is damaged: exit code 65' [ "$code" = 65 ]
check 'the second of two is damaged: it is named' says 'hostile/cut.png'
check 'the second of two is damaged: the first is told' [ "$(sed 's/,[0-9],.*//' "$out" | xargs)" = 'index,prediction,confidence 0' ]
start 0 predict "$model" "$work/bar.pgm" --as-is
fails 'another size as it is' 65 'bar.pgm" is 6x6 pixels|trained on 8x8|without --as-is'
start 0 predict "$work/float/best.h5" "$work/bar.pgm"
fails 'a picture for a network of float images' 65 'bar.pgm" is a picture|float32|HDF5 dataset'
start 0 predict "$model" "$work/nosuch.png"
fails 'no picture' 66 'nosuch.png|No such file'
mkfifo "$work/pipe.png"
start 0 predict "$model" "$work/pipe.png"
fails 'a pipe' 66 'pipe.png|not a regular file'

start 0 predict "$work/flat/best.h5" "$work/bar.pgm"
fails 'a network of images of one dimension' 65 'bar.pgm"|images of 1 dimensions|--as-is takes one of 64 pixels'
start 0 predict "$work/flat/best.h5" "$work/bar.pgm" --as-is
fails 'another number of pixels' 65 'bar.pgm" has 36 pixels|images of 64 values'

finish
