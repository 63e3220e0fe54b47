#!/usr/bin/env bash
# Each system call of a training on its run directory fails once, in each way that it may: at the k-th call for every k
# that there is, from nothing and going on from a checkpoint, by strace; and writes and reads are cut short, by
# short_calls.c. A training goes on, or ends with 73 (before its first step) or 74 and names the path; what it acknowledged is
# there; the next start ends as if nothing had been. An interruption is not noticed at all.
# LOCKSTEP_SYSCALLS=all tries all of them instead of every few.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"
short_calls=$3
if ! strace -qq true 2>/dev/null; then
    echo 'SKIPPED: strace is not here, or may not trace'
    exit 77
fi
# One of so many is tried, another one of each call and error at each place.
stride=7
[ "${LOCKSTEP_SYSCALLS:-}" != all ] || stride=1

host=$(hostname)
"$make_dataset" good "$work/good.h5"
# 10 steps, checkpoints after 2, 4, 5, 6, 8 and 10, and two best ones.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 2, batch_size = 43 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
checkpoint: { every_steps = 2 }
log: { seconds = 1000.0 }
TEXT

start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "undisturbed" [ "$code" = 0 ]
line=$(<"$out")
results "$work/whole" >"$work/whole.results"
# To go on from: stopped within the second epoch; the process before left half a checkpoint.
start 0 train "$work/config.cfg" --run "$work/half" --quiet --stop-after-steps 7
check "to go on from" [ "$code" = 75 ]
echo half >"$work/half/checkpoints/.ckpt-8.tmp.$host.1"

# The names in a run directory that process $1 can touch, as options of strace.
paths_of() {
    local run=$2 name
    for name in '' /lock /log.txt /metrics.jsonl /config.cfg /.config.cfg.tmp /predictions.csv /.predictions.csv.tmp \
        /best.h5 /.ckpt-{5,10}.tmp."$host.$1" /checkpoints /checkpoints/.ckpt-8.tmp."$host.1" \
        /checkpoints/step-00000000{02,04,05,06,07,08,10}.h5 /checkpoints/.ckpt-{2,4,5,6,7,8,10}.tmp."$host.$1"; do
        paths+=(-P "$run$name")
    done
}

# traced DIRECTORY OPTION...: a training in its run, under strace with these options, whose lines go to the file trace.
# strace -D keeps the process: the number that is part of the names is known before.
traced() {
    local directory=$1 paths=()
    shift
    code=0
    (
        paths_of "$BASHPID" "$directory/run"
        exec strace -D -qq -o /dev/fd/3 "${paths[@]}" "$@" \
            "$lockstep" train "$work/config.cfg" --run "$directory/run" --quiet >"$directory/out" 2>"$directory/err"
    ) 3>&1 | cat >"$directory/trace" || code=${PIPESTATUS[0]}
}

# prepare DIRECTORY SCENARIO
prepare() {
    rm -rf "$1"
    mkdir -p "$1"
    [ "$2" = fresh ] || cp -r "$work/half" "$1/run"
}

# The errors that a call may end with.
errors_of() {
    case $1 in
    openat) echo ENOSPC EIO EINTR EDQUOT EROFS EMFILE ;;
    write | pwrite64 | fsync | close) echo ENOSPC EIO EINTR EDQUOT ;;
    rename | mkdir | unlink | unlinkat | ftruncate) echo ENOSPC EIO EINTR EDQUOT EROFS ;;
    fcntl) echo ENOLCK EIO EINTR ;;
    *) echo EIO EINTR ;;
    esac
}

# shortened DIRECTORY CALL K: a training in its run whose K-th such call does half of its work.
shortened() {
    code=0
    LD_PRELOAD=$short_calls SHORT_CALL=$2 SHORT_DIRECTORY=$1/run SHORT_AT=$3 SHORT_REPORT=$1/calls \
        "$lockstep" train "$work/config.cfg" --run "$1/run" --quiet >"$1/out" 2>"$1/err" || code=$?
}

# list_errors SCENARIO, list_short SCENARIO: the tries, one a line: SCENARIO CALL ERROR K.
list_errors() {
    local count call error k
    prepare "$work/list" "$1"
    traced "$work/list"
    while read -r count call; do
        sites=$((sites + count))
        for error in $(errors_of "$call"); do
            for ((k = 1; k <= count; k++)); do echo "$1 $call $error $k"; done
        done
    done < <(sed -nE 's/^([a-z0-9_]+)\(.*/\1/p' "$work/list/trace" | sort | uniq -c) >>"$work/tries"
}
list_short() {
    local call k
    for call in write read; do
        prepare "$work/list" "$1"
        shortened "$work/list" "$call" 0
        for ((k = 1; k <= $(<"$work/list/calls"); k++)); do echo "$1 $call SHORT $k"; done >>"$work/tries"
    done
}

