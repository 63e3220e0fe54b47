#!/usr/bin/env bash
# The scripts of jobs/benchmarks tell how they are used, refuse wrong usage, run for a moment, say what is missing, leave
# nothing behind. No time is judged. Needs real MNIST, in $LOCKSTEP_MNIST_DIR or in shared/mnist beside the project; without
# it the rest is tested and ctest told so (exit 77). Called by ctest: benchmarks.sh LOCKSTEP
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/environment.sh
. "$project/tests/environment.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR=$work/tmp LOCKSTEP_PEERS_DIR=$work/nowhere LOCKSTEP_PEERS_PYTHON=$work/no-python
export LOCKSTEP_MNIST_DIR=${LOCKSTEP_MNIST_DIR:-$project/../shared/mnist}
LOCKSTEP=$(realpath "$1")
export LOCKSTEP
unset LOCKSTEP_TORCH_PYTHON LOCKSTEP_ISA LOCKSTEP_FAULT
cd "$work"

# expect CODE TEXT SCRIPT [ARGUMENT]...: what a call must give, and say on stdout or stderr.
expect() {
    local code=0
    "$project/jobs/benchmarks/$3" "${@:4}" >stdout 2>stderr </dev/null || code=$?
    if [ $code != "$1" ] || ! cat stdout stderr | grep -qF -- "$2"; then
        echo "FAILED: \"${*:3}\" gave $code, not $1, or did not say \"$2\":"
        cat stdout stderr
        exit 1
    fi
    # Only what mktemp has made is ours; Open MPI has its own there.
    if compgen -G "$TMPDIR/tmp.*" >/dev/null; then
        echo "FAILED: \"${*:3}\" left $(echo "$TMPDIR"/tmp.*)"
        exit 1
    fi
}

# has FILE TEXT COUNT: so many lines of it have the text.
has() {
    if [ "$(grep -cF -- "$2" "$1")" != "$3" ]; then
        echo "FAILED: $1 has not $3 times \"$2\":"
        cat "$1" stderr
        exit 1
    fi
}

echo 'kept while it is refused' >kept
for script in against_peers.sh time_to_accuracy.sh scaling_of_work.sh; do
    expect 0 "usage: jobs/benchmarks/$script" $script --help
    expect 64 'usage: ' $script --no-such-option
    expect 64 'usage: ' $script -o
    LOCKSTEP=$work/nothing expect 66 'there is no program' $script
    LOCKSTEP=$work expect 66 'there is no program' $script -o kept
    expect 73 'cannot write' $script -o nowhere/results
    has stderr 'No such file' 0
    has kept 'kept while' 1
done
expect 64 '--batches needs whole numbers' against_peers.sh --batches '32 x'
expect 64 'not "0"' against_peers.sh --rounds 0
expect 64 '--targets needs' time_to_accuracy.sh --targets 97
expect 64 'no axis "height"' scaling_of_work.sh --axes 'width height'
expect 64 '--axes needs' scaling_of_work.sh --axes ' '
expect 64 'is 200 samples' against_peers.sh --samples 199 --batches '32 100'
for script in against_peers.sh time_to_accuracy.sh; do
    LOCKSTEP_MNIST_DIR=/nowhere expect 66 'LOCKSTEP_MNIST_DIR=/nowhere has not' $script -o kept
done
has kept 'kept while' 1
expect 64 'at most as many ranks' scaling_of_work.sh --most-ranks 9

expect 0 'peak memory' scaling_of_work.sh --axes samples --seconds 1 -o scaling.jsonl
has stdout '| 7500 |' 1
has scaling.jsonl '"peak_mib": ' 4
has scaling.jsonl '"program": "lockstep ' 4
expect 0 '| 8 (more than cores) |' scaling_of_work.sh --axes ranks --most-ranks 8 --seconds 1

if [ ! -r "$LOCKSTEP_MNIST_DIR/train-images-idx3-ubyte.gz" ]; then
    echo 'SKIPPED: there is no MNIST (LOCKSTEP_MNIST_DIR): against_peers.sh and time_to_accuracy.sh did not run'
    exit 77
fi
expect 0 'Lockstep runs alone' against_peers.sh --rounds 2 --seconds 1 --samples 6000 --batches '16 100' -o peers.jsonl
has stdout '| Lockstep, plan' 3
has peers.jsonl '"batch_per_rank": 16,' 6
has peers.jsonl '"date": "2' 12
has peers.jsonl '"round": 2,' 6
expect 0 'random images without zeros' against_peers.sh --dense --without-peers --rounds 1 --seconds 1 --samples 6000 --batches 100
expect 0 '784-500-10, MNIST, bf16' against_peers.sh --bf16 --without-peers --rounds 1 --seconds 1 --samples 6000 --batches 100 -o bf16.jsonl
has stdout '| Lockstep, plan node, S = 2, in fp32 |' 1
has bf16.jsonl '"compute": "bf16"' 3
has bf16.jsonl '"compute": "fp32"' 1
# A python that starts and has nothing, by a path of the folder where the script is called.
cat >bare <<'TEXT'
#!/bin/sh
[ -z "$2" ]
TEXT
chmod +x bare
LOCKSTEP_TORCH_PYTHON=./bare expect 0 "$work/bare (LOCKSTEP_TORCH_PYTHON) has no torch: left out" \
    time_to_accuracy.sh --targets 98 --seeds 1 -o accuracy.jsonl
has stderr 'no-python (LOCKSTEP_PEERS_PYTHON) does not start: torch: left out' 1
has stdout '| 98 % | Lockstep | 1 of 1 |' 1
has accuracy.jsonl '"contestant"' 2
has accuracy.jsonl '"accuracy": 0.9' 1
expect 0 'MNIST, 784-500-10, bf16' time_to_accuracy.sh --bf16 --targets 98 --seeds 1 --peer-seeds 0
echo passed
