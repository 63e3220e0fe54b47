#!/usr/bin/env bash
# How long it takes to train MNIST to 98 and to 98.5 %, start-up and all. See --help.
set -euo pipefail
export name=jobs/benchmarks/time_to_accuracy.sh

export usage='usage: jobs/benchmarks/time_to_accuracy.sh [--targets "98 98.5"] [--seeds N] [--peer-seeds N] [--ranks N]
                                           [--bf16] [--realtime] [-o FILE.jsonl]

Seconds from the start of mpirun to its exit, for a training that ends after the first evaluation with the wanted accuracy on the
test set: launching, loading, training, evaluations and the last checkpoint included. The settings are those of
jobs/benchmarks/to-98.cfg and to-98.5.cfg, with one shard a rank. Beside it, in turns: an MPI program that does nothing, under the same mpirun, since
that much no program can avoid; and PyTorch DDP over gloo (ddp_mnist.py) with the same network, batch, learning rate,
schedule, momentum and stop rule, from start to exit too. Prints a Markdown table of medians over the seeds.

  --targets LIST   of 98 and 98.5 (default both)
  --seeds N        seeds 1 to N (default 30)
  --peer-seeds N   so many of them for the peers, too (default 10; 0: no peers)
  --ranks N        (default 2)
  --bf16           Lockstep with training.compute = "bf16" and DDP with autocast to bf16
  --realtime       everyone under real-time scheduling (chrt -f 1, which needs the right to it): for a machine that is not quiet
  -o FILE          every measurement, one JSON object a line; written at the end, until then FILE is as it was

Where real-time scheduling is permitted (chrt -f 1), DDP runs with and without it.

Environment:
  LOCKSTEP               the program (default: build/release/lockstep)
  LOCKSTEP_PEERS_PYTHON  with torch and numpy (default: /usr/bin/python3, for which Debian has packages)
  LOCKSTEP_TORCH_PYTHON  with another torch, measured as well
  LOCKSTEP_MNIST_DIR     the folder of the four files of MNIST, plain or .gz (default: data/mnist or ../shared/mnist)

Exit codes: 0 done, what is missing among the peers is told; 64 usage; 66 no program, compiler or MNIST; those of "lockstep
train". A target that is not reached is no failure but is counted.'

# shellcheck source=jobs/benchmarks/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

targets='98 98.5' seeds=30 peer_seeds=10 ranks=2 compute=fp32

is_flag() {
    case $1 in
    --bf16) compute=bf16 ;;
    --realtime) first=(chrt -f 1) ;;
    *) return 1 ;;
    esac
}

read_options "--targets --seeds --peer-seeds --ranks" "$@"
enter_project LOCKSTEP LOCKSTEP_MNIST_DIR LOCKSTEP_PEERS_PYTHON LOCKSTEP_TORCH_PYTHON
: "${LOCKSTEP_PEERS_PYTHON:=/usr/bin/python3}"

[[ $targets =~ ^\ *98(\.5)?(\ +98(\.5)?)*\ *$ ]] || wrong_usage "--targets needs 98, 98.5 or both, not \"$targets\""
is_number --seeds "$seeds"
is_number --ranks "$ranks"
[ "$peer_seeds" = 0 ] || is_number --peer-seeds "$peer_seeds"
read -ra targets <<<"$targets"
may_be_realtime "${first[@]}"
begin_work
bind "$ranks"
table=$work/table # target, seed, contestant, seconds, reached (0 or 1), epochs, accuracy; separated by tabs

find_contestants() {
    contestant empty 'an MPI program that does nothing'
    contestant lockstep Lockstep
    [ "$peer_seeds" != 0 ] || return 0
    add_ddp
}

# setting NAME: its value in the whole config $work/whole.cfg, where the name stands once, or first in the group optimizer.
setting() {
    sed -nE "s/^ *$1 = \"?([^\";]*)\"?;\$/\1/p" "$work/whole.cfg" | head -n 1
}

# Takes the time of a command: sets seconds, code; its output is in $work/out.
clock() {
    local begin=${EPOCHREALTIME/[^0-9]/}
    code=0
    "$@" </dev/null >"$work/out" 2>"$work/err" || code=$?
    seconds=$(awk -v us=$((${EPOCHREALTIME/[^0-9]/} - begin)) 'BEGIN { printf "%.4f", us * 1e-6 }')
}

run_empty() {
    clock "${first[@]}" mpirun "${mpi_options[@]}" -n "$ranks" "$work/empty"
    [ "$code" = 0 ] || { cat "$work/err" >&2 && fail 66 'mpirun cannot start an empty MPI program'; }
    accuracy='' epochs=0
}

# run_lockstep TARGET SEED
run_lockstep() {
    local run=$work/run
    rm -rf "$run"
    clock "${first[@]}" mpirun "${mpi_options[@]}" -n "$ranks" "$lockstep" train "jobs/benchmarks/to-$1.cfg" --quiet --run "$run" \
        --set "data.file=$work/mnist.h5" --set "run.seed=$2" --set "training.shards=$ranks" --set "training.compute=$compute"
    if [ "$code" != 0 ]; then
        cat "$work/err" >&2
        fail "$code" "Lockstep failed: target $1, seed $2"
    fi
    accuracy=$(sed -n 's/^digest=.* accuracy=//p' "$work/out")
    epochs=$(grep -c '"event":"epoch"' "$run/metrics.jsonl")
}

