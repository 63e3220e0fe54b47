#!/usr/bin/env bash
# Is all C code formatted as .clang-format says? With --fix: formats it. clang-format 14 is the reference, other versions
# disagree with it in details: with them this is skipped (exit 77).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"
cd "$here/.."

formatter=$(command -v clang-format-14 || command -v clang-format) || formatter=none
case $("$formatter" --version 2>/dev/null || true) in
*'version 14.'*) ;;
*)
    echo 'skipped: needs clang-format 14'
    exit 77
    ;;
esac
mapfile -t sources < <(project_files | grep -E '\.[ch]$')
if [ "${1:-}" = --fix ]; then
    "$formatter" -i "${sources[@]}"
else
    "$formatter" --dry-run --Werror "${sources[@]}" || {
        echo 'tests/format.sh --fix mends it'
        exit 1
    }
fi
