#!/usr/bin/env bash
# What a step costs in time and memory as its work grows. See --help.
set -euo pipefail
export name=jobs/benchmarks/scaling_of_work.sh

export usage='usage: jobs/benchmarks/scaling_of_work.sh [--axes "AXIS..."] [--ranks N] [--most-ranks N] [--plan replica|node] [--seconds N]
                                         [-o FILE.jsonl]

Time of a step and the most memory of a rank against the size of the batch, the width and the depth of the network, the number
of training samples, and the number of ranks: one after the other, the rest as in 784-500-10, batch 128, 60000 samples, S = 8.
The images are random, 81 % zeros like those of MNIST, so that nothing has to be there. Prints a Markdown table for each axis.

  --axes LIST     of batch width depth samples ranks (default: all)
  --ranks N       ranks where they are not what grows (default 2)
  --most-ranks N  the axis ranks goes 1, 2, 4 ... up to here (default: cores, at most 8)
  --plan NAME     training.plan (default node)
  --seconds N     of training for each point, about (default 2; at least two epochs)
  -o FILE         every measurement, one JSON object a line; written at the end, until then FILE is as it was

Time of a step: batch / samples_per_second, which is training alone, without records, checks, evaluations and checkpoints; the
median over the epochs but the first. More ranks than cores share them, and are marked. Memory: the peak resident set of each rank
(VmHWM), as the kernel tells the parent of a process that has ended (ru_maxrss), by a small wrapper around each rank; the
highest of the ranks. It has everything in it: the program and the libraries, MPI, the share of the images, the pages of
the shared window that the rank has touched, the image of the last checkpoint on rank 0. An MPI program that does nothing
stands above the tables.

Environment:
  LOCKSTEP  the program (default: build/release/lockstep)

Exit codes: 0 done; 64 usage; 66 no program or compiler; those of "lockstep train".'

# shellcheck source=jobs/benchmarks/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

axes='batch width depth samples ranks' ranks=2 most_ranks='' plan=node seconds=2

is_flag() {
    return 1
}

read_options "--axes --ranks --most-ranks --plan --seconds" "$@"
enter_project LOCKSTEP

