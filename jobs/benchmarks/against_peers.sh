#!/usr/bin/env bash
# Lockstep's training speed beside that of others, measured alternately. See --help.
set -euo pipefail
export name=jobs/benchmarks/against_peers.sh

export usage='usage: jobs/benchmarks/against_peers.sh [--big] [--dense] [--bf16] [--batches "N..."] [--rounds N] [--seconds N]
                                        [--samples N] [--without-peers] [--realtime] [-o FILE.jsonl]

Samples per second of training: Lockstep, numpy + mpi4py, PyTorch DDP over gloo; 2 ranks of 1 thread, plain SGD, the same
network and images, fp32 unless it is said otherwise. They take turns, so that a busy neighbour meets all of them, and ratios are taken within a round.
Prints Markdown tables.

  --big            784-2500-2000-1500-1000-500-10 instead of 784-500-10
  --dense          random images without zeros instead of MNIST, of which 81 % are zeros that Lockstep skips
  --bf16           Lockstep with training.compute = "bf16" and DDP with autocast to bf16; numpy + mpi4py has fp32 alone, and Lockstep by
                   plan node in fp32 runs beside them
  --batches LIST   samples per rank and step (default "32 64 128 512")
  --rounds N       turns of each (default 5)
  --seconds N      of training in a turn, about (default 3; Lockstep: at least two epochs)
  --samples N      training images that Lockstep uses, as many as make whole batches (default 60000; with --big 6000, so that
                   an epoch is short); the peers go through all 60000 in order and get as far as the time lets them
  --without-peers  Lockstep alone
  --realtime       everyone under real-time scheduling (chrt -f 1, which needs the right to it): for a machine that is not quiet
  -o FILE          every measurement, one JSON object a line; written at the end, until then FILE is as it was

Lockstep: the median over the epochs of a turn of samples_per_second, which is training alone, without records, checks,
evaluations and checkpoints; the first epoch is dropped.
Peers: the median of 11 blocks of steps; numpy without, DDP as users run it and, where permitted, under real-time scheduling
(chrt -f 1), which is faster on some machines: the better of the two counts, round by round.

Environment:
  LOCKSTEP               the program (default: build/release/lockstep)
  LOCKSTEP_PEERS_DIR     the folder of numpy_mpi.py and torch_ddp.py (default: ../shared/peers)
  LOCKSTEP_PEERS_PYTHON  with numpy, mpi4py, torch (default: /usr/bin/python3, for which Debian has packages)
  LOCKSTEP_TORCH_PYTHON  with another torch, measured as well
  LOCKSTEP_MNIST_DIR     the folder of the four files of MNIST, plain or .gz (default: data/mnist or ../shared/mnist)

Exit codes: 0 done, what is missing among the peers is told; 64 usage; 66 no program or no MNIST; those of "lockstep train".'

# shellcheck source=jobs/benchmarks/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

declare -A torch_precision=([fp32]=f32 [bf16]=bf16)
compute=fp32 model=small hidden='[500]' layers=784-500-10 images=mnist batches='32 64 128 512' rounds=5 seconds=3 peers=yes samples=''

is_flag() {
    case $1 in
    --big) model=big hidden='[2500,2000,1500,1000,500]' layers=784-2500-2000-1500-1000-500-10 ;;
    --dense) images=dense ;;
    --bf16) compute=bf16 ;;
    --without-peers) peers=no ;;
    --realtime) first=(chrt -f 1) ;;
    *) return 1 ;;
    esac
}

read_options "--batches --rounds --seconds --samples" "$@"
enter_project LOCKSTEP LOCKSTEP_PEERS_DIR LOCKSTEP_MNIST_DIR LOCKSTEP_PEERS_PYTHON LOCKSTEP_TORCH_PYTHON
: "${LOCKSTEP_PEERS_PYTHON:=/usr/bin/python3}"

is_list --batches "$batches"
is_number --rounds "$rounds"
is_number --seconds "$seconds"
if [ -z "$samples" ]; then samples=$([ $model = big ] && echo 6000 || echo 60000); fi
is_number --samples "$samples"
[ "$samples" -le 60000 ] || wrong_usage 'MNIST has 60000 training images'
read -ra batches <<<"$batches"
ranks=2
for batch in "${batches[@]}"; do
    [ "$samples" -ge $((ranks * batch)) ] ||
        wrong_usage "--samples $samples: a batch of $batch per rank is $((ranks * batch)) samples, on $ranks ranks"
