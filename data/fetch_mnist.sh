#!/usr/bin/env bash
# Fetches MNIST and makes data/mnist.h5 of it. See --help.
set -euo pipefail

usage='usage: data/fetch_mnist.sh [--no-import] [DIRECTORY]

Fetches the four files of MNIST (11 MB) into DIRECTORY (default: data/mnist of this project, or of the current
directory where only the package is installed) and imports them to DIRECTORY.h5, if the program is built
(build/release/lockstep, else the one in PATH); if not, prints how to import. Each file is tried
from one mirror after the other until its content has the right SHA-256; what is there and right is not fetched again,
and a download that broke off goes on where it stopped, in this call or the next.

Environment:
  LOCKSTEP_MNIST_MIRRORS     other places to fetch from: URLs of directories, separated by blanks; file:// works
  LOCKSTEP_MNIST_SHA256SUMS  a file with other checksums, of the uncompressed files, as sha256sum prints them
  LOCKSTEP                   the program to import with

Exit codes: 0 done; 1 curl is missing; 64 usage; 65 the mirrors gave nothing but wrong contents; 66 no mirror gave the
file; 73 cannot write; those of "lockstep import idx".'

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=
import=yes
for argument; do
    case $argument in
    --no-import) import=no ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    *)
        if [ -n "$directory" ] || [ -z "${argument##-*}" ]; then
            echo "$usage" >&2
            exit 64
        fi
        directory=$argument
        ;;
    esac
done
# The folders of a package are not the user's to write to.
if [ -z "$directory" ]; then
    directory=data/mnist
    if [ -e "$project/CMakeLists.txt" ]; then directory=$project/data/mnist; fi
fi

files=(train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz)
mirrors='https://ossci-datasets.s3.amazonaws.com/mnist
    https://storage.googleapis.com/cvdf-datasets/mnist
    http://yann.lecun.com/exdb/mnist'
# Of the uncompressed files: mirrors have compressed them anew.
checksums='
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte'
most=100000000 # bytes: no file of MNIST is half as long

say() {
    echo "fetch_mnist: $*" >&2
}

# fail CODE MESSAGE
fail() {
    say "$2"
    exit "$1"
}

size_of() {
    if [ -e "$1" ]; then stat -c %s -- "$1"; else echo 0; fi
}

# is_right NAME FILE: FILE is a whole gzip file of NAME's content.
is_right() {
    local wanted
    wanted=$(awk -v name="${1%.gz}" '$2 == name || $2 == "*" name { print $1 }' <<<"$checksums")
    [ -n "$wanted" ] || fail 65 "there is no checksum for ${1%.gz}"
    [ -s "$2" ] && [ "$(gzip -dc <"$2" 2>/dev/null | head -c $most | sha256sum)" = "$wanted  -" ]
}

# download URL PART: as much of URL as comes, appended to what PART has. Goes on after a break, as long as each attempt
# brings something. 0: PART is as long as URL says; 2: PART cannot be the beginning of it; 1: URL does not work.
download() {
    local url=$1 part=$2 before code status progress=(--silent)
    [ ! -t 2 ] || progress=(--progress-bar)
    while :; do
        before=$(size_of "$part")
        code=0
        # 20 s to connect, 60 s with next to nothing: not longer.
        status=$(curl --fail --location "${progress[@]}" --show-error --connect-timeout 20 --speed-limit 100 \
            --speed-time 60 --max-filesize $most --continue-at - --output "$part" --write-out '%{http_code}' \
            -- "$url") || code=$?
        case $code in
        0) return 0 ;;
        23) fail 73 "cannot write $part" ;;
        33 | 36) return 2 ;; # this place cannot go on, or PART is longer than the file
        22) if [ "$status" = 416 ]; then return 2; else return 1; fi ;;
        esac
        if [ "$(size_of "$part")" -le "$before" ]; then return 1; fi
        say "broke off after $(size_of "$part") bytes, going on"
    done
}

# fetch_from MIRROR NAME PART: 0 if PART is right then, 65 if it was not and is thrown away, 66 if nothing came.
fetch_from() {
    local mirror=$1 name=$2 part=$3 begun code
    begun=$(size_of "$part")
    if [ "$begun" -eq 0 ]; then say "$name from $mirror"; else say "$name from $mirror, going on at byte $begun"; fi
    code=0
    download "$mirror/$name" "$part" || code=$?
    [ $code -ne 1 ] || return 66
    if [ $code -eq 0 ] && is_right "$name" "$part"; then return 0; fi
    rm -f -- "$part" || fail 73 "cannot remove $part"
    if [ "$begun" -gt 0 ]; then
        say "what was there of $name does not fit: beginning anew"
        fetch_from "$mirror" "$name" "$part"
        return
    fi
    say "$name from $mirror is damaged or another file (its checksum is wrong): thrown away"
    return 65
}

fetch() {
    local name=$1 file=$directory/$1 mirror code result=66
    local part=$file.part
    if is_right "$name" "$file"; then
        say "$name is there"
        return
    fi
    [ ! -e "$file" ] || say "$name is there, but damaged or another file: fetching the right one"
    fetched=yes
    if is_right "$name" "$part"; then
        mv -f -- "$part" "$file"
        return
    fi
    for mirror in $mirrors; do
        code=0
        fetch_from "${mirror%/}" "$name" "$part" || code=$?
        if [ $code -eq 0 ]; then
            mv -f -- "$part" "$file"
            return
        fi
        [ $code -ne 65 ] || result=65
    done
    [ -s "$part" ] || rm -f -- "$part"
    fail $result "no mirror gave a right $name. Call again to go on, set LOCKSTEP_MNIST_MIRRORS to others, or put the file into $directory"
}

mirrors=${LOCKSTEP_MNIST_MIRRORS:-$mirrors}
if [ -n "${LOCKSTEP_MNIST_SHA256SUMS:-}" ]; then
    checksums=$(cat -- "$LOCKSTEP_MNIST_SHA256SUMS") || fail 66 "cannot read LOCKSTEP_MNIST_SHA256SUMS"
fi
command -v curl >/dev/null || fail 1 'curl is missing (Debian, Ubuntu: apt-get install curl ca-certificates)'
mkdir -p -- "$directory" || fail 73 "cannot create $directory"
directory=$(cd -- "$directory" && pwd)

fetched=no
for file in "${files[@]}"; do fetch "$file"; done

output=$directory.h5
program=${LOCKSTEP:-$project/build/release/lockstep}
[ -x "$program" ] || program=$(command -v lockstep) || program=lockstep
command=("$program" import idx --train-images "$directory/${files[0]}" --train-labels "$directory/${files[1]}"
    --test-images "$directory/${files[2]}" --test-labels "$directory/${files[3]}" -o "$output")
if [ $import = yes ] && [ "$program" != lockstep ]; then
    if [ $fetched = no ] && [ -e "$output" ]; then
        say "$output is there"
    else
        "${command[@]}"
    fi
else
    say 'all four files are there. To import them:'
    printf '%q ' "${command[@]}"
    echo
fi