shards=8
if [ -z "$most_ranks" ]; then most_ranks=$(($(cores) < shards ? $(cores) : shards)); fi
read -ra axes <<<"$axes"
[ ${#axes[@]} != 0 ] || wrong_usage '--axes needs one of batch width depth samples ranks, or several'
for axis in "${axes[@]}"; do
    [[ " batch width depth samples ranks " == *" $axis "* ]] || wrong_usage "--axes: there is no axis \"$axis\""
done
is_number --ranks "$ranks"
is_number --most-ranks "$most_ranks"
is_number --seconds "$seconds"
[ "$plan" = replica ] || [ "$plan" = node ] || wrong_usage "--plan needs replica or node, not \"$plan\""
if [ "$ranks" -gt $shards ] || [ "$most_ranks" -gt $shards ]; then wrong_usage "there are $shards shards, so at most as many ranks"; fi
begin_work

build_peak_program() {
    # peak FOLDER PROGRAM [ARGUMENT]...: runs it, and leaves its peak of memory, in KiB, in FOLDER under its process number.
    cat >"$work/peak.c" <<'TEXT'
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    if (argc < 3) return 64;
    const pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    char path[4096];
    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 70;
    snprintf(path, sizeof path, "%s/%ld", argv[1], (long)child);
    FILE *file = fopen(path, "w");
    if (!file || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file)) return 74;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
TEXT
    mpicc -O2 -D_GNU_SOURCE "$work/peak.c" -o "$work/peak"
}

# Random images as IDX, 19 % of the pixels not zero as in MNIST.
make_images() {
    mkdir "$work/idx"
    make_part train 60000
    make_part t10k 1000
}

# make_part PREFIX COUNT
make_part() {
    {
        printf '\0\0\010\003'
        word "$2"
        word 28
        word 28
        # The bytes 0 to 206 become 0: 49 of 256 are left.
        head -c $(($2 * 784)) /dev/urandom | LC_ALL=C tr '\001-\316' '[\000*]'
    } >"$work/idx/$1-images-idx3-ubyte"
    {
        printf '\0\0\010\001'
        word "$2"
        head -c "$2" /dev/urandom | LC_ALL=C tr '\000-\377' \
            '[\000*26][\001*26][\002*26][\003*26][\004*26][\005*26][\006*25][\007*25][\010*25][\011*25]'
    } >"$work/idx/$1-labels-idx1-ubyte"
}

# highest_peak: the highest of what the ranks left in $work/peaks, in MiB.
highest_peak() {
    cat "$work"/peaks/* | sort -n | tail -n 1 | awk '{ printf "%.1f", $1 / 1024 }'
}

# with_peaks RANKS PROGRAM [ARGUMENT]...
with_peaks() {
    rm -rf "$work/peaks"
    mkdir "$work/peaks"
    bind "$1"
    mpirun "${mpi_options[@]}" -n "$1" "$work/peak" "$work/peaks" "${@:2}" </dev/null >"$work/out" 2>&1
}

# run RANKS BATCH HIDDEN SAMPLES EPOCHS: sets rate and peak.
run() {
    local code=0
    dataset "$4"
    rm -rf "$work/run"
    with_peaks "$1" "$lockstep" train jobs/benchmarks/speed.cfg --quiet --run "$work/run" --set "data.file=$data" \
        --set "model.hidden=$3" --set "training.plan=$plan" --set "training.shards=$shards" --set "training.batch_size=$2" \
        --set "training.epochs=$5" || code=$?
    if [ "$code" != 0 ]; then
        cat "$work/out" >&2
        fail "$code" "Lockstep failed: $1 ranks, batch $2, hidden $3, $4 samples"
    fi
    rate=$(epoch_rates "$work/run" | median)
    peak=$(highest_peak)
}

# point AXIS VALUE RANKS BATCH HIDDEN SAMPLES [MARK]: one row of a table. A first short run tells how many epochs there is time for.
point() {
    local rate peak data epochs us
    run "$3" "$4" "$5" "$6" 1
    epochs=$(epochs_for "$rate" "$seconds" "$6")
    run "$3" "$4" "$5" "$6" "$epochs"
    us=$(awk -v rate="$rate" -v b="$4" 'BEGIN { printf "%.1f", 1e6 * b / rate }')
    awk -v value="$2${7:-}" -v us="$us" -v rate="$rate" -v peak="$peak" \
        'BEGIN { printf "| %s | %.1f | %.1f | %.1f |\n", value, us, rate / 1000, peak }'
    result '"axis": "%s", "value": "%s", "ranks": %d, "plan": "%s", "batch": %d, "hidden": %s, "samples": %d, "us_per_step": %s, "samples_per_second": %s, "peak_mib": %s' \
        "$1" "$2" "$3" "$plan" "$4" "$5" "$6" "$us" "$rate" "$peak"
}

# heading WHAT
heading() {
    printf '\n| %s | µs a step | thousand samples/s | peak memory of a rank, MiB |\n|---|---|---|---|\n' "$1"
}

along() {
    local value hidden mark
    case $1 in
    batch)
        heading 'batch, over all ranks'
        for value in 16 32 64 128 256 512 1024 2048; do point batch $value "$ranks" $value '[500]' 60000; done
        ;;
    width)
        heading 'width: neurons of the hidden layer'
        for value in 125 250 500 1000 2000 4000; do point width $value "$ranks" 128 "[$value]" 60000; done
        ;;
    depth)
        heading 'depth: hidden layers of 500'
        hidden=500
        for value in 1 2 3 4 6; do
            hidden=$(yes 500 | head -n $value | paste -sd,) || true
            point depth $value "$ranks" 128 "[$hidden]" 60000
        done
        ;;
    samples)
        heading 'training samples'
        for value in 7500 15000 30000 60000; do point samples $value "$ranks" 128 '[500]' $value; done
        ;;
    ranks)
        heading 'ranks'
        for ((value = 1; value <= most_ranks; value = value < most_ranks && 2 * value > most_ranks ? most_ranks : 2 * value)); do
            mark=$([ $value -le "$(cores)" ] || echo ' (more than cores)')
            point ranks $value $value 128 '[500]' 60000 "$mark"
        done
        ;;
    esac
}

build_empty_program
build_peak_program
make_images
with_peaks "$ranks" "$work/empty" || { cat "$work/out" >&2 && fail 66 'mpirun cannot start an empty MPI program'; }
echo "784-500-10, random images with 81 % zeros, fp32, plain SGD, plan $plan, $ranks ranks, S = $shards, batch 128, 60000 samples, but for what grows; $(processor). An empty MPI program has a peak of $(highest_peak) MiB."
for axis in "${axes[@]}"; do along "$axis"; done
keep_results
