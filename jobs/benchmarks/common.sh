# Sourced by the benchmarks: reading options, finding things, a temporary folder $work that goes at exit, JSON lines in and out,
# medians. The script has set $usage and $name before.
# shellcheck shell=bash

project=$(dirname "${BASH_SOURCE[0]}")/../..
# shellcheck source=jobs/common.sh
. "$project/jobs/common.sh"
# shellcheck source=jobs/environment.sh
. "$project/jobs/environment.sh"

# Given by options of the same meaning in each script.
# shellcheck disable=SC2034 # the scripts use them
first=() output=''

# read_options "--NAME..." ARGUMENT...: an option of this list sets the variable NAME, with _ for -, to the argument after it, and -o
# sets $output. The script's is_flag takes the options without a value, and fails for what is none.
read_options() {
    local option variable with_value=" -o $1 "
    shift
    while [ $# -gt 0 ]; do
        option=$1
        shift
        if [ "$option" = -h ] || [ "$option" = --help ]; then
            echo "${usage:?}"
            exit 0
        fi
        if [[ $with_value != *" $option "* ]]; then
            is_flag "$option" || wrong_usage "there is no option \"$option\""
            continue
        fi
        [ $# -ge 1 ] || wrong_usage "$option needs a value"
        variable=${option#--}
        # shellcheck disable=SC2034 # the scripts use it
        if [ "$option" = -o ]; then output=$(realpath -m -- "$1"); else printf -v "${variable//-/_}" %s "$1"; fi
        shift
    done
}

# enter_project VARIABLE...: to the project's folder, from where these paths in the environment are the same as before.
enter_project() {
    local variable
    for variable in "$@"; do
        if [ -n "${!variable:-}" ]; then export "$variable=$(realpath -m -- "${!variable}")"; fi
    done
    cd "$project" || exit
}

# is_list WHAT LIST: whole numbers from 1, separated by blanks, are needed.
is_list() {
    [[ $2 =~ ^\ *[1-9][0-9]*(\ +[1-9][0-9]*)*\ *$ ]] || wrong_usage "$1 needs whole numbers from 1, not \"$2\""
}

is_number() {
    [[ $2 =~ ^[1-9][0-9]*$ ]] || wrong_usage "$1 needs a whole number from 1, not \"$2\""
}

# begin_work [FILE]: the temporary folder, the program, and FILE, made empty, for the raw results.
begin_work() {
    lockstep=${LOCKSTEP:-build/release/lockstep}
    [ -x "$lockstep" ] || fail 66 "there is no program $lockstep: cmake --preset release && cmake --build --preset release, or say where by LOCKSTEP"
    lockstep=$(realpath "$lockstep")
    command -v mpirun >/dev/null || fail 66 'mpirun is not here: jobs/install.sh'
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    raw=${1:-$work/raw.jsonl}
    : >"$raw" || fail 73 "cannot write $raw"
}

# cores: that this process may use; nproc would mistake OMP_NUM_THREADS for them.
cores() {
    env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc
}

# bind RANKS: sets mpi_options so that each rank has its own core, if there are as many.
# shellcheck disable=SC2034 # the scripts use them
bind() {
    mpi_options=(--bind-to core)
    [ "$(cores)" -ge "$1" ] || mpi_options=("${shared_cores[@]}")
}

# build_empty_program: an MPI program that does nothing, $work/empty.
build_empty_program() {
    command -v mpicc >/dev/null || fail 66 'mpicc is not here: jobs/install.sh'
    cat >"$work/empty.c" <<'TEXT'
#include <mpi.h>
int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    return MPI_Finalize();
}
TEXT
    mpicc -O2 "$work/empty.c" -o "$work/empty"
}

# unpack_mnist: MNIST's files, uncompressed, into $work/idx: what peers read.
unpack_mnist() {
    local base
    find_mnist ||
        fail 66 'the four files of MNIST are neither in the folder LOCKSTEP_MNIST_DIR nor in data/mnist nor in ../shared/mnist: data/fetch_mnist.sh'
    mkdir "$work/idx"
    for base in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
        if [ -r "$mnist/$base.gz" ]; then
            gzip -dc "$mnist/$base.gz" >"$work/idx/$base"
        else
            cp "$mnist/$base" "$work/idx/$base"
        fi
    done
}

# import_idx FOLDER OUT.h5
import_idx() {
    "$lockstep" import idx --train-images "$1/train-images-idx3-ubyte" --train-labels "$1/train-labels-idx1-ubyte" \
        --test-images "$1/t10k-images-idx3-ubyte" --test-labels "$1/t10k-labels-idx1-ubyte" -o "$2" >/dev/null
}

# word COUNT: as the 4 bytes of an IDX header.
word() {
    local i
    for i in 24 16 8 0; do printf '%b' "\\0$(printf %03o $((($1 >> i) & 255)))"; done
}

# head_idx FROM TO COUNT HEADER ROW: the first COUNT rows of ROW bytes of an IDX file with so long a header.
head_idx() {
    {
        head -c 4 "$1"
        word "$3"
        head -c $(($4 + $3 * $5)) "$1" | tail -c +9
    } >"$2"
}

# epoch_rates RUN: samples_per_second of its epochs, one a line; of the first, which still warms up, only where it is the only one.
epoch_rates() {
    sed -nE 's/.*"event":"epoch".*"samples_per_second":([0-9.e+]+).*/\1/p' "$1/metrics.jsonl" |
        awk '{ rate[NR] = $1 } END { for (i = NR > 1 ? 2 : 1; i <= NR; i++) print rate[i] }'
}

# epochs_for RATE SECONDS SAMPLES: how many take about so long at so many samples per second, the first left out; at least three.
epochs_for() {
    awk -v rate="$1" -v s="$2" -v n="$3" 'BEGIN { e = int(s * rate / n + 0.5) + 1; print e < 3 ? 3 : e }'
}

# Functions for awk: sorts values[1..n]; the median of sorted ones.
# shellcheck disable=SC2034 # used where this is sourced
statistics='
function sorted(values, n,    i, j, v) {
    for (i = 2; i <= n; i++) {
        v = values[i]
        for (j = i - 1; j >= 1 && values[j] > v; j--) values[j + 1] = values[j]
        values[j + 1] = v
    }
}
function middle(values, n) {
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}
'

# median: of the numbers on stdin, one a line.
median() {
    sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# member KEY: of the JSON object on stdin; a number.
member() {
    sed -nE "s/.*\"$1\": ?([0-9.e+-]+).*/\1/p" | tail -n 1
}

# processor: its name and what of it is used, for a table's heading.
processor() {
    local model
    model=$(lscpu 2>/dev/null | sed -nE 's/^Model name: *//p' | head -n 1) || true
    echo "${model:-$(uname -m)}, $(cores) cores"
}

# torch_version PYTHON: of its PyTorch, nothing if it has none.
torch_version() {
    "$1" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null
}

is_realtime_permitted() {
    chrt -f 1 true 2>/dev/null
}

# may_be_realtime [COMMAND...]: nothing, or what puts everyone under real-time scheduling.
may_be_realtime() {
    [ $# = 0 ] || is_realtime_permitted || wrong_usage '--realtime: this user may not do it here (chrt -f 1 true)'
}

# under_what: for a table's heading.
under_what() {
    [ ${#first[@]} = 0 ] || echo ', everyone under real-time scheduling'
}

# contestant KEY NAME
contestants=() names=()
contestant() {
    contestants+=("$1")
    names+=("$2")
}

# named_contestants: a line of "name", key and name for each, for awk.
named_contestants() {
    local i
    for ((i = 0; i < ${#contestants[@]}; i++)); do printf 'name\t%s\t%s\n' "${contestants[$i]}" "${names[$i]}"; done
}

# add_ddp PYTHON: the PyTorch of it and of LOCKSTEP_TORCH_PYTHON, each version once, in each of its modes.
add_ddp() {
    local python version seen=' '
    for python in "$1" ${LOCKSTEP_TORCH_PYTHON:+"$LOCKSTEP_TORCH_PYTHON"}; do
        if ! version=$(torch_version "$python"); then
            say "$python has no torch: left out"
            continue
        fi
        [[ $seen != *" $version "* ]] || continue
        seen+="$version "
        [ ${#first[@]} != 0 ] || contestant "ddp:$python:plain" "PyTorch $version DDP"
        if is_realtime_permitted; then
            contestant "ddp:$python:realtime" "PyTorch $version DDP, real-time"
        else
            say "real-time scheduling is not permitted here: PyTorch $version runs without"
        fi
    done
}
