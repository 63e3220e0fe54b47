#!/usr/bin/env bash
# From a fresh clone to a trained network. See --help.
set -euo pipefail
export name=jobs/quickstart.sh

export usage='usage: jobs/quickstart.sh

From a fresh clone to a trained network: installs what is missing (jobs/install.sh: Debian, Ubuntu; by sudo where that is
needed), builds the program, makes a dataset, trains on all cores, writes a report of it, says where the result lies. Real MNIST is taken if
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

if [ -n "${LOCKSTEP_MNIST_DIR:-}" ]; then LOCKSTEP_MNIST_DIR=$(realpath -m -- "$LOCKSTEP_MNIST_DIR"); fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/common.sh
. jobs/common.sh
# shellcheck source=jobs/prepare.sh
. jobs/prepare.sh
started=$(microseconds)

# try WHAT WHY
try() {
    printf '%-66s %s\n' "$@"
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

take_program
take_dataset
config=configs/$dataset.cfg
run=runs/quickstart-$dataset
count_cores
shards=$(setting shards "$config")
ranks=$((cores < shards ? cores : shards))
train=(mpirun -n "$ranks" "${shared_cores[@]}" "$lockstep" train "$config" --run "$run")

step 'training'
echo "${train[*]}"
code=0
said=$("${train[@]}" </dev/null) || code=$?
said=${said##*$'\n'}
if [ "$code" -ne 0 ] || [[ $said != digest=* ]]; then
    [ "$code" -ne 0 ] || code=75
    case $code in
    75) fail "$code" 'stopped; call it again to go on' ;;
    78) fail "$code" "for a training from the start with what is there now: rm -r $run" ;;
    *) fail "$code" "the training failed with exit code $code (above; $run/log.txt)" ;;
    esac
fi
read -r digest accuracy <<<"$said"
done_with 'trained'

echo "== result, $(seconds "$started") after the start"
echo "accuracy     $(awk -v a="${accuracy#*=}" 'BEGIN { printf "%.2f", 100 * a }') % of the test images"
echo "digest       ${digest#*=} of the model's weights, the same on any number of ranks"
echo "directory    $run: $(cd "$run" && echo *)"
echo "predictions  $run/predictions.csv: what each test image was taken for"
echo "report       $("$lockstep" report "$run"): a page with all of it, for a browser"
echo '== what to try next'
if [ "${dataset:?}" = synth ]; then
    try 'data/fetch_mnist.sh && jobs/quickstart.sh' 'the same with real MNIST'
else
    try "$lockstep --help settings" "what can be changed in $config"
fi
try "$lockstep train $config --run runs/alone" 'on one rank, without mpirun: the same digest'
try 'README.md, data/README.md' 'how it works; your own data'
try 'slurm/tutorial.md' 'from here to a resumed Slurm job'
try 'tests/run.sh' 'all tests'
