# Sourced after program.sh by tests under Slurm: a cluster of three nodes, h1, h2 and h3, a training, $config, and scenarios of its
# life that can be played side by side. Without the right or the packages to make a cluster the test is skipped. The variables are
# program.sh's.
# shellcheck shell=bash disable=SC2154,SC2034 # those of program.sh, and those that are for a test

# shellcheck source=tests/results.sh
. "$tests/results.sh"
cluster=$tests/slurm/cluster.sh
hosts=$tests/hosts/hosts.sh
site=$work/site
project=$(realpath "$tests/..")
"$cluster" check || exit $?
trap '"$cluster" down "$site"; rm -rf "$work"' EXIT
"$cluster" up "$site" 3
longest_wait=120

# 847 steps, 121 an epoch; each is in the records as soon as it is done, and a checkpoint every 25.
interval=25
"$lockstep" import synth --train 3001 --test 200 -o "$work/digits.h5" >/dev/null
config=$work/config.cfg
cat >"$config" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [24] }
training: { epochs = 7, batch_size = 25 }
optimizer: { learning_rate = 0.05, momentum = 0.9 }
checkpoint: { every_steps = $interval, every_epochs = 0 }
log: { seconds = 0.05 }
TEXT

# undisturbed RUN [ARGUMENT]...: what comes out on one process, in RUN.line and RUN.results.
undisturbed() {
    start 0 train "$config" --run "$1" --quiet "${@:2}"
    check "$1: undisturbed" [ "$code" = 0 ]
    cp "$out" "$1.line"
    results "$1" >"$1.results"
}
alone=$work/alone # what runs are compared with
undisturbed "$alone"

# What keeps a training for whoever means to disturb it, without a race: $paced is a program whose ranks take a tenth of a second for
# each step of the first start of $RUN; LOCKSTEP_FAULT=$held stops rank 0 at a step, until SIGCONT.
by_rank <<'TEXT'
[ -e "$RUN/metrics.jsonl" ] || export LOCKSTEP_FAULT=slow-compute
TEXT
paced=$by_rank held=raise-stop-pack:0:200

on_cluster() {
    "$cluster" exec "$site" "$@"
}

# as_user PROGRAM COMMAND...: on the login host, with what the scripts of slurm/ want to know. They train $config in $run.
export LAUNCHER=${LAUNCHER:-mpirun}
as_user() {
    on_cluster env LOCKSTEP_PROJECT="$project" LOCKSTEP="$1" BIND=none CONFIG="$config" RUN="$run" "${@:2}"
}

# submit PROGRAM [OPTION OF SBATCH]... SCRIPT [ARGUMENT]...: $job is its number, $log its log.
submit() {
    began=${began:-${EPOCHREALTIME/[^0-9]/}} started="sbatch ${*:2}" code=none err=$log
    job=$(as_user "$1" sbatch --parsable --chdir="$work" --output="$log" "${@:2}")
}

# job_is FIELD=VALUE: what Slurm says of $job; an extended regular expression.
job_is() {
    grep -Eqs "^JobId=$job .* $1( |\$)" "$site/slurm/jobs"
}

# waits_again: $job has been requeued once, and is not started yet.
waits_again() {
    job_is 'JobState=PENDING .* Restarts=1'
}

has_step() {
    grep -qs "\"event\":\"step\",\"step\":$1," "$run/metrics.jsonl"
}

# count_of EVENT: records in $run; a regular expression.
count_of() {
    grep -Ec "\"event\":\"($1)\"" "$run/metrics.jsonl" || true
}

# steps_lost: how many were done again.
steps_lost() {
    echo $(($(count_of step) - $(grep -o '"event":"step","step":[0-9]*' "$run/metrics.jsonl" | sort -u | wc -l)))
}

restarts() {
    echo $(($(count_of 'start|resume') - 1))
}

# row WHAT RESTARTS STEPS_LOST RESULT: a row of the table about what began with the first submission.
row() {
    printf '| %-46s | %8d | %10d | %7.1f | %-32s |\n' "$1" "$2" "$3" \
        "$(bc <<<"scale=1; (${EPOCHREALTIME/[^0-9]/} - $began) / 1000000")" "$4"
}

digest() {
    "$lockstep" digest "$(find "$run/checkpoints" -name 'step-*.h5' | sort | tail -n 1)"
}

heading() {
    printf '| %-46s | restarts | steps lost | seconds | %-32s |\n| --- | --: | --: | --: | --- |\n' "$1" digest
}

# job_ends WHAT STATE EXIT_CODE: the last two are regular expressions.
job_ends() {
    until_holds "$1: the job ends" job_is 'JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|PREEMPTED)'
    code=$(grep -E "^JobId=$job " "$site/slurm/jobs" | grep -o 'ExitCode=[0-9:]*')
    check "$1: the job is $2" job_is "JobState=$2"
    check "$1: exit code $3" job_is "ExitCode=$3:[0-9]+"
}

verifies() {
    "$lockstep" verify "$run" --data "$work/digits.h5" >/dev/null # a copy on a node that it was trained with has gone
}

# trained_as_alone WHAT: the run has come to what it comes to undisturbed, and no restart has cost more than the steps since a checkpoint.
# Prints its row.
trained_as_alone() {
    results "$run" >"$run.results"
    check "$1: every step and epoch" same "$alone.results" "$run.results"
    check "$1: verified" verifies
    check "$1: $(steps_lost) steps lost" [ "$(steps_lost)" -le $(($(restarts) * interval)) ]
    row "$1" "$(restarts)" "$(steps_lost)" "$(digest)"
}

# ends_as_alone WHAT: the job completes, and this.
ends_as_alone() {
    job_ends "$1" COMPLETED 0
    check "$1: the last line" grep -qxFf "$alone.line" "$log"
    trained_as_alone "$1"
}

# play_one SCENARIO: a function, with its own $run and $log; $work/SCENARIO.counts tells its checks.
play_one() {
    checks=0 failures=0 run=$work/$1.$LAUNCHER log=$work/$1.$LAUNCHER.log
    "$1"
    echo "$checks $failures" >"$work/$1.counts"
}

# play SCENARIO...: begins these, each in a process of its own.
declare -A playing
play() {
    local scenario
    for scenario in "$@"; do
        play_one "$scenario" >"$work/$scenario.said" 2>&1 &
        playing[$scenario]=$!
    done
}

# end SCENARIO...: waits for them, shows what they say in this order, and counts their checks.
end() {
    local scenario counts
    for scenario in "$@"; do
        if wait "${playing[$scenario]}"; then
            counts=$(<"$work/$scenario.counts")
        else
            counts='1 1'
            echo "FAILED: $scenario broke off"
        fi
        cat "$work/$scenario.said"
        checks=$((checks + ${counts% *})) failures=$((failures + ${counts#* }))
    done
}

# nothing_left WHAT [PATTERN]: no process, no shared memory, no session directory in the hosts, or none that matches.
nothing_left() {
    "$cluster" ls "$site" | { grep -E "${2:-.}" || true; } >"$work/left"
    check "$1: nothing is left in the hosts: $(<"$work/left")" [ ! -s "$work/left" ]
}
