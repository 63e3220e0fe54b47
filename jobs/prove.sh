#!/usr/bin/env bash
# The promise, put to the test on this machine. See --help.
set -euo pipefail
export name=jobs/prove.sh

export usage='usage: jobs/prove.sh [--quick] [--bf16] [--hostfile FILE] [CONFIG]

Trains the same again and again, each time otherwise: on 1, 2, 3, 5 and 8 ranks, with one copy of the parameters per node, on
feigned nodes, on two hosts, with each kernel set that this processor runs; stopped, and killed at random moments, and gone on with on
other numbers of ranks. Prints a table, a row for each training, and whether all came to the same weights, to the last bit. Each run directory also
has to pass "lockstep verify", and a control with another seed has to come to other weights.

Without CONFIG it first does what jobs/quickstart.sh does: installs and builds what is missing, takes real MNIST if it is there,
else drawn digits; and trains two epochs of configs/mnist.cfg or configs/synth.cfg. With CONFIG its dataset has to be there.

  --quick           one epoch, at most 3 ranks, a single kill
  --bf16            with training.compute = "bf16", whatever the config says
  --hostfile FILE   the two hosts are the first two that FILE, a hostfile of Open MPI, names; program, dataset and TMPDIR have to be
                    in folders that they share with this one. Without: made out of namespaces (tests/hosts/hosts.sh), which root can
                    on most machines; where that is not possible two hosts are left out, and the reason is told

Environment: LOCKSTEP, the program (default: build/release/lockstep, built if need be).
Exit codes: 0 proven; 70 NOT proven, and the run directories are kept; 1 something cannot be installed or built; 64 usage; 65 a
hostfile without two hosts; 66 no program, config or hostfile.'

refuse() {
    echo "$usage" >&2
    exit 64
}

epochs=2 most_ranks=8 most_kills=6 config='' hostfile='' compute=()
while [ $# -gt 0 ]; do
    case $1 in
    --quick) epochs=1 most_ranks=3 most_kills=1 ;;
    --bf16) compute=(--set training.compute=bf16) ;;
    --hostfile)
        if [ -z "${2:-}" ]; then refuse; fi
        hostfile=$2
        shift
        ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    *)
        if [ -n "$config" ] || [[ $1 == -* ]]; then refuse; fi
        config=$1
        ;;
    esac
    shift
done

# These are relative to the caller's folder, and so is what a config names.
caller=$PWD
for variable in LOCKSTEP LOCKSTEP_MNIST_DIR config hostfile; do
    if [ -n "${!variable:-}" ]; then export "$variable=$(realpath -m -- "${!variable}")"; fi
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/common.sh
. jobs/common.sh
# shellcheck source=jobs/prepare.sh
. jobs/prepare.sh
# shellcheck source=jobs/kernels.sh
. jobs/kernels.sh

