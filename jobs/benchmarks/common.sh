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

# enter_project VARIABLE...: to the project's folder, from where these paths in the environment are the same as before. Links stay:
# by its link's name a python knows its packages. Without a "/" it is a program of PATH.
enter_project() {
    local variable
    for variable in "$@"; do
        [ -n "${!variable:-}" ] || continue
        [[ $variable != *_PYTHON || ${!variable} == */* ]] || continue
        export "$variable=$(realpath -ms -- "${!variable}")"
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

# can_write FILE
can_write() {
    if [ -e "$1" ]; then
        [ ! -d "$1" ] && [ -w "$1" ]
    else
        [ -d "$(dirname -- "$1")" ] && [ -w "$(dirname -- "$1")" ]
    fi
}

# begin_work: the temporary folder, the program, and $raw for the results.
begin_work() {
    lockstep=${LOCKSTEP:-build/release/lockstep}
    { [ -f "$lockstep" ] && [ -x "$lockstep" ]; } || fail 66 "there is no program $lockstep: cmake --preset release && cmake --build --preset release, or say where by LOCKSTEP"
    lockstep=$(realpath "$lockstep")
    command -v mpirun >/dev/null || fail 66 'mpirun is not here: jobs/install.sh'
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    raw=$work/raw.jsonl
    [ -z "$output" ] || can_write "$output" || fail 73 "cannot write $output"
    origin=$("$lockstep" --version | paste -sd' ')
    origin="\"date\": \"$(date -u +%FT%TZ)\", \"host\": \"$(uname -n)\", \"cores\": $(cores), \"program\": \"$origin\""
}

# result FORMAT VALUE...: a measurement, as members of a JSON object that begins with where it is from.
result() {
    # shellcheck disable=SC2059 # the format is the caller's
    printf "{%s, $1}\\n" "$origin" "${@:2}" >>"$raw"
}

# keep_results: into the file of -o, which until then is as it was.
keep_results() {
    [ -z "$output" ] || cp -- "$raw" "$output" 2>/dev/null || fail 73 "cannot write $output"
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
        fail 66 'the four files of MNIST are neither in data/mnist nor in ../shared/mnist: data/fetch_mnist.sh, or LOCKSTEP_MNIST_DIR'
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

# dataset SAMPLES: sets data to the HDF5 file with so many of the training images in $work/idx, and all of the test images.
dataset() {
    data=$work/$1.h5
    [ ! -e "$data" ] || return 0
    mkdir "$work/part"
    head_idx "$work/idx/train-images-idx3-ubyte" "$work/part/train-images-idx3-ubyte" "$1" 16 784
    head_idx "$work/idx/train-labels-idx1-ubyte" "$work/part/train-labels-idx1-ubyte" "$1" 8 1
    ln -s "$work"/idx/t10k-* "$work/part"
    import_idx "$work/part" "$data"
    rm -r "$work/part"
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

# torch_version PYTHON
torch_version() {
    "$1" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null
}

# has PYTHON VARIABLE MODULES: or it is said why not.
has() {
    local why="has no $3"
    if "$1" -c "import $3" >/dev/null 2>&1; then return 0; fi
    "$1" -c '' >/dev/null 2>&1 || why="does not start: $3"
    say "$1 ($2) $why: left out"
    return 1
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

# add_ddp: the PyTorch of LOCKSTEP_PEERS_PYTHON and of LOCKSTEP_TORCH_PYTHON, each version once, in each of its modes.
declare -A torch=() # by python
add_ddp() {
    local variable python version
    for variable in LOCKSTEP_PEERS_PYTHON LOCKSTEP_TORCH_PYTHON; do
        python=${!variable:-}
        [ -n "$python" ] || continue
        has "$python" $variable torch || continue
        version=$(torch_version "$python")
        [[ " ${torch[*]} " != *" $version "* ]] || continue
        torch[$python]=$version
        [ ${#first[@]} != 0 ] || contestant "ddp:$python:plain" "PyTorch $version DDP"
        ! is_realtime_permitted || contestant "ddp:$python:realtime" "PyTorch $version DDP, real-time"
    done
    [ ${#torch[@]} != 0 ] || return 0
    if is_realtime_permitted; then
        say 'PyTorch runs under real-time scheduling (chrt -f 1), which is permitted here'
    else
        say 'PyTorch runs without real-time scheduling (chrt -f 1), which is not permitted here'
    fi
}

# torch_member KEY: of a contestant's JSON object, the version of its PyTorch.
torch_member() {
    local part
    IFS=: read -ra part <<<"$1"
    [ "${part[0]}" != ddp ] || echo ", \"torch\": \"${torch[${part[1]}]}\""
}
