#!/usr/bin/env bash
# The pictures of README.md, from trainings that it does itself. See --help.
set -euo pipefail
export name=jobs/pictures/make.sh

export usage='usage: jobs/pictures/make.sh [FOLDER]

Makes the pictures of README.md, in jobs/pictures or in FOLDER: trains on MNIST with the program in build/release (2 ranks, of which one is
killed; going on alone; stopped; going on with 2), trains once more with tanh, and photographs pages of "lockstep report".
Needs data/mnist.h5 and the Debian package chromium. Exit codes: 0, 64 wrong usage, 66 something is not there, 70 a training
or the browser failed, 73 the folder cannot be made.'

case "${1:-}" in
-h | --help)
    echo "$usage"
    exit 0
    ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m -- "${1:-$here}")
cd "$here/../.."
# shellcheck source=jobs/common.sh
. jobs/common.sh
# shellcheck source=jobs/environment.sh
. jobs/environment.sh
# shellcheck source=jobs/pictures/browser.sh
. jobs/pictures/browser.sh
case $#:${1:-} in
0: | 1:[!-]*) ;;
*) wrong_usage 'takes one folder or none' ;;
esac
project=$PWD
lockstep=$project/build/release/lockstep
[ -x "$lockstep" ] || fail 66 'no build/release/lockstep: cmake --preset release && cmake --build --preset release'
[ -r data/mnist.h5 ] || fail 66 'no data/mnist.h5: data/fetch_mnist.sh makes it'
command -v chromium >/dev/null || fail 66 'no chromium: apt-get install chromium'
mkdir -p "$folder" 2>/dev/null || fail 73 "cannot make the folder $folder: name another"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Pages show where a run lies: a path of everybody's.
cd "$work"
ln -s "$project/data" data

# train CODE RANKS RUN [ARGUMENT]...: a start that ends with this exit code.
train() {
    local code=0
    mpirun -n "$2" "${shared_cores[@]}" "$lockstep" train "$project/configs/mnist.cfg" --run "$3" --quiet "${@:4}" </dev/null >said 2>&1 ||
        code=$?
    [ "$code" = "$1" ] || fail 70 "a training ended with $code and not with $1: $(<said)"
}

# photograph PICTURE PAGE SCHEME HIDDEN: the page without the elements that a CSS selector names, as high as what is left. SCHEME: 0 dark,
# 1 light.
photograph() {
    local page=$work/page.html height options=(--blink-settings=preferredColorScheme="$3")
    sed -e "s|</head>|<style>$4{display:none}section{margin-top:.75rem}</style>&|" \
        -e 's|</body>|<script>document.body.dataset.height = document.body.scrollHeight</script>&|' "$2" >"$page"
    height=$(browse "${options[@]}" --window-size="$width,100" --dump-dom "file://$page" | sed -n 's/.*data-height="\([0-9]*\)".*/\1/p')
    [ -n "$height" ] || fail 70 "the browser does not show $1"
    browse "${options[@]}" --window-size="$width,$height" --screenshot="$folder/$1" "file://$page" ||
        fail 70 "the browser makes no $1"
    echo "$folder/$1"
}

# Legible where a README is some 850 pixels wide, and room for the two tables of the classes side by side.
width=960
say 'trains: some 20 s on two idle cores'
LOCKSTEP_FAULT=raise-kill-compute:1:3300 train 137 2 runs/mnist --set log.seconds=0.1
train 75 1 runs/mnist --stop-after-steps 2500
train 0 2 runs/mnist
train 0 2 runs/tanh --set model.activation=tanh
"$lockstep" report runs/mnist -o report.html >/dev/null
"$lockstep" report runs/mnist runs/tanh -o comparison.html >/dev/null
photograph report-light.png report.html 1 'main>:not(header,#curves),#curves>:not(h2,figure:nth-of-type(-n+2)),footer'
photograph report-dark.png report.html 0 'main>:not(#classes,#mistakes),.images li:nth-child(n+31),footer'
photograph comparison.png comparison.html 1 'main>:not(header,#figures,#curves),#curves>:not(h2,figure:nth-of-type(2n+1)),footer'
