#!/usr/bin/env bash
# The digest of the sources that --version tells: the same in any directory and on any day, another one for any change of
# a source or of a flag. Called by ctest: source_digest.sh CMAKE
set -euo pipefail
cmake=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failures=0
fail() {
    echo "FAILED: $1"
    failures=$((failures + 1))
}
# copy TREE: the sources, without git, as of today.
copy() {
    mkdir -p "$work/$1"
    (cd "$here/.." && cp -r CMakeLists.txt include src jobs "$work/$1")
}
# digest_of TREE [OPTION]...: what building the tree would put into the program.
digest_of() {
    {
        "$cmake" -S "$work/$1" -B "$work/$1/build" -DBUILD_TESTING=OFF "${@:2}"
        "$cmake" --build "$work/$1/build" --target source_digest
    } >"$work/log" 2>&1 || cat "$work/log" >&2
    sed -n 's/.*= "\([0-9a-f]\{32\}\)";$/\1/p' "$work/$1/build/src/source_digest.c"
}
# changed WHAT: the digest of the tree is none that it had before.
seen=
changed() {
    local digest
    digest=$(digest_of one "${@:2}")
    [ -n "$digest" ] || fail "$1: no digest"
    case " $seen" in *" $digest "*) fail "$1 does not change the digest" ;; esac
    seen+="$digest "
}

copy one
copy 'another/place'
changed 'the first'
[ "$(digest_of another/place)" = "${seen% }" ] || fail 'the same sources in another place have another digest'
find "$work/one/src" -name '*.c' -exec touch {} +
[ "$(digest_of one)" = "${seen% }" ] || fail 'the same sources on another day have another digest'
[ "$(digest_of one "-DCMAKE_C_FLAGS=-ffile-prefix-map=$work/one=.")" = \
    "$(digest_of another/place "-DCMAKE_C_FLAGS=-ffile-prefix-map=$work/another/place=.")" ] ||
    fail 'the place counts among the flags'
changed 'an option' -DCMAKE_C_FLAGS=-fwrapv
changed 'the sanitizers' -DCMAKE_C_FLAGS= -DLOCKSTEP_SANITIZE=ON
changed 'the kind of build' -DLOCKSTEP_SANITIZE=OFF -DCMAKE_BUILD_TYPE=Debug
for file in src/base/clock.c src/kernels/simd.h jobs/main.c include/lockstep/lockstep.h src/CMakeLists.txt; do
    echo >>"$work/one/$file"
    changed "a line more in $file"
done
echo '/* nothing */' >"$work/one/src/base/more.h"
changed 'a file more'
mv "$work/one/src/base/more.h" "$work/one/src/base/mores.h"
changed 'a file of another name'
rm "$work/one/src/base/mores.h" "$work/one/jobs/command.h"
changed 'a file less'
[ "$failures" = 0 ]
