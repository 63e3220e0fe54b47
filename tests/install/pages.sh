#!/usr/bin/env bash
# The manual pages and the completion say what --help says. Called by ctest: pages.sh PROGRAM MAKE_DATASET PAGES, the folder that
# the build wrote them to.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
pages=$3

# A page as plain text.
page() {
    mandoc -T utf8 "$1" | col -b | tr -s ' \n' ' ' | sed 's/‐/-/g'
}
names=$("$lockstep" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\( [a-z]*\)\?\)  .*/\1/p')
start 0 --help
check 'mandoc has nothing to say' mandoc -T lint "$pages"/man*/*
overview=$(page "$pages/man1/lockstep.1")
while read -r name; do
    read -ra words <<<"$name"
    start 0 "${words[@]}" --help
    file=$pages/man1/lockstep-${name/ /-}.1
    check "$name is among the commands" [ -n "$(grep -F " $name " <<<"$overview")" ]
    text=$(page "$file")
    while read -r option; do
        check "the page of $name has $option" [ -n "$(grep -F -- " $option" <<<"$text")" ]
    done < <(grep -oE '^ {2,6}(-[a-z], )?--[a-z-]+( [^ ]+)?' "$out" | sed 's/^ *//')
done <<<"$names"
check 'a page for each command, and one of all' [ "$(wc -l <<<"$names")" = $(($(find "$pages/man1" -type f | wc -l) - 1)) ]
for code in 0 1 64 65 66 70 73 74 75 78; do
    check "the exit code $code" [ -n "$(grep -E " $code [a-z]" <<<"$overview")" ]
done
check 'the variables of the environment' [ -n "$(grep -F LOCKSTEP_ISA <<<"$overview")" ]
settings=$(page "$pages/man5/lockstep-settings.5")
while read -r setting; do
    check "the setting $setting" [ -n "$(grep -F " $setting " <<<"$settings")" ]
done < <("$lockstep" --help settings | awk '/^[a-z.]+$/ { group = $1 } /^  [a-z]/ { print group "." $1 }')

# completes LINE EXPECTED [FUNCTION]: what bash would offer at its end, sorted.
mkdir -p "$work/place/folder"
cd "$work/place"
touch one.cfg two.h5
# shellcheck source=/dev/null
. "$pages/completions/lockstep"
completes() {
    local COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    "${3:-_lockstep}"
    check "after \"$1\" comes \"$2\", not \"${COMPREPLY[*]}\"" [ "$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')" = "$2" ]
}
completes 'lockstep tr' 'train'
completes 'lockstep import ' 'idx safetensors synth'
completes 'lockstep --v' '--version'
completes 'lockstep --help se' 'settings'
completes 'lockstep --help settings ' ''
completes 'lockstep train --res' '--resume'
completes 'lockstep train --resume a' 'auto'
completes 'lockstep train --resume t' 'two.h5'
completes 'lockstep train o' 'one.cfg'
completes 'lockstep train one.cfg --run ' 'folder'
completes 'lockstep train one.cfg --ranks ' ''
completes 'lockstep train one.cfg --set model.act' 'model.activation='
completes 'lockstep train one.cfg --set model.activation=r' 'relu'
completes 'lockstep train one.cfg --set=model.activation=t' 'tanh'
completes 'lockstep train --resume=n' 'none'
completes 'lockstep status ' 'folder'
completes 'lockstep import synth -o t' 'two.h5'
completes 'lockstep doctor -n ' ''
for line in 'mpirun -n 4 lockstep' 'srun  build/release/lockstep'; do
    completes "$line tr" 'train' _lockstep_behind
    completes "$line train one.cfg --set model.activation=r" 'relu' _lockstep_behind
done
completes 'mpirun lockstep train one.cfg --run lockstep --set=model.activation=t' 'tanh' _lockstep_behind
for line in 'mpirun -n 4 lock' 'mpirun -n 4 lockstep' 'mpirun -n 4 other lockstep-like tr'; do
    completes "$line" '' _lockstep_behind
done
finish
