#!/usr/bin/env bash
# Dataset files that mean harm: training, its check and inspect end with 65 and one message that says what, where and
# what to do, soon, and in little memory. $3: the program that makes them.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
make_hostile=$3

cat >"$work/hostile.cfg" <<TEXT
model: { hidden = [4] }
training: { epochs = 1, batch_size = 50 }
TEXT

# kB of address space, the libraries included, beyond which nothing can be allocated.
memory=600000

while read -r variant words; do
    "$make_hostile" "$variant" "$work/$variant.h5"
    set=(--set "data.file=$work/$variant.h5")
    in_memory "$memory" train --check "$work/hostile.cfg" "${set[@]}"
    fails "--check on $variant" 65 "$variant.h5|$words"
    start 2 train "$work/hostile.cfg" "${set[@]}" --run "$work/run"
    fails "training on $variant" 65 "$variant.h5|$words"
    check "$variant: no run directory" [ ! -e "$work/run" ]
    in_memory "$memory" inspect "$work/$variant.h5"
    check "inspect of $variant: exit code 65" [ "$code" = 65 ]
    cp "$out" "$work/first"
    cp "$err" "$work/first.err"
    check "inspect of $variant: one message" [ "$(grep -c '^lockstep: ' "$err")" = 1 ]
    check "$variant: nothing drives the terminal" [ "$(cat "$out" "$err" | tr -d '\n[:print:]' | wc -c)" = 0 ]
    in_memory "$memory" inspect "$work/$variant.h5"
    check "$variant: inspect reads the same again" cmp "$work/first" "$out"
    check "$variant: inspect says the same again" cmp "$work/first.err" "$err"
    rm "$work/$variant.h5"
done < <("$make_hostile" list)

# The commands that do not read in a child process alone.
"$make_hostile" deep-groups "$work/crash.h5"
set=(--set "data.file=$work/crash.h5")
for ranks in 0 2; do
    start "$ranks" bench "$work/hostile.cfg" "${set[@]}" --seconds 1
    fails "bench on $ranks ranks" 65 'crash.h5|ended by a signal|copy it again'
    start "$ranks" doctor "$work/hostile.cfg" "${set[@]}" --ranks 2
    check "doctor on $ranks ranks: exit code 70" [ "$code" = 70 ]
    check "doctor on $ranks ranks: the dataset is the problem" grep -q '^PROBLEM  dataset .*crash.h5.*ended by a signal' "$out"
done

finish
