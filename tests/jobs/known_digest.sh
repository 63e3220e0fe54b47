#!/usr/bin/env bash
# The digests that configs/synth.cfg publishes, and the README after it, are what this machine makes of the drawn digits.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

config=$tests/../configs/synth.cfg
dataset=$(sed -n 's/^# *\(digest of the values: [0-9a-f]\{32\}\)$/\1/p' "$config")
mapfile -t results < <(sed -n 's/^# *\(digest=[0-9a-f]\{32\} accuracy=[0-9.]*\)$/\1/p' "$config")
computes=(fp32 bf16)
mkdir "$work/data"
cd "$work"
start 0 import synth -o data/synth.h5
check 'digits are drawn' [ "$code" = 0 ]
start 0 inspect data/synth.h5
check "the dataset: $dataset" grep -qxF "${dataset:-nothing}" "$out"
check 'a result for each compute' [ ${#results[@]} = ${#computes[@]} ]
for i in "${!computes[@]}"; do
    for ranks in 0 2; do
        start "$ranks" train "$config" --quiet --run "run.${computes[i]}.$ranks" --set "training.compute=${computes[i]}"
        check "the training in ${computes[i]}: ${results[i]}" [ "$(<"$out")" = "${results[i]}" ]
    done
done
for published in "$dataset" "${results[@]}"; do
    check "the README has: $published" grep -qF "${published:-nothing}" "$tests/../README.md"
done
finish
