#!/usr/bin/env bash
# The rules of the house that a script can check, on this tree or the one named: which folder may include which, who
# may call what, sizes, names (CONTRIBUTING.md has the list). One line "file:line: what" each; exit 1 if there is any.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"
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

# anchors DOCUMENT: those that its headings have on the usual sites.
anchors() {
    sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# leads DOCUMENT TARGET: there is such a file, and such a heading in it.
leads() {
    local file=${2%%#*} anchor=${2#*#}
    if [ -n "$file" ]; then file=$(dirname "$1")/$file; else file=$1; fi
    [ -e "$file" ] && { [ "$anchor" = "$2" ] || anchors "$file" | grep -qxF -- "$anchor"; }
}

check_links() {
    local document line target
    project_files | sed -n '/\.md$/p' | while read -r document; do
        sed -n '=; s/\](\([^) ]*\))/\n](\1\n/gp' "$document" | awk '/^[0-9]+$/ { line = $0 } sub(/^\]\(/, "") { print line, $0 }' |
            while read -r line target; do
                [[ $target =~ ^[a-z]+: ]] || leads "$document" "$target" || echo "$document:$line: leads nowhere: $target"
            done
    done
}

violations=$(check_top_level && check_text && check_links)
if [ -n "$violations" ]; then
    echo "$violations"
    exit 1
fi
