#!/usr/bin/env bash
# tests/fused.sh OBJDUMP FILE...: a fused multiply-add where one is written, and nowhere else: so that the portable kernel
# set runs on, and is tested for, processors without it. FILE: libraries, and object files of the kernel sets, in folders
# kernels_SET.dir. Every set but portable must have the instruction; nothing else may, nor, on x86-64, use the x87, which
# rounds to a width of its own.
set -euo pipefail

objdump=$1
shift
multiply_add=$':\t(vfn?m(add|sub)|fn?m(add|sub)|fml[as])'
x87=$':\tf'
declare -A found
failed=0

# has_none FILE CODE PATTERN WHAT
has_none() {
    local line
    if line=$(grep -m 1 -E "$3" <<<"$2"); then
        echo "$1 $4: $line"
        failed=1
    fi
}

for file in "$@"; do
    code=$("$objdump" -d --no-show-raw-insn "$file")
    if [[ $file =~ /kernels_([a-z0-9]+)\.dir/ ]] && [ "${BASH_REMATCH[1]}" != portable ]; then
        set=${BASH_REMATCH[1]}
        found[$set]=$((${found[$set]:-0} + $(grep -cE "$multiply_add" <<<"$code" || true)))
    else
        has_none "$file" "$code" "$multiply_add" 'has a fused multiply-add'
    fi
    if [[ $code == *elf64-x86-64* ]]; then has_none "$file" "$code" "$x87" 'uses the x87'; fi
done

# A name that is never found would be found nowhere else either.
for set in "${!found[@]}"; do
    echo "$set: ${found[$set]} fused multiply-adds"
    if [ "${found[$set]}" = 0 ]; then failed=1; fi
done
if [ ${#found[@]} = 0 ]; then
    echo 'no kernel set with the instruction among the files'
    failed=1
fi
[ "$failed" = 0 ]