# The last step whose numbered checkpoint the records of a run acknowledge; 0 if none.
acknowledged() {
    sed -nE 's/.*"event":"checkpoint","step":([0-9]+),"file":"[^"]*step-.*/\1/p' "$1/run/metrics.jsonl" 2>/dev/null |
        sort -n | tail -n 1 | grep . || echo 0
}
# The steps that the last record of an event tells; the number of such records.
last_start() {
    sed -nE 's/.*"event":"(start|resume)","step":([0-9]+).*/\2/p' "$1/run/metrics.jsonl" | tail -n 1
}
starts() {
    grep -cE '"event":"(start|resume)"' "$1/run/metrics.jsonl" 2>/dev/null || true
}
last_step() {
    sed -nE 's/.*"event":"step","step":([0-9]+).*/\1/p' "$1/run/metrics.jsonl" 2>/dev/null | tail -n 1
}

# violated WHAT: tells it with the try.
violated() {
    echo "$try: $1 (exit code $code)"
    sed 's/^/    /' "$directory/err"
}

# No descriptor is synced again after its fsync has failed, until it is closed.
is_synced_once() {
    awk -F '[()]' '
        /^close\(/ { delete failed[$2] }
        /^fsync\(/ && $2 in failed { again = 1 }
        /^fsync\(/ && /= -1 E/ && !/EINTR/ { failed[$2] = 1 }
        END { exit again }' "$directory/trace"
}
has_all_records() {
    results "$directory/run" 2>/dev/null | cmp -s - "$work/whole.results"
}

# After the try in $directory.
judge_try() {
    case $code in
    0)
        [ "$(<"$directory/out")" = "$line" ] || violated 'another result'
        has_all_records || violated 'records are missing'
        "$lockstep" verify "$directory/run" >/dev/null 2>"$directory/err" || violated 'verify finds something'
        ;;
    73 | 74)
        grep -q "^lockstep: error: .*$directory/run" "$directory/err" || violated 'the message names no path'
        [ "$code" = 74 ] || [ "$(last_step "$directory")" = "$1" ] || violated 'cannot create, after it has trained'
        ;;
    *) violated 'neither 0 nor 73 nor 74' ;;
    esac
}
# Nothing was noticed.
judge_unseen() {
    if [ "$code" != 0 ] || [ -s "$directory/err" ]; then violated 'an interruption is noticed'; fi
    has_all_records || violated 'an interruption changes the records'
}
# judge_next ACKNOWLEDGED STARTS: after the start that followed so many, if it is one.
judge_next() {
    [ "$code" = 0 ] || violated 'the next start fails'
    [ "$(<"$directory/out")" = "$line" ] || violated 'the next start has another result'
    ! grep -q 'is skipped' "$directory/err" || violated 'an invalid checkpoint'
    cmp -s "$directory/run/predictions.csv" "$work/whole/predictions.csv" || violated 'other predictions'
    if [ "$(starts "$directory")" = "$2" ]; then return; fi # the run was finished
    [ "$(last_start "$directory")" -ge "$1" ] || violated "step $1 was acknowledged, and not gone on from"
    [ -z "$(find "$directory/run" -name '.*tmp*')" ] || violated 'a temporary file is left'
}

# judge SCENARIO CALL ERROR K
judge() {
    local try="$*" first='' told before
    prepare "$directory" "$1"
    if [ "$3" = SHORT ]; then
        shortened "$directory" "$2" "$4"
        [ "$(<"$directory/calls")" -ge "$4" ] || violated 'there is no such call'
    else
        traced "$directory" -e "trace=$2,close" -e "inject=$2:error=$3:when=$4"
        grep -q INJECTED "$directory/trace" || violated 'there is no such call'
        is_synced_once || violated 'a descriptor is synced again after a failure'
    fi
    [ "$1" = fresh ] || first=7
    judge_try "$first"
    case $3 in EINTR | SHORT) judge_unseen ;; esac
    told=$(acknowledged "$directory") before=$(starts "$directory")
    code=0
    "$lockstep" train "$work/config.cfg" --run "$directory/run" --quiet >"$directory/out" 2>"$directory/err" || code=$?
    judge_next "$told" "${before:-0}"
}

# worker INDEX: its share of the tries.
worker() {
    local directory=$work/worker.$1 scenario call error k
    while read -r scenario call error k; do judge "$scenario" "$call" "$error" "$k"; done \
        < <(awk -v me="$1" -v all="$workers" 'NR % all == me' "$work/chosen") >"$work/violations.$1" 2>&1
}

sites=0
for scenario in fresh going-on; do
    list_errors "$scenario"
    list_short "$scenario"
done
awk -v stride="$stride" 'NR % stride == 0' "$work/tries" >"$work/chosen"
workers=$(nproc) jobs=()
for ((w = 0; w < workers; w++)); do
    worker "$w" &
    jobs+=($!)
done
wait "${jobs[@]}"
cat "$work"/violations.*
violations=$(cat "$work"/violations.* | grep -c '^[^ ]' || true)
check "no violation" [ "$violations" = 0 ]
echo "syscalls: $(wc -l <"$work/chosen") of $(wc -l <"$work/tries") failures at $sites calls, $violations violations"
finish
