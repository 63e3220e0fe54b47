# Sourced by what looks at the links of documents in Markdown.
# shellcheck shell=bash

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

# dead_links: of the documents on stdin, a line for each link that leads to no file or heading.
dead_links() {
    local document line target
    while read -r document; do
        sed -n '=; s/\](\([^) ]*\))/\n](\1\n/gp' "$document" | awk '/^[0-9]+$/ { line = $0 } sub(/^\]\(/, "") { print line, $0 }' |
            while read -r line target; do
                [[ $target =~ ^[a-z]+: ]] || leads "$document" "$target" || echo "$document:$line: leads nowhere: $target"
            done
    done
}
