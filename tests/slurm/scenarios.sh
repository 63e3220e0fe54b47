#!/usr/bin/env bash
# What happens to jobs on a cluster, on a real Slurm of three nodes: whatever it is, the run ends with the digest of an undisturbed one, and
# a restart costs no more steps than lie between two checkpoints. The table is printed.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/slurm/kit.sh
. "$tests/slurm/kit.sh"

train=$project/slurm/train.sbatch
rates='0.01 0.02 0.04'
for rate in $rates; do undisturbed "$work/rate-$rate" --set optimizer.learning_rate="$rate"; done

# caught WHAT PROGRAM OPTION...: a job is in the middle of its first start.
caught() {
    submit "$2" "${@:3}" "$train" --quiet
    until_holds "$1: it trains" has_step 30
}

# Ranks of $run, by the process numbers of the login host, which sees those of all nodes.
ranks="^$lockstep train .*--run"
one_stands() {
    on_cluster pgrep -r T -f "$ranks $run" >/dev/null
}

# standing WHAT OPTION...: a job whose rank 0 is stopped in the middle, until go_on.
standing() {
    LOCKSTEP_FAULT=$held submit "$lockstep" "${@:2}" "$train" --quiet
    until_holds "$1: rank 0 stands" one_stands
}

go_on() {
    on_cluster pkill -CONT -f "$ranks $run"
}
running_ranks() {
    on_cluster pgrep -r R,S,D -f "$ranks $run" >/dev/null
}
none_runs() {
    ! running_ranks
}

signalled() {
    local what='USR2 to the script, from 2 nodes to 3'
    caught "$what" "$paced" -N2 --ntasks-per-node=2
    on_cluster scancel --batch --signal=USR2 "$job"
    until_holds "$what: it waits to be started again" waits_again
    on_cluster scontrol update "JobId=$job" NumNodes=3-3
    ends_as_alone "$what"
    check "$what: sizes" [ "$(grep -o '"ranks":[0-9]*,"nodes":[0-9]*' "$run/metrics.jsonl" | paste -sd ' ')" = '"ranks":4,"nodes":2 "ranks":6,"nodes":3' ]
}

# Both together are more than the CPUs of a node.
preempted() {
    local what='preempted by a higher partition, and back' low
    caught "$what" "$paced" -p low -w h1 -N1 --ntasks-per-node=2 --cpus-per-task=10
    low=$job
    job=$(on_cluster sbatch --parsable -p high -w h1 -n1 -c13 --output="$work/high.log" --wrap 'echo high')
    job_ends "$what: the higher one" COMPLETED 0
    job=$low
    ends_as_alone "$what"
    check "$what: once" [ "$(restarts)" = 1 ]
}

# no_copies: of the dataset, on any node.
no_copies() {
    local host
    for host in h1 h2 h3; do
        if "$hosts" exec "$site" $host ls /dev/shm | grep '^lockstep-.*\.h5$'; then return 1; fi
    done
}

# With copies of the dataset: none stays, whether or not the first job could remove its own.
cancelled() {
    local what='scancel, and submitted again'
    local -x LOCAL_COPY=/dev/shm
    caught "$what" "$paced" -N2 --ntasks-per-node=1
    on_cluster scancel "$job"
    job_ends "$what: the first" CANCELLED '[0-9]+'
    submit "$lockstep" -N3 --ntasks-per-node=1 "$train" --quiet
    ends_as_alone "$what"
    check "$what: from copies" grep -q 'copied .* to /dev/shm' "$log"
    check "$what: no copy is left" no_copies
}

# No signal reaches a rank or the script before Slurm ends the job (URG, which all ignore, takes the place of USR2): the ranks stop by
# themselves.
out_of_time() {
    local what='time limit, without a signal'
    caught "$what" "$paced" -w h1 -N1 --ntasks-per-node=2 --time=1 --signal=B:URG@1
    ends_as_alone "$what"
    check "$what: no step lost" [ "$(steps_lost)" = 0 ]
    check "$what: once" [ "$(restarts)" = 1 ]
}

