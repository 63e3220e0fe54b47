#!/usr/bin/env bash
# The rules of the house that a script can check, on this tree or the one named: which folder may include which, who
# may call what, sizes, names (CONTRIBUTING.md has the list). One line "file:line: what" each; exit 1 if there is any.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"
# shellcheck source=tests/links.sh
. "$here/links.sh"
cd "${1:-$here/..}"

top_level=(CMakeLists.txt CMakePresets.json README.md CONTRIBUTING.md LICENSE SECURITY.md .clang-format .clang-tidy .gitignore .ci
    src include jobs tests configs data slurm)

check_top_level() {
    local entry
    project_files | cut -d/ -f1 | LC_ALL=C sort -u | while read -r entry; do
        case " ${top_level[*]} " in
        *" $entry "*) ;;
        *) echo "$entry:1: not among the entries of the top folder" ;;
        esac
    done
}

check_text() {
    # grep leaves out binary files.
    project_files | tr '\n' '\0' | LC_ALL=C xargs -0 grep -Il '' | tr '\n' '\0' |
        LC_ALL=C xargs -0 awk -f "$here/floors.awk"
}

violations=$(check_top_level && check_text && project_files | sed -n '/\.md$/p' | dead_links)
if [ -n "$violations" ]; then
    echo "$violations"
    exit 1
fi