done
may_be_realtime "${first[@]}"
begin_work
bind $ranks
table=$work/table # contestant, round, batch per rank, samples per second; separated by tabs

# What everyone trains on, in $work/idx.
prepare_images() {
    unpack_mnist
    if [ $images = dense ]; then
        {
            head -c 16 "$work/idx/train-images-idx3-ubyte"
            head -c $((60000 * 784)) /dev/urandom | LC_ALL=C tr '\000' '\001'
        } >"$work/random"
        mv "$work/random" "$work/idx/train-images-idx3-ubyte"
    fi
}

find_contestants() {
    contestant lockstep:replica:2:$compute 'Lockstep, plan replica, S = 2'
    contestant lockstep:node:2:$compute 'Lockstep, plan node, S = 2'
    contestant lockstep:node:8:$compute 'Lockstep, plan node, S = 8 (default)'
    [ $compute = fp32 ] || contestant lockstep:node:2:fp32 'Lockstep, plan node, S = 2, in fp32'
    [ $peers = yes ] || return 0
    peers_folder=${LOCKSTEP_PEERS_DIR:-../shared/peers}
    if [ ! -r "$peers_folder/numpy_mpi.py" ] || [ ! -r "$peers_folder/torch_ddp.py" ]; then
        say "no numpy_mpi.py and torch_ddp.py in $peers_folder (LOCKSTEP_PEERS_DIR): Lockstep runs alone"
        return 0
    fi
    peers_folder=$(realpath "$peers_folder")
    if has "$LOCKSTEP_PEERS_PYTHON" LOCKSTEP_PEERS_PYTHON 'numpy, mpi4py'; then contestant numpy 'numpy + mpi4py'; fi
    add_ddp
    # The OpenBLAS of numpy must find its best kernels itself; both or none.
    unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MNIST_RAW=$work/idx
}

declare -A last_rate=()

# measure_lockstep PLAN SHARDS BATCH COMPUTE: sets rate, detail.
measure_lockstep() {
    local run=$work/run batch=$((ranks * $3)) data epochs code=0
    local whole=$((samples / batch * batch))
    dataset $whole
    epochs=$(epochs_for "${last_rate[$*]:-0}" "$seconds" $whole)
    rm -rf "$run"
    "${first[@]}" mpirun "${mpi_options[@]}" -n $ranks "$lockstep" train jobs/benchmarks/speed.cfg --quiet --run "$run" --set "data.file=$data" \
        --set "model.hidden=$hidden" --set "training.plan=$1" --set "training.shards=$2" \
        --set "training.batch_size=$batch" --set "training.epochs=$epochs" --set "training.compute=$4" </dev/null >"$work/out" 2>&1 || code=$?
    if [ $code != 0 ]; then
        cat "$work/out" >&2
        fail "$code" "Lockstep failed: plan $1, $2 shards, batch $3 per rank, $4"
    fi
    rate=$(epoch_rates "$run" | median)
    detail="{\"plan\": \"$1\", \"shards\": $2, \"compute\": \"$4\", \"epochs\": [$(epoch_rates "$run" | paste -sd,)]}"
    last_rate[$*]=$rate
}

# measure_peer SECONDS COMMAND...: sets rate and detail, or leaves rate empty. What a peer leaves in TMPDIR goes with $work.
measure_peer() {
    local code=0
    (cd "$peers_folder" && TMPDIR=$work PYTHONDONTWRITEBYTECODE=1 timeout -k 5 $((60 + 10 * $1)) "${@:2}") </dev/null >"$work/out" 2>&1 || code=$?
    detail=$(grep '^{.*samples_per_s' "$work/out" | tail -n 1) || true
    rate=$(member samples_per_s <<<"$detail")
    # Some versions of gloo now and then abort when all is done and said.
    if [ -n "$rate" ]; then return 0; fi
    say "failed with exit code $code: ${*:2}"
    tail -n 3 "$work/out" >&2
}

