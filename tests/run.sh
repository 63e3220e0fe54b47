#!/usr/bin/env bash
# Everything that has to hold before a change lands. See --help.
set -euo pipefail

usage='usage: tests/run.sh [--all]

Installs what is missing (jobs/install.sh test), builds the presets release, dev (warnings are errors) and asan
(AddressSanitizer, UndefinedBehaviorSanitizer) under build/. Runs all tests on release, the units and MPI tests on dev, the
units, a small training that diverges and whole ones on two ranks on asan. Says little about what succeeds; shows the whole output of
what fails. The last line is the sum over all builds in the words of ctest. Exit 0 if everything passed, 1 if anything failed.

--all adds the long part, half an hour and more on two cores: clang-tidy; onnx, onnxruntime, safetensors and tensorboard
from PyPI on what was exported and logged; reports in Chromium; the Debian package, installed in a fresh Debian; 40 stops
and 50 kills; two ranks on the preset tsan, and threads that use the library (ThreadSanitizer, which sees the threads of a
rank, not what ranks share); the preset coverage with all tests but that of the benchmarks, and then the line coverage of
src/ and jobs/ with the lines that nothing reached.'

purpose='test'
case "${1:-}" in
'') ;;
--all) purpose=all ;;
-h | --help)
    echo "$usage"
    exit 0
    ;;
*)
    echo "$usage" >&2
    exit 64
    ;;
esac

SECONDS=0
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs/install.sh "$purpose"
# Not before: it is impatient with name servers, which apt may need.
# shellcheck source=tests/environment.sh
. tests/environment.sh
jobs=$(nproc)
mkdir -p build

build() {
    local log=build/$1.log
    if ! { cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"; } >"$log" 2>&1; then
        cat "$log"
        echo "tests/run.sh: the preset $1 does not build (above; build/$1.log)"
        exit 1
    fi
}

failed=0
total=0
# check PRESET [CTEST OPTION]...: its tests, in build/PRESET-tests.log; only failures and the sum are shown.
check() {
    local log=build/$1-tests.log code=0 sum
    echo "== $1"
    ctest --test-dir "build/$1" -j "$jobs" --output-on-failure --no-tests=error "${@:2}" 2>&1 | tee "$log" |
        sed -u -E '/^(Internal ctest|Test project) /d; /^ *Start +[0-9]+:/d; / Passed +[0-9.]+ sec$/d; /^$/d' || code=$?
    # The last one: a test that failed may show the sum of a ctest that it ran.
    if ! sum=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1); then
        echo "tests/run.sh: ctest ran no tests on $1"
        exit 1
    fi
    read -r _ _ _ bad _ _ _ _ all <<<"$sum"
    failed=$((failed + bad))
    total=$((total + all))
    # A ctest that fails for another reason than a failed test must not be lost.
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "tests/run.sh: ctest itself failed on $1 (exit $code)"
        exit 1
    fi
}

build release
build dev
build asan
check release
# The sources are the same and so is what they compute: the scripts about the whole program run once, above.
check dev -R '^(unit|mpi)/[a-z0-9_-]*$' -E '^mpi/(same_bits|equal)$'
check asan -R '^(unit/|jobs/diverge$|mpi/(sanitized$|(comm|node|reduction)-2$))'

# Beside the usual run.
long_part() {
    check release -C Long -R '^(house/tidy|jobs/readers|jobs/tensorboard|jobs/report_browser|install/package)$'
    LOCKSTEP_STOPS=40 LOCKSTEP_KILLS=50 check release -R '^faults/(stops|kills)$'
    build tsan
    check tsan -R '^mpi/(sanitized$|(comm|node|reduction)-2$)'
    build coverage
    find build/coverage -name '*.gcda' -delete # what other runs have counted
    # Not what the library exports, which is more with the counters; nor limits of memory and files, which these need at the end.
    LOCKSTEP_LIMITS=none check coverage -LE house -E '^(jobs/benchmarks|unit/exports)$'
    tests/coverage.sh build/coverage
}
if [ "$purpose" = all ]; then long_part; fi

echo "== all builds and all tests: $SECONDS s"
echo "$(((total - failed) * 100 / total))% tests passed, $failed tests failed out of $total"
[ "$failed" -eq 0 ]