# run_ddp PYTHON MODE TARGET SEED; without a result epochs is empty.
run_ddp() {
    local before=()
    if [ "$2" = realtime ]; then before=(chrt -f 1); fi
    "$lockstep" train "jobs/benchmarks/to-$3.cfg" --set "training.compute=$compute" --print-config >"$work/whole.cfg"
    clock env TMPDIR="$work" timeout -k 5 600 "${before[@]}" "$1" jobs/benchmarks/ddp_mnist.py --images "$work/idx" --checkpoint "$work/checkpoint.pt" \
        --ranks "$ranks" --seed "$4" --target "$(setting target_accuracy)" --hidden "$(setting hidden)" --batch "$(setting batch_size)" \
        --epochs "$(setting epochs)" --rate "$(setting learning_rate)" --momentum "$(setting momentum)" \
        --nesterov "$(setting nesterov)" --decay "$(setting weight_decay)" --warmup "$(setting warmup_steps)" --compute "$(setting compute)" \
        --schedule "$(sed -n '/schedule = {/,/}/p' "$work/whole.cfg" | sed -nE 's/^ *name = "(.*)";/\1/p')"
    accuracy=$(member accuracy <"$work/out")
    epochs=$(member epochs <"$work/out")
    if [ -z "$epochs" ]; then
        say "failed with exit code $code: $1 ddp_mnist.py"
        tail -n 3 "$work/err" >&2
    fi
}

# measure AT TARGET SEED
measure() {
    local part seconds code accuracy epochs reached learnt=''
    IFS=: read -ra part <<<"${contestants[$1]}"
    case ${part[0]} in
    empty) run_empty ;;
    lockstep) run_lockstep "$2" "$3" ;;
    ddp)
        [ "$3" -le "$peer_seeds" ] || return 0
        run_ddp "${part[1]}" "${part[2]}" "$2" "$3"
        [ -n "$epochs" ] || return 0
        ;;
    esac
    reached=$(awk -v a="${accuracy:-0}" -v t="$2" 'BEGIN { print (a >= t / 100) }')
    [ -z "$accuracy" ] || learnt=", \"accuracy\": $accuracy, \"epochs\": $epochs"
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$2" "$3" "${contestants[$1]}" "$seconds" "$reached" "$epochs" >>"$table"
    result '"contestant": "%s"%s, "target": %s, "seed": %d, "ranks": %d, "seconds": %s%s' \
        "${names[$1]}" "$(torch_member "${contestants[$1]}")" "$2" "$3" "$ranks" "$seconds" "$learnt"
}

run_rounds() {
    local seed target i
    for ((seed = 1; seed <= seeds; seed++)); do
        for target in "${targets[@]}"; do
            [ ! -t 2 ] || printf '\rseed %d of %d, %s %%   ' "$seed" "$seeds" "$target" >&2
            for ((i = 0; i < ${#contestants[@]}; i++)); do
                measure $((seed % 2 ? i : ${#contestants[@]} - 1 - i)) "$target" "$seed"
            done
        done
    done
    [ ! -t 2 ] || echo >&2
}

print_table() {
    named_contestants |
        cat - "$table" | awk -F '\t' -v targets="${targets[*]}" -v seeds="$seeds" "$statistics"'
        function median(values, n) {
            sorted(values, n)
            return middle(values, n)
        }
        $1 == "name" {
            key[++keys] = $2
            title[$2] = $3
            next
        }
        {
            seconds[$1, $3, $2] = $4
            reached[$1, $3] += $5
            epochs[$1, $3, $2] = $6
        }
        END {
            print "| target | program | reached | seconds: median (least - most) | beyond the empty program: median | epochs: median |"
            print "|---|---|---|---|---|---|"
            count = split(targets, target, " ")
            for (t = 1; t <= count; t++)
                for (k = 1; k <= keys; k++) {
                    n = 0
                    for (s = 1; s <= seeds; s++) {
                        if (!((target[t], key[k], s) in seconds)) continue
                        all[++n] = seconds[target[t], key[k], s]
                        beyond[n] = all[n] - seconds[target[t], "empty", s]
                        passes[n] = epochs[target[t], key[k], s]
                    }
                    if (!n) continue
                    m = median(all, n)
                    printf "| %s %% | %s | ", target[t], title[key[k]]
                    if (key[k] == "empty") printf "- | %.2f (%.2f - %.2f) | - | - |\n", m, all[1], all[n]
                    else printf "%d of %d | %.2f (%.2f - %.2f) | %.2f | %g |\n", reached[target[t], key[k]], n, m, all[1], all[n],
                        median(beyond, n), median(passes, n)
                }
        }'
}

find_contestants
build_empty_program
unpack_mnist
import_idx "$work/idx" "$work/mnist.h5"
run_rounds
echo "MNIST, 784-500-10, $compute, $ranks ranks of 1 thread; wall time from start to exit$(under_what); $(processor)"
echo
print_table
keep_results
