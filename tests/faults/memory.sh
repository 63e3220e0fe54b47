#!/usr/bin/env bash
# Memory runs out: at the N-th array that the program asks for, for every N until there is none (LOCKSTEP_FAULT=no-memory),
# of each command, and of a training on two ranks where it is the second's; and by a limit of the address space, from too little
# to load the program up to enough. Always one clear message and code 70, nobody left, nothing left in shared memory, never a hang
# or a crash; where a checkpoint on the way could not be made, the training goes on to the same result.
# LOCKSTEP_MEMORY=all tries every N and steps of 100 kB instead of every few; LOCKSTEP_LIMITS=none leaves out the limits.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

every=5 every_on_two=29 kilobytes=500
if [ "${LOCKSTEP_MEMORY:-}" = all ]; then every=1 every_on_two=1 kilobytes=100; fi

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 2, batch_size = 43 }
checkpoint: { every_steps = 2 }
TEXT
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "undisturbed" [ "$code" = 0 ]
line=$(<"$out")
cp -r "$work/whole" "$work/half"
rm "$work"/half/checkpoints/step-00000000{10,08}.h5
for part in train test; do
    printf '\0\0\010\003\0\0\0\002\0\0\0\001\0\0\0\002abcd' >"$work/$part-images"
    printf '\0\0\010\001\0\0\0\002\0\001' >"$work/$part-labels"
done

python3 - "$tests" "$work/bar.png" <<'TEXT'
import sys
sys.path.insert(0, sys.argv[1])
from png import GREY, png
open(sys.argv[2], "wb").write(png(6, 6, 8, GREY, [bytes((255, 255, 0, 0, 255, 255))] * 6))
TEXT

commands=(
    "train $work/config.cfg --run $work/run --quiet"
    "train $work/config.cfg --run $work/run --quiet --set log.tensorboard=true --set log.trace=true"
    "train $work/config.cfg --check"
    "train $work/config.cfg --print-config"
    "evaluate $work/whole/best.h5"
    "predict $work/whole/best.h5 $work/good.h5"
    "predict $work/whole/best.h5 $work/bar.png"
    "inspect $work/whole/best.h5"
    "inspect $work/good.h5"
    "digest $work/whole/best.h5"
    "verify $work/whole"
    "status $work/whole"
    "import synth -o $work/new.h5 --train 20 --test 10"
    "import idx -o $work/new.h5 --train-images $work/train-images --train-labels $work/train-labels
        --test-images $work/test-images --test-labels $work/test-labels"
)

pattern='out of memory: ([0-9]+ elements of [0-9]+ bytes for|cannot start the thread of) .+|HDF5: unable to allocate'
ended=0 went_on=0
# judge WHAT: what was heard last is as it should be.
judge() {
    if [ "$code" = 0 ]; then
        went_on=$((went_on + 1))
        check "$1: goes on with one warning" [ "$(grep -cE "^lockstep: warning: .*($pattern)" "$err")" = 1 ]
        check "$1: goes on to the same result" [ "$(<"$out")" = "$line" ]
    else
        ended=$((ended + 1))
        check "$1: code 70" [ "$code" = 70 ]
        check "$1: one error" [ "$(grep -c '^lockstep: error: ' "$err")" = 1 ]
        check "$1: a clear message" grep -qE "^lockstep: error: .*($pattern)" "$err"
    fi
    check "$1: nothing in shared memory" is_empty "$work/shm"
}
undisturbed() {
    [ "$code" = 0 ] && ! grep -q '^lockstep: ' "$err"
}
# Where the command starts from; $1: the directory of a run to go on with, or nothing.
prepare() {
    rm -rf "$work/run" "$work/new.h5"
    [ -z "$1" ] || cp -r "$1" "$work/run"
}

# refuse_each RANKS RANK FIRST EVERY FROM ARGUMENT...: the arrays FIRST, FIRST + EVERY, ... are refused to this rank.
refuse_each() {
    local n
    for ((n = $3; ; n += $4)); do
        prepare "$5"
        LOCKSTEP_FAULT=no-memory:$2:$n start "$1" "${@:6}"
        if undisturbed; then return; fi
        judge "array $n of rank $2 of $1: ${*:6}"
    done
}

for command in "${commands[@]}"; do
    read -r -d '' -a words <<<"$command" || true
    refuse_each 0 0 1 "$every" '' "${words[@]}"
done
read -r -a train <<<"${commands[0]}"
refuse_each 0 0 1 "$every" "$work/half" "${train[@]}"
alone=$((ended + went_on))
# The first is the command line's, before the process knows its rank.
refuse_each 2 1 2 "$every_on_two" '' "${train[@]}"
refuse_each 2 1 3 "$every_on_two" "$work/half" "${train[@]}"
check "nobody is left" [ -z "$(pgrep -f "^$lockstep train $work" || true)" ]
arrays=$((ended + went_on)) on_two=$((ended + went_on - alone))

# limited KILOBYTES ARGUMENT...: with so much address space.
limited() {
    local limit=$1
    shift
    started="with $limit kB: lockstep $*" out=$work/out err=$work/err code=0
    (
        ulimit -c 0 -v "$limit"
        exec timeout 60 "$lockstep" "$@" >"$out" 2>"$err"
    ) || code=$?
}
unloadable() {
    [ "$code" = 127 ] || { [ "$code" != 0 ] && grep -q 'error while loading shared libraries' "$err"; }
}
# Up to where the loader finds room for the libraries, it is the one who speaks.
least=2000
each_limit() {
    local command words limit
    while limited "$least" status "$work/whole" && unloadable; do least=$((least + kilobytes)); done
    for command in "${commands[@]}"; do
        read -r -d '' -a words <<<"$command" || true
        for ((limit = least; ; limit += kilobytes)); do
            prepare ''
            limited "$limit" "${words[@]}"
            if undisturbed; then break; fi
            if unloadable; then continue; fi # its arguments are longer
            judge "with $limit kB: $command"
        done
    done
}
if [ "${LOCKSTEP_LIMITS:-}" != none ]; then each_limit; fi
limits=$((ended + went_on - arrays))

echo "memory: $arrays refused arrays ($on_two of them on rank 1 of 2) and $limits limits of the address space (from $least kB): $ended clear ends, $went_on went on"
finish
