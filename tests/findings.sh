# Sourced after program.sh by the tests of doctor: what was heard last found this or that. The variables are program.sh's.
# shellcheck shell=bash disable=SC2154

# hide_slurm: this machine may have Slurm's programs, and no cluster that answers: to doctor there is no srun (a shell's code for that).
hide_slurm() {
    mkdir "$work/no-slurm"
    printf '#!/bin/sh\nexit 127\n' >"$work/no-slurm/srun"
    chmod +x "$work/no-slurm/srun"
    export PATH=$work/no-slurm:$PATH
}

# has_line FILE WORD...: a line has them all.
has_line() {
    local line word
    while IFS= read -r line; do
        for word in "${@:2}"; do
            [[ $line == *"$word"* ]] || continue 2
        done
        return 0
    done <"$1"
    return 1
}

# finds SEVERITY CHECK WORDS: one line of it has each of the words (separated by |).
finds() {
    local words
    IFS='|' read -ra words <<<"$3"
    check "$1 $2: $3, in: $(<"$out")" has_line "$out" "$(printf "%-8s %-14s " "$1" "$2")" "${words[@]}"
}

# healthy WHAT: nothing was found.
healthy() {
    check "$1: exit code 0" [ "$code" = 0 ]
    check "$1: nothing found, in: $(<"$out")" grep -qx '0 problems, 0 warnings' "$out"
}

# ill WHAT: there is a problem, and one message of ours on stderr.
ill() {
    check "$1: exit code 70" [ "$code" = 70 ]
    check "$1: one message" [ "$(grep -c '^lockstep: error: ' "$err")" = 1 ]
}