# named_hosts: those of $hostfile, in $named.
named_hosts() {
    [ -r "$hostfile" ] || fail 66 "cannot read $hostfile"
    mapfile -t named < <(sed 's/#.*//' "$hostfile" | awk 'NF && !($1 in seen) { print $1; seen[$1] }')
    [ ${#named[@]} -ge 2 ] || fail 65 "$hostfile does not name two hosts"
}

# What is there to begin with: sets $lockstep and $config, for the current directory.
prepare() {
    kit=$PWD/tests/hosts named=()
    if [ -n "$hostfile" ]; then named_hosts; fi
    if [ -n "${LOCKSTEP:-}" ]; then
        lockstep=$LOCKSTEP
        [ -x "$lockstep" ] || fail 66 "there is no program $lockstep"
    else
        take_program
        lockstep=$PWD/$lockstep
    fi
    if [ -n "$config" ]; then
        [ -r "$config" ] || fail 66 "cannot read $config"
        cd "$caller"
    else
        take_dataset
        config=$PWD/configs/$dataset.cfg
    fi
}

# begin: a place for the run directories, which goes if all is well; the numbers of ranks; nothing trained yet.
begin() {
    local count
    work=$(mktemp -d)
    trap '"$kit/hosts.sh" down "$work/site"; rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$work/shm" "$work/pids"
    # What killed ranks leave behind lies here; and mpirun waits a second after a rank has failed, which nothing here needs.
    export OMPI_MCA_btl_vader_backing_directory=$work/shm OMPI_MCA_osc_sm_backing_directory=$work/shm
    export OMPI_MCA_odls_base_sigkill_timeout=0
    unset LOCKSTEP_ISA LOCKSTEP_NODES LOCKSTEP_EXCHANGE LOCKSTEP_ZEROS
    shards=$(setting shards "$config")
    counts=()
    for count in 1 2 3 5 8; do
        if [ "$count" -le "$most_ranks" ] && [ "$count" -le "$shards" ]; then counts+=("$count"); fi
    done
    trainings=0 all_starts=0 kills=0 steps_again=0 first='' wrong=() limit=() on_hosts=() left_out='' not_taken=()
    declare -gA milliseconds_on # a whole start on so many ranks
}

# training CASE PLAN: what is started now, until end_training, is a new one.
training() {
    trainings=$((trainings + 1))
    case=$1 plan=$2 run=$work/run-$trainings starts=0 on='' expected=same began=$(microseconds)
}

# mpirun_of RANKS: sets $mpirun to the words that start so many ranks: here, or half of them on either of $on_hosts.
mpirun_of() {
    local places="${on_hosts[0]:-}:$(($1 - $1 / 2)),${on_hosts[1]:-}:$(($1 / 2))"
    if [ ${#on_hosts[@]} = 0 ]; then
        mpirun=(mpirun -n "$1")
    elif [ -n "$hostfile" ]; then
        # What ranks share is not for a file system that hosts share.
        mpirun=(env -u OMPI_MCA_btl_vader_backing_directory -u OMPI_MCA_osc_sm_backing_directory mpirun --host "$places")
    else
        mpirun=("$kit/mpirun.sh" "$work/site" "$places")
    fi
}

# launch RANKS [ARGUMENT]...: begins the training or goes on, on so many ranks, within $limit; their pids are the names of the files in
# $work/pids.
launch() {
    local code=0 mpirun
    mpirun_of "$1"
    # shellcheck disable=SC2016 # for the shell that becomes the rank
    "${limit[@]}" "${mpirun[@]}" "${shared_cores[@]}" sh -c ': >"$0/$$" && exec "$@"' "$work/pids" "$lockstep" train "$config" --run "$run" \
        --quiet --set "training.epochs=$epochs" --set "training.plan=$plan" --set checkpoint.every_seconds=0.05 "${compute[@]}" "${@:2}" \
        </dev/null >"$work/out" 2>>"$run.log" || code=$?
    echo "$code" >"$work/code"
}

# hear RANKS: of what was launched on so many, the exit code in $code, the last line that it printed in $line.
hear() {
    starts=$((starts + 1)) on+=${on:+,}$1 code=$(<"$work/code") line=$(tail -n 1 "$work/out")
    rm -f "$work/pids"/*
}

# start RANKS [ARGUMENT]...
start() {
    launch "$@"
    hear "$1"
}

# used kernels|exchange: by the last start.
used() {
    sed -nE '/"event":"(start|resume)"/ s/.*"'"$1"'":"([a-z0-9]+)".*/\1/p' "$run/metrics.jsonl" 2>/dev/null | tail -n 1
}

# problem: what is not as it should be with the training; nothing if all is well.
problem() {
    if [ "$code" != 0 ]; then
        echo "exit code $code"
    elif ! "$lockstep" verify "$run" >>"$run.log" 2>&1; then
        echo 'not verified'
    elif [ ${#on_hosts[@]} -gt 0 ] && ! grep -q '"nodes":2[,}]' "$run/metrics.jsonl"; then
        echo 'all ranks were on one host'
    elif [ "$(used kernels)" != "${LOCKSTEP_ISA:-$(used kernels)}" ]; then
        echo "the kernels were $(used kernels)"
    elif [ $expected = same ] && [ "$line" != "$first" ]; then
        echo 'another result'
    elif [ $expected = other ] && [ "${line%% *}" = "${first%% *}" ]; then
        echo 'the same digest'
    fi
}

row() {
    printf '| %-28s | %-13s | %-7s | %-8s | %6s | %7s | %-16s | %-8s |\n' "$@"
}

# end_training: its row, and whether it is as it should be. The first that succeeds is what the others are held against.
end_training() {
    local why digest=${line%% *} time
    time=$(seconds "$began")
    if [ -z "$first" ] && [ "$code" = 0 ]; then first=$line; fi
    digest=${digest#digest=}
    row "$case" "$on" "$plan" "$(used kernels)" "$starts" "${time% s}" "${digest:0:16}" "${line##*=}"
    all_starts=$((all_starts + starts))
    why=$(problem)
    if [ -n "$why" ]; then wrong+=("$case, ranks $on, plan $plan: $why (${run##*/})"); fi
}

# whole CASE RANKS PLAN [ARGUMENT]...: a training that nothing disturbs.
whole() {
    training "$1" "$3"
    start "$2" "${@:4}"
    end_training
}

# number_after RANKS: sets $ranks to another number of ranks, at random, or if there is no other to the same.
number_after() {
    ranks=$1
    while [ "$ranks" = "$1" ] && [ ${#counts[@]} -gt 1 ]; do ranks=${counts[RANDOM % ${#counts[@]}]}; done
}

# other_plan: of the next start.
other_plan() {
    if [ "$plan" = node ]; then plan=replica; else plan=node; fi
}

# steps_of RUN: its records of steps, those done again included.
steps_of() {
    grep -c '"event":"step"' "$1/metrics.jsonl" 2>/dev/null || true
}

# stopped: by --stop-after-steps, and gone on with.
stopped() {
    local third ranks=${counts[-1]} part
    third=$((($(steps_of "$work/run-1") + 2) / 3))
    training 'stops: 2' replica
    for part in 1 2 3; do
        start "$ranks" --stop-after-steps "$third"
        if [ "$code" != 75 ]; then break; fi
        number_after "$ranks"
        other_plan
    done
    plan=both
    end_training
}

# limit_of RANKS: sets $limit to many times as long as so many take: of some hundred mpiruns whose rank is killed one never ends,
# without a rank left; and hosts may not reach each other.
limit_of() {
    limit=(timeout --foreground -k 5 $((30 + milliseconds_on[$1] / 100)))
}

# start_and_kill RANKS: the same, but a random rank is killed, if it has begun and not ended at a random moment of the time that so many
# took.
start_and_kill() {
    local pids moment=$((RANDOM % milliseconds_on[$1])) before limit hit=0
    before=$(microseconds)
    limit_of "$1"
    launch "$1" &
    sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
    pids=("$work/pids"/*)
    # mpirun has not ended yet, or only now: the pid of a rank that has is nobody else's so soon.
    if kill -9 "$(basename "${pids[RANDOM % ${#pids[@]}]}")" 2>/dev/null; then
        hit=1
    elif [ -e "${pids[0]}" ]; then
        milliseconds_on[$1]=$((($(microseconds) - before) / 1000))
    fi
    wait $!
    hear "$1"
    # One that had nothing left to do but to leave was not killed in the training.
    if [ "$code" != 0 ]; then killed=$((killed + hit)); fi
}

# killed: again and again, up to four times, and gone on with.
killed() {
    local killed=0 before ranks=${counts[0]}
    training '' replica
    code=1
    while [ "$code" != 0 ]; do
        before=$killed
        number_after "$ranks"
        other_plan
        if [ $killed = 4 ] || [ $((kills + killed)) = "$most_kills" ]; then
            start "$ranks"
        else
            start_and_kill "$ranks"
        fi
        # A failure that no kill explains.
        if [ $killed = "$before" ]; then break; fi
    done
    case="kills: $killed" plan=both kills=$((kills + killed))
    steps_again=$((steps_again + $(steps_of "$run") - $(steps_of "$work/run-1")))
    end_training
}

# one_copy EXCHANGE RANKS: the row names what the ranks did exchange. Not every network and machine allows every way.
one_copy() {
    local -x LOCKSTEP_EXCHANGE=$1
    training '' node
    start "$2"
    case="one copy, $(used exchange)"
    if [ "$(used exchange)" != "$1" ]; then not_taken+=("one copy, $1: $2 ranks of this network on this machine took another way"); fi
    end_training
}

# undisturbed: on all numbers of ranks, by all ways.
undisturbed() {
    local count exchange several=("${counts[@]:1}") i=0
    if [ ${#several[@]} = 0 ]; then several=("${counts[@]}"); fi
    for count in "${counts[@]}"; do
        whole 'undisturbed' "$count" replica
        milliseconds_on[$count]=$((($(microseconds) - began) / 1000))
    done
    for exchange in gradient operands split; do
        one_copy "$exchange" "${several[i % ${#several[@]}]}"
        i=$((i + 1))
    done
    LOCKSTEP_NODES=2 whole 'two nodes, feigned' "${counts[-1]}" node
}

# make_hosts: sets $on_hosts to two hosts; or why there are none, $left_out.
make_hosts() {
    if [ ${#counts[@]} = 1 ]; then
        left_out='with one shard there is one rank'
    elif [ -n "$hostfile" ]; then
        on_hosts=("${named[@]:0:2}")
    elif left_out=$("$kit/hosts.sh" check 2>&1); then
        "$kit/hosts.sh" up "$work/site" 2
        on_hosts=(h1 h2)
    else
        left_out="${left_out##*skipped: }; --hostfile FILE takes two of yours"
    fi
}

# two_hosts: with either plan.
two_hosts() {
    local limit
    make_hosts
    if [ -n "$left_out" ]; then return; fi
    limit_of "${counts[-1]}"
    whole 'two hosts' "${counts[1]}" replica
    whole 'two hosts' "${counts[-1]}" node
    on_hosts=()
    "$kit/hosts.sh" down "$work/site"
}

# each_kernel_set: those that this processor runs; the others are named.
each_kernel_set() {
    local set here
    here=$(kernel_sets "$lockstep" "$config") || true
    if [ -z "$here" ]; then wrong+=("which kernel sets there are was not told"); fi
    for set in $here; do LOCKSTEP_ISA=$set whole "kernels $set" "${counts[-1]}" replica; done
    for set in ${every_kernel_set:?}; do
        if [[ " $here " != *" $set "* ]]; then row "kernels $set" - - - 0 - 'not available' -; fi
    done
}

# control: a training that has to come to something else.
control() {
    training 'control: another seed' replica
    expected=other
    start "${counts[-1]}" --set run.seed=4711
    end_training
}

verdict() {
    local listed
    if [ -n "$left_out" ]; then echo "left out: two hosts: $left_out"; fi
    if [ ${#not_taken[@]} -gt 0 ]; then printf 'left out: %s\n' "${not_taken[@]}"; fi
    if [ ${#wrong[@]} = 0 ]; then
        echo "proven: $trainings trainings, $all_starts starts, $kills kills, after which $steps_again steps were done again; all but the control came to $first"
        return
    fi
    printf -v listed '%s; ' "${wrong[@]}"
    echo "NOT proven: ${#wrong[@]} of $trainings trainings: ${listed%; }"
    trap - EXIT
    rm -rf "$work/shm" "$work/pids" "$work/site"
    say "kept: $work"
    exit 70
}

prepare >&2
begin
row case ranks plan kernels starts seconds digest accuracy
row --- --- --- --- --: --: --- ---
undisturbed
two_hosts
each_kernel_set
stopped
for ((attempt = 0; attempt < 10 * most_kills && kills < most_kills; attempt++)); do killed; done
if [ "$kills" -lt "$most_kills" ]; then wrong+=("only $kills of $most_kills kills came before the end of a training"); fi
control
verdict