power_lost() {
    local what='a node loses its power'
    caught "$what" "$paced" -w h2,h3 -N2 --ntasks-per-node=1
    "$hosts" poweroff "$site" h3
    until_holds "$what: it waits to be started again" waits_again
    "$cluster" boot "$site" h3
    ends_as_alone "$what"
}

controller_restarted() {
    local what='slurmctld started again under the job'
    standing "$what" -N3 --ntasks-per-node=1
    "$cluster" restart "$site"
    go_on
    ends_as_alone "$what"
    check "$what: no restart" [ "$(restarts)" = 0 ]
}

# The second is refused, and not started again.
one_run_directory() {
    local what='two jobs, one run directory' first first_log=$log
    standing "$what" -N2 --ntasks-per-node=1
    first=$job log=$work/second.log
    submit "$lockstep" -N1 --ntasks-per-node=1 "$train" --quiet
    job_ends "$what: the second" FAILED 73
    check "$what: the second is not started again" job_is Restarts=0
    check "$what: the second says why" grep -q 'is held by another training' "$log"
    job=$first log=$first_log
    go_on
    ends_as_alone "$what"
}

suspended() {
    local what='scontrol suspend, resume'
    standing "$what" -N2 --ntasks-per-node=2
    check "$what: ranks run" running_ranks
    on_cluster scontrol suspend "$job"
    until_holds "$what: no rank runs" none_runs
    until_holds "$what: its state" job_is JobState=SUSPENDED
    on_cluster scontrol resume "$job"
    ends_as_alone "$what"
    check "$what: no restart" [ "$(restarts)" = 0 ]
}

bad_config() {
    local what='a bad config'
    submit "$lockstep" -N1 --ntasks-per-node=1 "$train" --set training.epoch=1
    job_ends "$what" FAILED 78
    check "$what: not started again" job_is Restarts=0
    check "$what: it says why" grep -q 'training.epoch' "$log"
    check "$what: no run" [ ! -e "$run" ]
    row "$what" 0 0 'exit code 78'
}

swept() {
    local what='array of 3' rate settings=() runs=$run
    began=${EPOCHREALTIME/[^0-9]/} started='sweep.sbatch' code=none err=$runs/summary.txt
    for rate in $rates; do settings+=("optimizer.learning_rate=$rate"); done
    job=$(RUNS=$runs as_user "$lockstep" "$project/slurm/sweep.sbatch" -N1 --ntasks-per-node=2 --chdir="$work" --output="$log" \
        -- "${settings[@]}" | sed -n 's/.*; job \([0-9]*\): .*/\1/p')
    job_ends "$what: the summary" COMPLETED 0
    for rate in $rates; do
        alone=$work/rate-$rate run=$runs/optimizer.learning_rate=$rate
        trained_as_alone "$what: learning rate $rate"
        check "$what: in the summary" grep -q "rate=$rate | finished | 847 of 847 .* | $(digest) |" "$runs/summary.txt"
    done
}

# Each does a part; the last one of them cancels what would follow.
chained() {
    local what='chain of 3, the fourth is not needed' numbers
    began=${EPOCHREALTIME/[^0-9]/} started='chain.sh 4' code=none err=$log
    read -ra numbers < <(as_user "$lockstep" "$project/slurm/chain.sh" 4 -N2 --ntasks-per-node=1 --chdir="$work" --output="$log" \
        "$train" --quiet --stop-after-steps 300)
    job=${numbers[3]}
    job_ends "$what: the fourth" CANCELLED '[0-9]+'
    job=${numbers[2]}
    ends_as_alone "$what"
    check "$what: three starts" [ "$(restarts)" = 2 ]
}

# Each of the three rounds is side by side; the time limit, the longest of all, is beside all of them.
play_all() {
    heading "what happens to a job, by $LAUNCHER"
    play out_of_time controller_restarted
    end controller_restarted # others would find no slurmctld for a moment
    play power_lost preempted
    end power_lost preempted
    play "${apart[@]}"
    end "${apart[@]}" out_of_time
}
apart=(signalled cancelled one_run_directory suspended bad_config swept chained)
play_all
if [ "${LOCKSTEP_SLURM:-}" = all ]; then LAUNCHER=srun play_all; fi
nothing_left 'all jobs' '^process ' # what is killed may leave files
finish
