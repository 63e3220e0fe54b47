#!/usr/bin/env bash
# Does clang-tidy 14 find anything in src/ and jobs/ (.clang-tidy says what it looks for) that is not in tests/tidy.known,
# or not find what is there? Other versions find other things: with them this is skipped (exit 77). Called with a build
# directory, which has the compile commands.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"
cd "$here/.."

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || tidy=none
case $("$tidy" --version 2>/dev/null || true) in
*'version 14.'*) ;;
*)
    echo 'skipped: needs clang-tidy 14'
    exit 77
    ;;
esac

# Of each finding: the file, what is found, and the line of source, which stays the same when lines are added above it.
found=$(
    project_files | grep -E '^(src|jobs)/.*\.c$' | grep -v '^src/kernels/reference\.c$' |
        xargs -P "$(nproc)" -n 1 "$tidy" -p "$build" --quiet 2>/dev/null |
        awk -v root="$PWD/" 'finding { sub(/^ +/, ""); print finding " | " $0; finding = "" }
            /: (error|warning): / {
                file = $0
                sub(/:[0-9]+:[0-9]+: .*/, "", file)
                sub(root, "", file)
                check = $0
                sub(/.*\[/, "", check)
                sub(/[],].*/, "", check)
                finding = file " | " check
            }' | LC_ALL=C sort -u
) || true
known=$(sed -E '/^(#|$)/d' tests/tidy.known | LC_ALL=C sort -u)
if [ "$found" != "$known" ]; then
    diff <(echo "$known") <(echo "$found") | sed -n 's/^> /found: /p; s/^< /no longer found, to be taken from tests\/tidy.known: /p'
    exit 1
fi
