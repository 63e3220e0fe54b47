#!/usr/bin/env bash
# cmake --install into an empty folder, and use of what is there alone: the program and the training of an installed config, the
# example against the library by CMake and by pkg-config, the header in C++, the batch scripts. Called by ctest:
# installed.sh PROGRAM MAKE_DATASET CMAKE BUILD
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/links.sh
. "$tests/links.sh"
cmake=$3
prefix=$work/prefix
"$cmake" --install "$4" --prefix "$prefix" >"$work/log" || {
    cat "$work/log"
    exit 1
}
version=$("$lockstep" --version)
lockstep=$prefix/bin/lockstep
own=$prefix/share/lockstep
mkdir -p "$work/place/data"
cd "$work/place"
export PATH=$prefix/bin:$PATH


# A training by an installed config, and images for the example: those that predict sees, as bytes.
"$lockstep" import synth --train 200 --test 50 -o data/synth.h5 >/dev/null
start 2 train "$own/configs/synth.cfg" --run run --set training.epochs=2
check 'an installed config trains' [ "$(cat "$work/code.2")" = 0 ]
check 'by the program of this build' [ "$("$lockstep" --version)" = "$version" ]
"$lockstep" predict run/best.h5 data/synth.h5 >expected.csv
"$lockstep" train "$own/configs/synth.cfg" --run run-bf16 --set training.epochs=2 --set training.compute=bf16 --quiet >/dev/null
"$lockstep" predict run-bf16/best.h5 data/synth.h5 >expected-bf16.csv
check 'bf16 says something else' [ "$(cmp expected.csv expected-bf16.csv | wc -l)" = 1 ]
h5dump -d /test/images -b LE -o images data/synth.h5 >/dev/null

# answers WHAT PROGRAM...: its answers to the images are those of the program.
answers() {
    "${@:2}" run/best.h5 <images >"$work/said.csv" || true
    check "$1 says what the program says" same "$work/said.csv" expected.csv
    "${@:2}" run-bf16/best.h5 <images >"$work/said.csv" || true
    check "$1 says what the program says in bf16" same "$work/said.csv" expected-bf16.csv
}
documents=$prefix/share/doc/lockstep
example=$documents/example
{
    "$cmake" -S "$example" -B by-cmake -DCMAKE_PREFIX_PATH="$prefix"
    "$cmake" --build by-cmake
} >"$work/log" 2>&1 || cat "$work/log"
answers 'the example by CMake' by-cmake/classify

libraries=$(dirname "$(find "$prefix" -name liblockstep.so)")
export PKG_CONFIG_PATH=$libraries/pkgconfig LD_LIBRARY_PATH=$libraries
read -ra flags < <(pkg-config --cflags --libs lockstep)
cc -std=c11 -pedantic -Wall -Wextra -Werror "$example/classify.c" "${flags[@]}" -o by-pkg-config
answers 'the example by pkg-config' ./by-pkg-config
check 'pkg-config knows the version' [ "$("$lockstep" --version | head -n 1)" = "lockstep $(pkg-config --modversion lockstep)" ]
code=0 err=$work/err
./by-pkg-config absent.h5 2>"$err" </dev/null || code=$?
check 'the example ends as the program does' [ "$code" = 66 ]
check 'and says why' grep -q absent.h5 "$err"

cat >plus.cpp <<'CODE'
#include <lockstep/lockstep.h>
int main() { return lockstep_version()[0] - '0' - LOCKSTEP_VERSION_MAJOR; }
CODE
c++ -std=c++11 -pedantic -Wall -Wextra -Werror plus.cpp "${flags[@]}" -o plus
check 'the header is C++ too' ./plus

# Without LOCKSTEP the batch scripts take the program of the PATH.
check 'the batch scripts work from where they are installed' \
    "$tests/slurm/batch.sh" "$lockstep" "$make_dataset" "$own"
# shellcheck disable=SC2016 # expanded there
check 'and find the program' [ "$(env -u LOCKSTEP name=test CONFIG=none LOCKSTEP_PROJECT="$own" \
    bash -c '. "$LOCKSTEP_PROJECT/slurm/common.sh" && command -v "$LOCKSTEP"')" = "$lockstep" ]
# shellcheck disable=SC2016
while read -r sourced; do
    check "and $sourced is there" [ -r "$own/$sourced" ]
done < <(grep -hoE '^ *\. "\$LOCKSTEP_PROJECT/[a-z/.]+' -r "$own/slurm" | sed 's/.*PROJECT\///')
check 'the README is there' [ -s "$documents/README.md" ]
dead=$(find "$prefix" -name '*.md' | dead_links)
check "no link of a document leads nowhere: $dead" [ -z "$dead" ]
check 'no file names the folder that it was built in' [ -z "$(grep -rlIF "$4" "$prefix")" ]
finish
