# Sourced by the tests of the whole program, which ctest calls with two arguments: the program, and make_dataset. Gives
# them a directory $work that is removed at exit, ways to start the program, and checks that are counted.
# shellcheck shell=bash

lockstep=$1
export make_dataset=$2
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What Open MPI leaves behind lies here and is nobody else's.
mkdir "$work/shm"
export OMPI_MCA_btl_vader_backing_directory=$work/shm OMPI_MCA_osc_sm_backing_directory=$work/shm
# mpirun waits a second after a rank has failed; nothing of what is tested may need it.
export OMPI_MCA_odls_base_sigkill_timeout=0
unset LOCKSTEP_FAULT LOCKSTEP_ISA LOCKSTEP_NODES LOCKSTEP_EXCHANGE LOCKSTEP_ZEROS

checks=0 failures=0

# launch RANKS ARGUMENT...: the program with these arguments on so many ranks, 0 for alone without mpirun. $RANKS in an
# argument becomes their number.
launch() {
    local ranks=$1 mpirun=() code=0
    shift
    [ "$ranks" = 0 ] || mpirun=("$tests/mpirun.sh" "$ranks")
    echo "on $ranks ranks: lockstep ${*//\$RANKS/$ranks}" >"$work/started.$ranks"
    # A place of its own: one mpirun removes the session directory that another is about to use.
    mkdir -p "$work/session.$ranks"
    TMPDIR=$work/session.$ranks timeout -k 5 60 "${mpirun[@]}" "$lockstep" "${@//\$RANKS/$ranks}" </dev/null \
        >"$work/out.$ranks" 2>"$work/err.$ranks" || code=$?
    echo "$code" >"$work/code.$ranks"
}

# until_true COMMAND...: waits for it to succeed, for some seconds.
until_true() {
    local end=$((SECONDS + 20))
    until "$@" || [ "$SECONDS" -ge "$end" ]; do sleep 0.02; done
}

# stands_still COMMAND...: one of the processes whose numbers it prints has stopped itself (fault point); it is left in $standing.
stands_still() {
    standing=$("$@" | while read -r process; do grep -ls '^State:.T' "/proc/$process/status" | cut -d / -f 3; done)
    [ -n "$standing" ]
}

# in_set SET SIGNAL FILE: the status of a process (proc(5)) in the file has the signal in this set.
in_set() {
    local set
    set=0x$(sed -n "s/^$1:[[:space:]]*//p" "$3")
    (((set & 1 << ($(kill -l "$2") - 1)) != 0))
}

# by_rank: makes $by_rank, a program like $lockstep whose every rank first does the shell commands on stdin, which know
# it as $rank.
by_rank=$work/by_rank
by_rank() {
    local commands
    commands=$(cat)
    cat >"$by_rank" <<TEXT
#!/usr/bin/env bash
rank=\$OMPI_COMM_WORLD_RANK program='$lockstep'
$commands
exec "\$program" "\$@"
TEXT
    chmod +x "$by_rank"
}

# hear RANKS: the checks below are about what was last started on so many. What it said is in the files $out and $err,
# our error messages in $message, its exit code in $code.
hear() {
    started=$(<"$work/started.$1")
    code=$(<"$work/code.$1")
    out=$work/out.$1
    err=$work/err.$1
    message=$(grep '^lockstep: error: ' "$err") || true
}

# start RANKS ARGUMENT...: launch and hear.
start() {
    launch "$@"
    hear "$1"
}

# in_memory KILOBYTES ARGUMENT...: start alone, in so much address space.
in_memory() {
    local before
    before=$(ulimit -Sv)
    ulimit -Sv "$1"
    start 0 "${@:2}"
    ulimit -Sv "$before"
}

# start_each "RANKS..." ARGUMENT...: launch on each of these numbers of ranks, all at the same time. To be heard.
start_each() {
    local ranks jobs=()
    for ranks in $1; do
        launch "$ranks" "${@:2}" &
        jobs+=($!)
    done
    wait "${jobs[@]}"
}

# check WHAT COMMAND...: counts, and if the command fails tells WHAT does not hold and shows what was heard last.
check() {
    checks=$((checks + 1))
    if ! "${@:2}"; then
        failures=$((failures + 1))
        echo "FAILED: $1"
        echo "    $started"
        echo "    exit code $code"
        sed 's/^/    /' "$err"
    fi
}

# until_holds WHAT COMMAND...: waits for it to hold, $longest_wait seconds at most.
longest_wait=20
until_holds() {
    local end=$((SECONDS + longest_wait))
    until "${@:2}"; do
        if [ "$SECONDS" -ge "$end" ]; then
            check "$1" false
            return
        fi
        sleep 0.05
    done
}

is_empty() {
    [ -z "$(ls -A "$1")" ]
}

# same FILE FILE: equal in every byte, and not empty.
same() {
    [ -s "$1" ] && cmp "$1" "$2"
}

# says WORD: our only message has it.
says() {
    [[ $message == *"$1"* ]]
}

# fails WHAT CODE WORDS: what was heard ended with this code and one message of ours, which has each of the words
# (separated by |), and printed no result.
fails() {
    local word words
    check "$1: exit code $2" [ "$code" = "$2" ]
    check "$1: one message" [ "$(grep -c '^lockstep: ' "$err")" = 1 ]
    IFS='|' read -ra words <<<"$3"
    for word in "${words[@]}"; do check "$1: the message has: $word" says "$word"; done
    check "$1: nothing on stdout" [ ! -s "$out" ]
}

# Ends the script.
finish() {
    echo "$checks checks, $failures failed, $SECONDS s"
    [ "$failures" = 0 ] && [ "$checks" -gt 0 ]
}
