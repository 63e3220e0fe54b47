#!/usr/bin/env bash
# What makes a training slow is told: each thing where it should be, once, and nowhere else.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
busy=$3

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 1, batch_size = 20 }
optimizer: { learning_rate = 0.05 }
TEXT

# train RANKS RUN [ARGUMENT]...
train() {
    start "$1" train "$work/config.cfg" --run "$work/$2" "${@:3}"
    check "$2: trained" [ "$code" = 0 ]
}

# warned WHAT [PATTERN]: about these, one line each, and nothing else.
warned() {
    local pattern
    check "$1: so many" [ "$(grep -c '^slow: ' "$err")" = $(($# - 1)) ]
    for pattern in "${@:2}"; do check "$1: $pattern" grep -qE "^slow: .*$pattern" "$err"; done
}

# Each rank on processors of its own, of which there may be but one: what each of two gets is in the array.
read -ra mine <<<"$(awk '/^Cpus_allowed_list:/ { gsub(/[,-]/, " ", $2); print $2 }' /proc/self/status)"
by_rank <<'TEXT'
read -ra of_rank <<<"$CPUS"
exec taskset -c "${of_rank[rank]}" "$program" "$@"
TEXT
bound() {
    CPUS=$1 lockstep=$by_rank train "${@:2}"
}
first=${mine[0]} second=${mine[1]:-}

train 0 alone
warned 'alone'
bound "$first $first" 2 crowded
warned 'two ranks on a processor' 'has 2 ranks on 1 processors: .*start at most as many ranks as processors'
if [ -n "$second" ] && [ "$second" != "$first" ]; then
    bound "$first $second" 2 bound
    warned 'each on its own'
    bound "$first,$second $first,$second" 2 free
    warned 'bound to none' 'has 2 ranks on 2 processors: none is bound to a core, .*--bind-to core'
    bound "$first $second" 2 small --set training.batch_size=4
    warned 'a batch of half the shards' 'training.batch_size 4 is small for 2 ranks: 1.0 of them have no sample'
    bound "$first $second" 2 least --set training.batch_size=5
    warned 'a batch that has something for each rank'
fi
large=(--set 'model.hidden=[2000,2000]' --set training.batch_size=1)
train 0 large "${large[@]}"
warned "no other threads"
LD_PRELOAD=$busy train 0 threads "${large[@]}"
warned "a library's thread" "for each second of rank 0's own work other threads .* take [0-9.]+ s: .*OMP_NUM_THREADS=1"
bound "$first $first" 2 quiet --quiet
warned 'quiet'
finish
