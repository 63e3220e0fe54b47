#!/usr/bin/env bash
# tests/exports.sh HEADER LIBRARY: the library shows the functions that its header declares, and no other name; it asks of
# others nothing that ends a process, handles signals, starts processes or belongs to MPI.
set -euo pipefail

declared=$(grep -oE '\<lockstep_[a-z0-9_]+\(' "$1" | tr -d '(' | LC_ALL=C sort -u)
# A symbol of type A is the version's own.
shown=$(nm -D --defined-only "$2" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort)
if [ "$declared" != "$shown" ]; then
    echo "declared (<) and shown (>) differ:"
    diff <(echo "$declared") <(echo "$shown")
    exit 1
fi
unwanted='^(_?exit|_Exit|quick_exit|abort|v?fork|posix_spawn.*|system|popen|signal|sigaction|sigprocmask|pthread_(create|sigmask)|MPI_.*|(__)?v?printf(_chk)?|puts|perror)$'
if asked=$(nm -D --undefined-only "$2" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -E "$unwanted"); then
    echo "the library asks for" "$asked"
    exit 1
fi
echo "$(wc -l <<<"$shown") functions"