# measure CONTESTANT ROUND BATCH
measure() {
    local part rate='' detail='{}' before=()
    IFS=: read -ra part <<<"$1"
    case $1 in
    lockstep:*) measure_lockstep "${part[1]}" "${part[2]}" "$3" "${part[3]}" ;;
    numpy)
        measure_peer "$seconds" "${first[@]}" mpirun "${mpi_options[@]}" -n $ranks "$LOCKSTEP_PEERS_PYTHON" numpy_mpi.py $model "$3" "$seconds"
        ;;
    ddp:*)
        if [ "${part[2]}" = realtime ]; then before=(chrt -f 1); fi
        measure_peer "$seconds" "${before[@]}" "${part[1]}" torch_ddp.py $model "$3" $ranks ddp "$seconds" "${torch_precision[$compute]}"
        ;;
    esac
    [ -n "$rate" ] || return 0
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$rate" >>"$table"
    result '"contestant": "%s"%s, "round": %d, "batch_per_rank": %d, "ranks": %d, "network": "%s", "images": "%s", "samples_per_second": %s, "detail": %s' \
        "${names[$4]}" "$(torch_member "$1")" "$2" "$3" $ranks $layers $images "$rate" "$detail"
}

# Every other round in the other order: nobody is always the one that comes after the same.
run_rounds() {
    local round batch i at
    for ((round = 1; round <= rounds; round++)); do
        for batch in "${batches[@]}"; do
            [ ! -t 2 ] || printf '\rround %d of %d, batch %d per rank   ' "$round" "$rounds" "$batch" >&2
            for ((i = 0; i < ${#contestants[@]}; i++)); do
                at=$((round % 2 ? i : ${#contestants[@]} - 1 - i))
                measure "${contestants[$at]}" "$round" "$batch" "$at"
            done
        done
    done
    [ ! -t 2 ] || echo >&2
}

# The two tables. A peer is what stands before the last colon of a DDP's key: of its two modes the better counts.
print_tables() {
    named_contestants |
        cat - "$table" | awk -F '\t' -v batches="${batches[*]}" -v rounds="$rounds" "$statistics"'
        function peer_of(key) {
            if (key ~ /^ddp:/) sub(/:[a-z]+$/, "", key)
            return key
        }
        function cell(values, n, format) {
            if (!n) return " - |"
            sorted(values, n)
            return sprintf(" " format " (" format " - " format ") |", middle(values, n), values[1], values[n])
        }
        function heading(first,    b, line) {
            line = "| " first " |"
            for (b = 1; b <= count; b++) line = line " " batch[b] " |"
            print line
            line = "|---|"
            for (b = 1; b <= count; b++) line = line "---|"
            print line
        }
        BEGIN { count = split(batches, batch, " ") }
        $1 == "name" {
            key[++keys] = $2
            title[$2] = $3
            next
        }
        {
            rate[$1, $3, $2] = $4
            peer = peer_of($1)
            if ($4 > best[peer, $3, $2]) best[peer, $3, $2] = $4
        }
        END {
            heading("thousand samples/s: median (least - most); batch per rank")
            for (k = 1; k <= keys; k++) {
                line = "| " title[key[k]] " |"
                for (b = 1; b <= count; b++) {
                    n = 0
                    for (r = 1; r <= rounds; r++)
                        if ((key[k], batch[b], r) in rate) v[++n] = rate[key[k], batch[b], r] / 1000
                    line = line cell(v, n, "%.1f")
                }
                print line
            }
            for (k = 1; k <= keys; k++)
                if (key[k] !~ /^lockstep/ && !(peer_of(key[k]) in seen)) {
                    peer = peer_of(key[k])
                    seen[peer] = 1
                    print ""
                    heading("times as fast as " title[key[k]] (key[k] ~ /^ddp/ ? " (the better of its modes)" : ""))
                    for (l = 1; l <= keys; l++) {
                        if (key[l] !~ /^lockstep/) continue
                        line = "| " title[key[l]] " |"
                        for (b = 1; b <= count; b++) {
                            n = 0
                            for (r = 1; r <= rounds; r++)
                                if ((key[l], batch[b], r) in rate && (peer, batch[b], r) in best)
                                    v[++n] = rate[key[l], batch[b], r] / best[peer, batch[b], r]
                            line = line cell(v, n, "%.2f")
                        }
                        print line
                    }
                }
        }'
}

prepare_images
find_contestants
run_rounds
echo "$layers, $([ $images = mnist ] && echo MNIST || echo 'random images without zeros'), $compute, plain SGD, $ranks ranks of 1 thread; $rounds rounds of $seconds s$(under_what); $(processor)"
echo
print_tables
keep_results
