#!/usr/bin/env bash
# From a fresh clone to a trained network. See --help.
set -euo pipefail

usage='usage: jobs/quickstart.sh

From a fresh clone to a trained network: installs what is missing (jobs/install.sh: Debian, Ubuntu; by sudo where that is
needed), builds the program, makes a dataset, trains on all cores, says where the result lies. Real MNIST is taken if
it is there: data/mnist.h5, or its four files (plain or .gz) in the folder that the variable LOCKSTEP_MNIST_DIR names, in
data/mnist or in ../shared/mnist. If not, digits are drawn.

Called again it does what is left to do. A training that was stopped goes on; a finished one shows its result again.
Exit codes: those of "lockstep train", 1 if something cannot be installed or built.'

case "${1:-}" in
'') ;;
-h | --help)
    echo "$usage"
    exit 0
    ;;
*)
    echo "$usage" >&2
    exit 64
    ;;
esac

mnist_directory=
if [ -n "${LOCKSTEP_MNIST_DIR:-}" ]; then mnist_directory=$(realpath -m -- "$LOCKSTEP_MNIST_DIR"); fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lockstep=build/release/lockstep
# shellcheck source=jobs/environment.sh
. jobs/environment.sh

microseconds() {
    echo "${EPOCHREALTIME/[^0-9]/}"
}
started=$(microseconds)
step_started=$started

# seconds SINCE
seconds() {
    local tenths=$((($(microseconds) - $1) / 100000))
    echo "$((tenths / 10)).$((tenths % 10)) s"
}

step() {
    step_started=$(microseconds)
    echo "== $*"
}

done_with() {
    echo "$* ($(seconds "$step_started"))"
}

# try WHAT WHY
try() {
    printf '%-66s %s\n' "$@"
}

build() {
    local log=build/release.log
    mkdir -p build
    if ! { cmake --preset release && cmake --build --preset release -j "$(nproc)" --target lockstep; } >"$log" 2>&1; then
        cat "$log"
        echo "jobs/quickstart.sh: the build failed (above; $log)" >&2
        exit 1
    fi
}

# find_idx: sets the array idx to the options for the four files of MNIST, in the first folder that has them all.
find_idx() {
    local folder part base file
    for folder in "$mnist_directory" data/mnist ../shared/mnist; do
        idx=()
        for part in train-images:train-images-idx3-ubyte train-labels:train-labels-idx1-ubyte \
            test-images:t10k-images-idx3-ubyte test-labels:t10k-labels-idx1-ubyte; do
            base=$folder/${part#*:}
            for file in "$base.gz" "$base"; do
                if [ -r "$file" ]; then
                    idx+=("--${part%%:*}" "$file")
                    break
                fi
            done
        done
        if [ ${#idx[@]} -eq 8 ]; then
            echo "real MNIST from $folder"
            return 0
        fi
    done
    return 1
}

# One rank a core: not more than this process, a container's share of time, and the physical cores allow.
count_cores() {
    local physical quota period
    cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
    physical=$(lscpu -p=CORE,SOCKET 2>/dev/null | sed '/^#/d' | sort -u | wc -l) || physical=0
    if [ "$physical" -gt 0 ] && [ "$cores" -gt "$physical" ]; then cores=$physical; fi
    if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
        quota=$(((quota + period - 1) / period))
        if [ "$cores" -gt "$quota" ]; then cores=$quota; fi
    fi
}

step 'packages'
jobs/install.sh
done_with 'all that is needed is installed'

step 'build'
build
done_with "$lockstep"

step 'data'
if [ -e data/mnist.h5 ]; then
    name=mnist
    done_with 'data/mnist.h5 is there'
elif find_idx; then
    name=mnist
    said=$($lockstep import idx "${idx[@]}" -o data/mnist.h5)
    done_with "$said"
else
    name=synth
    if [ -e data/synth.h5 ]; then
        said='data/synth.h5 is there'
    else
        said=$($lockstep import synth -o data/synth.h5)
    fi
    echo 'real MNIST is not here: drawn digits instead'
    done_with "$said"
fi

config=configs/$name.cfg
run=runs/quickstart-$name
count_cores
shards=$($lockstep train "$config" --print-config | sed -n 's/.*\<shards *= *\([0-9]*\).*/\1/p')
ranks=$((cores < shards ? cores : shards))
# Unbound and yielding: on a machine where others are at work too that is many times as fast as ranks that spin, and faster than
# ranks bound to cores that others use.
train=(mpirun -n "$ranks" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 "$lockstep" train "$config" --run "$run")

step 'training'
echo "${train[*]}"
code=0
said=$("${train[@]}" </dev/null) || code=$?
said=${said##*$'\n'}
if [ "$code" -ne 0 ] || [[ $said != digest=* ]]; then
    [ "$code" -ne 0 ] || code=75
    case $code in
    75) echo 'jobs/quickstart.sh: stopped; call it again to go on' >&2 ;;
    78) echo "jobs/quickstart.sh: for a training from the start with what is there now: rm -r $run" >&2 ;;
    *) echo "jobs/quickstart.sh: the training failed with exit code $code (above; $run/log.txt)" >&2 ;;
    esac
    exit "$code"
fi
read -r digest accuracy <<<"$said"
done_with 'trained'

echo "== result, $(seconds "$started") after the start"
echo "accuracy     $(awk -v a="${accuracy#*=}" 'BEGIN { printf "%.2f", 100 * a }') % of the test images"
echo "digest       ${digest#*=} of the model's weights, the same on any number of ranks"
echo "directory    $run: $(cd "$run" && echo *)"
echo "predictions  $run/predictions.csv: what each test image was taken for"
echo '== what to try next'
if [ $name = synth ]; then
    try 'data/fetch_mnist.sh && jobs/quickstart.sh' 'the same with real MNIST'
else
    try "$lockstep --help settings" "what can be changed in $config"
fi
try "$lockstep train $config --run runs/alone" 'on one rank, without mpirun: the same digest'
try 'README.md, data/README.md' 'how it works; your own data'
try 'tests/run.sh' 'all tests'
