#!/usr/bin/env bash
# The long fuzz campaigns; the short ones are tests (ctest -R fuzz/). See --help.
set -euo pipefail

usage='usage: tests/fuzz/campaign.sh TARGET EXECUTIONS [DIRECTORY]

Builds the preset fuzz (clang-14 with libclang-rt-14-dev: the names of Debian 12) and runs one target so many times. TARGET:
  config, idx, picture, safetensors  by libFuzzer, guided by coverage, in slices of 10^6 executions, a process on each
                                     processor
  dataset, checkpoint  by mutations of small HDF5 files (libhdf5 is not compiled here, so there is nothing to guide)
DIRECTORY (default build/fuzz/TARGET) keeps what covers something new, and findings. One line of figures at the end; exit 1
if there was a crash, a report of a sanitizer, a hang or a leak.'

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    [ "${1:-}" = --help ] || exec >&2
    echo "$usage"
    [ "${1:-}" = --help ] && exit 0 || exit 64
fi
target=$1 executions=$2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
directory=${3:-build/fuzz/$target}
kept=tests/fuzz/corpus/$target
slice=1000000
workers=$(nproc)
# A signal within libhdf5 has to reach the process that reads apart; in the others it ends a campaign all the same. What
# libhdf5 asks for by a claim in a file it does not get, as without the sanitizer.
export ASAN_OPTIONS=quarantine_size_mb=16:allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0
export LSAN_OPTIONS=suppressions=$PWD/tests/fuzz/libraries.lsan:print_suppressions=0

mkdir -p "$directory/findings"
{ cmake --preset fuzz && cmake --build --preset fuzz -j "$(nproc)"; } >"$directory/build.log" 2>&1 || {
    cat "$directory/build.log"
    exit 1
}
programs=build/fuzz/tests/fuzz

# guided_slice RUNS LOG: a process for each slice: what a library forgets over many refused inputs must not look like the
# end of memory. Leaks are looked for at the end of each (-detect_leaks=0 spares the look after every input that lost
# something). It takes up what the others add to the corpus.
guided_slice() {
    local corpus=("$directory/corpus" "$kept")
    [ "$target" != config ] || corpus+=(configs)
    "$programs/libfuzzer_$target" -runs="$1" -max_len=1024 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -detect_leaks=0 -reload=1 -artifact_prefix="$directory/findings/" "${corpus[@]}" >"$2" 2>&1
}

guided() {
    local done=0 runs w jobs
    mkdir -p "$directory/corpus"
    while [ "$done" -lt "$executions" ]; do
        runs=$(((executions - done + workers - 1) / workers))
        jobs=()
        for ((w = 0; w < workers; w++)); do
            guided_slice $((runs < slice ? runs : slice)) "$directory/log.$w" &
            jobs+=($!)
        done
        for ((w = 0; w < workers; w++)); do
            wait "${jobs[w]}" || {
                tail -n 40 "$directory/log.$w"
                exit 1
            }
            done=$((done + $(sed -n 's/^stat::number_of_executed_units: *//p' "$directory/log.$w")))
        done
    done
    echo "fuzz $target: $done executions by libFuzzer, $(grep -oh 'cov: [0-9]* ft: [0-9]* corp: [0-9]*' "$directory/log.0" | tail -n 1)," \
        "0 crashes, reports, hangs, leaks; $SECONDS s, $((done / (SECONDS > 0 ? SECONDS : 1))) executions a second"
}

case $target in
config | idx | picture | safetensors) guided ;;
dataset | checkpoint)
    "$programs/make_corpus" "$directory/corpus"
    corpus=("$directory/corpus/$target")
    [ ! -d "$kept" ] || corpus+=("$kept")
    "$programs/fuzz_$target" "$executions" "$directory/findings" "${corpus[@]}" 2>"$directory/survived.log"
    echo "of these ended libhdf5 in the process apart: $(grep -c '^survived: ' "$directory/survived.log" || true)"
    ;;
*)
    echo "$usage" >&2
    exit 64
    ;;
esac
