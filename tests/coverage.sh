#!/usr/bin/env bash
# tests/coverage.sh BUILD: which lines of src/ and jobs/ the programs of this build directory (preset coverage) have
# reached since it was made: a line for each file that has some which were not, and the sums. A rank that is killed or
# ends the job for the others counts nothing.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The references are the tests' own. gcovr 5 stumbles over negative numbers of returns, which nobody asks for: of calls of
# what a signal or the watchdog's thread interrupted.
gcovr "$build" --gcov-ignore-parse-errors --root . --object-directory "$build" --filter src/ --filter jobs/ \
    --exclude src/kernels/reference.c --txt >"$build/coverage.txt" 2>"$build/gcovr.log" || {
    cat "$build/gcovr.log"
    exit 1
}
# File, lines, reached, percent, numbers of the others.
awk '
    /^(src|jobs)\// {
        part = substr($1, 1, index($1, "/"))
        lines[part] += $2
        reached[part] += $3
        if ($3 < $2) printf "%-34s %4d of %4d lines; not %s\n", $1, $3, $2, $5
    }
    END {
        for (part in lines)
            printf "coverage of %s: %.1f %% of %d lines\n", part, 100 * reached[part] / lines[part], lines[part]
        if (!reached["src/"]) print "coverage: nothing was counted"
        exit !reached["src/"]
    }' "$build/coverage.txt"
