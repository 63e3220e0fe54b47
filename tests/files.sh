# Sourced. project_files: every file under the current directory but those that .gitignore names, one a line, sorted.
# Not git ls-files, for a tree without git and for new files; of .gitignore's syntax it knows what ours uses, and passes
# over its exceptions, which are no text.
# shellcheck shell=bash

project_files() {
    local ignored=(-path ./.git) pattern
    while read -r pattern; do
        case $pattern in
        '' | '#'* | '!'*) ;;
        /*) ignored+=(-o -path ".${pattern%/}") ;;
        *) ignored+=(-o -name "${pattern%/}") ;;
        esac
    done <.gitignore
    find . \( "${ignored[@]}" \) -prune -o -type f -printf '%P\n' | LC_ALL=C sort
}

# project_scripts: those of them that are shell scripts.
project_scripts() {
    local file
    project_files | while read -r file; do
        case $file in
        *.sh | *.sbatch) echo "$file" ;;
        *.*) ;;
        *) if head -n 1 "$file" | grep -Eqa '^#!.*[/ ](ba|da)?sh\>'; then echo "$file"; fi ;;
        esac
    done
}
