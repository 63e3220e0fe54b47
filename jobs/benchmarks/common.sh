# Sourced by the benchmarks, from the project's folder: finding things, a temporary folder $work that goes at exit, JSON lines in
# and out, medians. The script has set $usage and $name before.
# shellcheck shell=bash

# shellcheck source=jobs/common.sh
. jobs/common.sh
# shellcheck source=jobs/environment.sh
. jobs/environment.sh

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
    # shellcheck disable=SC2154 # the scripts that call it set it
    [ ${#first[@]} = 0 ] || echo ', everyone under real-time scheduling'
}

# add_ddp PYTHON VERSION: PyTorch's contestants, one for each of its modes.
add_ddp() {
    [ ${#first[@]} != 0 ] || contestant "ddp:$1:plain" "PyTorch $2 DDP"
    if is_realtime_permitted; then
        contestant "ddp:$1:realtime" "PyTorch $2 DDP, real-time"
    else
        say "real-time scheduling is not permitted here: PyTorch $2 runs without"
    fi
}
