#!/bin/sh
# The commands import idx and inspect as a user calls them: output, messages and exit codes. $1: the program.
set -eu
lockstep=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# expect CODE STREAM TEXT COMMAND...: the exit code, and a text that stdout or stderr must hold.
expect() {
    wanted=$1 stream=$2 text=$3
    shift 3
    code=0
    "$@" >stdout 2>stderr || code=$?
    if [ $code != "$wanted" ] || ! grep -qF -- "$text" "$stream"; then
        echo "FAILED: $* gave $code, not $wanted, or \"$text\" is not in its $stream:"
        cat stdout stderr
        exit 1
    fi
}

import() {
    "$lockstep" import idx --train-images "${1:-images}" --train-labels "${2:-labels}" --test-images images \
        --test-labels labels -o "${3:-out.h5}"
}

printf '\0\0\010\003\0\0\0\003\0\0\0\001\0\0\0\002abcdef' >images # 3 images of 1x2
printf '\0\0\010\001\0\0\0\003\001\002\003' >labels
gzip -k labels

expect 0 stdout 'out.h5: 3 training and 3 test images of 1x2 uint8, 3 classes seen (labels 1 to 3)' import images labels.gz
expect 0 stdout '0:0  1:1  2:1  3:1' "$lockstep" inspect out.h5
expect 0 stdout 'pixels  97 to 102, mean 99.5, 0.0 % zeros' "$lockstep" inspect out.h5
expect 0 stdout 'digest of the values: ' "$lockstep" inspect --classes 4 out.h5
expect 65 stderr 'label 3 in row 2 of "/train/labels" is outside [0, 3)' "$lockstep" inspect --classes 3 out.h5
expect 65 stdout '/train/labels  3  ' "$lockstep" inspect --classes 3 out.h5
expect 64 stderr '--classes 0' "$lockstep" inspect --classes 0 out.h5
expect 64 stderr 'usage: lockstep inspect FILE' "$lockstep" inspect
expect 65 stderr 'is not an HDF5 file' "$lockstep" inspect images
expect 66 stderr 'No such file' "$lockstep" inspect absent.h5
expect 64 stderr '--output is missing' "$lockstep" import idx --train-images a --train-labels b --test-images c --test-labels d
expect 66 stderr '"absent": No such file' import absent
expect 64 stderr 'no command "import"; there are "lockstep import idx", "lockstep import safetensors", "lockstep import synth"' "$lockstep" import
expect 64 stderr 'no command "import ixd"; there are "lockstep import idx"' "$lockstep" import ixd
expect 0 stdout '  lockstep predict runs/first/best.h5 ' "$lockstep" predict --help
expect 0 stdout '  import synth ' "$lockstep" import --help
expect 65 stderr 'are the files exchanged?' import labels images
expect 73 stderr 'no/out.h5' import images labels no/out.h5
[ ! -e no ]

# data.sha256 as inspect prints it, and sha256sum; compared before HDF5 sees a byte.
sha256=$(sha256sum out.h5 | cut -d ' ' -f 1)
expect 0 stdout "data.sha256 = \"$sha256\"" "$lockstep" inspect out.h5
echo 'data = { file = "out.h5" }' >sha256.cfg
check_sha256() {
    "$lockstep" train --check sha256.cfg --set "data.sha256=$1"
}
expect 0 stdout '3 training, 3 test samples' check_sha256 "$sha256"
other=$(echo "$sha256" | tr 0-9a-f 1-9a-f0)
expect 65 stderr "\"out.h5\" is not the file that data.sha256 asks for: its SHA-256 is $sha256, not $other; copy it again" \
    check_sha256 "$other"
expect 78 stderr 'the 64 hex digits' check_sha256 "${sha256%?}"
cp out.h5 whole.h5
head -c 1000 whole.h5 >out.h5
expect 65 stderr "not $sha256" check_sha256 "$sha256"
expect 65 stderr 'truncated' check_sha256 ''
"$lockstep" train sha256.cfg --quiet --set data.file=whole.h5 --set "data.sha256=$sha256" --set training.epochs=1 --run run
expect 0 stdout 'accuracy=' "$lockstep" evaluate run/best.h5
expect 0 stdout 'accuracy=' "$lockstep" train sha256.cfg --quiet --set data.file=whole.h5 --set data.sha256= \
    --set training.epochs=1 --run run
printf x >>whole.h5
expect 65 stderr "not $sha256" "$lockstep" evaluate run/best.h5
cp whole.h5 other.h5
expect 0 stdout 'accuracy=' "$lockstep" evaluate run/best.h5 --data other.h5

# A full disk: an error with its exit code, and nothing left.
full_disk() (
    trap '' XFSZ
    ulimit -f 1
    import images labels full.h5
)
expect 74 stderr 'cannot write' full_disk
for left in full*; do [ ! -e "$left" ]; done
