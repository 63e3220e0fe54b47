#!/usr/bin/env bash
# What must be equal on all ranks is compared or made equal, with a table of who has what: the build, the dataset, the
# config. (What may differ, with a warning: tests/mpi/same_bits.sh.)
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

for variant in good float constant relabelled retouched; do "$make_dataset" "$variant" "$work/$variant.h5"; done
cat >"$work/good.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 1, batch_size = 50 }
TEXT

# has_table ROWS WHAT: the message has a table of so many kinds, each line of it with WHAT.
has_table() {
    [ "$(grep -cE "^  rank [0-9]+(, [0-9]+)* \(host .*\): .*$2" "$err")" = "$1" ] && [ "$(grep -c '^  rank ' "$err")" = "$1" ]
}

# Builds of other sources: the same program with another digest in it.
source=$("$lockstep" --version | sed -n 's/^source \([0-9a-f]\{32\}\)$/\1/p')
check_no_run() {
    check "$1: no run directory" [ ! -e "$work/run" ]
    check "$1: no shared memory" is_empty "$work/shm"
}
code=0 out=/dev/null err=/dev/null started='lockstep --version'
check 'the program says what it was built of' [ -n "$source" ]
for rank in 0 1 2; do
    other=$(printf '%032x' "$rank")
    LC_ALL=C sed "s/$source/$other/g" "$lockstep" >"$work/lockstep.$rank"
    chmod +x "$work/lockstep.$rank"
done
by_rank <<'TEXT'
case " $OTHERS " in *" $rank "*) program=$WORK/lockstep.$rank ;; esac
TEXT
# other_build RANKS "OTHERS" KINDS COMMAND...
other_build() {
    WORK=$work OTHERS=$2 lockstep=$by_rank start "$1" "${@:4}"
    fails "$4 on $1 ranks, others $2" 70 'built of different sources|install one build'
    check "$4 on $1 ranks, others $2: the table" has_table "$3" 'lockstep [0-9.]+, source [0-9a-f]{32}'
    check_no_run "$4 on $1 ranks, others $2"
}
other_build 2 1 2 train "$work/good.cfg" --run "$work/run"
check 'each has its digest' grep -q "^  rank 0 .*source $source$" "$err"
check 'each has its digest' grep -q '^  rank 1 .*source 00000000000000000000000000000001$' "$err"
other_build 3 1 2 train "$work/good.cfg" --run "$work/run"
check 'ranks of one build share a line' grep -q "^  rank 0, 2 .*source $source$" "$err"
other_build 3 '0 2' 3 train "$work/good.cfg" --run "$work/run"
other_build 2 1 2 bench "$work/good.cfg" --seconds 0.1
WORK=$work OTHERS='' lockstep=$by_rank start 3 train "$work/good.cfg" --quiet --run "$work/one-build"
check 'one build trains, and says nothing' [ "$code:$(wc -c <"$err")" = 0:0 ]
check 'and its records tell which' grep -q "\"event\":\"start\".*\"source\":\"$source\".*\"hdf5\":\"[0-9.]*\"" \
    "$work/one-build/metrics.jsonl"
line=$(<"$out")

# Another file under the same name on the last of three ranks.
by_rank <<'TEXT'
cd "$WORK/place.$((rank == OTHER))"
TEXT
mkdir "$work/place.0" "$work/place.1"
cp "$work/good.h5" "$work/place.0/data.h5"
# other_dataset VARIANT OTHER ARGUMENT...: started with this dataset on rank OTHER.
other_dataset() {
    cp "$work/$1.h5" "$work/place.1/data.h5"
    WORK=$work OTHER=$2 lockstep=$by_rank start 3 train "$work/good.cfg" --quiet --run "$work/run" --set data.file=data.h5 "${@:3}"
}
for variant in relabelled float constant; do
    other_dataset "$variant" 2 --set training.batch_size=200
    fails "$variant.h5 on rank 2" 65 'different datasets|data.h5'
    check "$variant.h5 on rank 2: the table" has_table 2 '[0-9]+ training and 97 test images of '
    check "$variant.h5 on rank 2: who" grep -q '^  rank 0, 1 ' "$err"
    check_no_run "$variant.h5 on rank 2"
done
# A difference in a row that only its own rank reads is no dataset's: verify finds it, and who goes on with either.
other_dataset retouched 1 --stop-after-steps 1
check 'one pixel on rank 1 is not seen at the start' [ "$code" = 75 ]
start 0 train "$work/good.cfg" --quiet --run "$work/run" --set "data.file=$work/good.h5"
fails 'one pixel on rank 1, gone on with elsewhere' 78 'data.file|good.h5|not those that this run began with'
(cd "$work/place.0" && "$lockstep" verify "$work/run") >"$out" 2>"$err" || code=$?
check 'one pixel on rank 1, verified' [ "$code" = 65 ]

# The config is rank 0's, whatever the others have under its name, and so is the number of steps.
mkdir "$work/config.0" "$work/config.1" "$work/config.2"
cp "$work/good.cfg" "$work/config.0/config.cfg"
sed 's/\[4\]/[40, 30]/; s/= 50/= 7/' "$work/good.cfg" >"$work/config.1/config.cfg"
by_rank <<'TEXT'
cd "$WORK/config.$rank"
if [ "$STEPS" = "$rank" ]; then set -- "$@" --stop-after-steps 1; fi
TEXT
WORK=$work STEPS=none lockstep=$by_rank start 3 train config.cfg --quiet --run "$work/config"
check 'another config on rank 1, none on rank 2: rank 0' [ "$(<"$out")" = "$line" ]
WORK=$work STEPS=1 lockstep=$by_rank start 3 train config.cfg --quiet --run "$work/steps.1"
check 'an option of rank 1 alone does nothing' [ "$(<"$out")" = "$line" ]
WORK=$work STEPS=0 lockstep=$by_rank start 3 train config.cfg --quiet --run "$work/steps.0"
check 'an option of rank 0 is for all' [ "$code" = 75 ]

finish
