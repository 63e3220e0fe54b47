#!/usr/bin/env bash
# Inside a Slurm job a training stops by itself before the job's time is up: all ranks after the same step, with a
# checkpoint, 75, and why in the end record; and it neither waits for squeue nor believes a limit that was raised. Slurm is a
# stand-in: its variables, and a squeue that says what $work/answer has.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5" # 211 samples: 22 steps an epoch
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 300, batch_size = 10 } # much longer than squeue takes to answer
checkpoint: { every_epochs = 0 }
evaluation: { every_epochs = 0 }
TEXT
mkdir "$work/bin"
cat >"$work/bin/squeue" <<STUB
#!/bin/sh
echo "\$*" >>"$work/asked"
echo \$\$ >>"$work/pids"
cat "$work/answer"
exec $(command -v sleep) "\$(cat "$work/hang")"
STUB
chmod +x "$work/bin/squeue"
export PATH=$work/bin:$PATH
unset "${!SLURM_@}"

# inside ANSWER HANG [VARIABLE=VALUE]...: the next start is in job 7, whose squeue prints ANSWER and lasts HANG seconds more.
inside() {
    rm -rf "$work/run" "$work/asked" "$work/pids"
    printf '%b' "$1" >"$work/answer"
    echo "$2" >"$work/hang"
    unset "${!SLURM_@}"
    export SLURM_JOB_ID=7 "${@:3}"
}

# train RANKS [ARGUMENT]...
train() {
    start "$1" train "$work/config.cfg" --run "$work/run" "${@:2}"
}

# Trains until it is stopped: days.
for_ever=(--set training.epochs=1000000)

has_record() {
    grep -q "$1" "$work/run/metrics.jsonl"
}

no_squeue_runs() {
    local pid
    while read -r pid; do
        if grep -qs '^State:.[RSD]' "/proc/$pid/status" && [ "$(<"/proc/$pid/comm")" = sleep ]; then return 1; fi
    done <"$work/pids"
}

# stopped WHAT: by the time limit, whatever came before.
stopped() {
    check "$1: exit code 75" [ "$code" = 75 ]
    check "$1: told" grep -q "stopped before Slurm's time limit after step [1-9]" "$err"
    check "$1: the end record says why" has_record '"event":"end","reason":"stopped","stopped_by":"time limit"'
    check "$1: no squeue is left" no_squeue_runs
    start 0 status "$work/run"
    check "$1: status says why" grep -q '^stopped by  *time limit$' "$out"
}

# finished WHAT: as if nothing were.
finished() {
    check "$1: exit code 0" [ "$code" = 0 ]
    check "$1: the same result" [ "$(<"$out")" = "$line" ]
    check "$1: no squeue is left" no_squeue_runs
}

# Outside Slurm nothing is asked, whatever else the environment has.
inside '0:00\n' 0 SLURM_JOB_END_TIME=1
unset SLURM_JOB_ID
train 0 --quiet
line=$(<"$out")
check "outside Slurm: it trains" [ "$code" = 0 ]
check "outside Slurm: nobody is asked" [ ! -e "$work/asked" ]
check "outside Slurm: nothing recorded" [ "$(grep -c '"slurm_' "$work/run/metrics.jsonl")" = 0 ]

# The limit is squeue's, or the variable's where squeue says nothing; it ends before squeue does.
for ranks in 0 3; do
    inside '0:02\n' 0 SLURM_RESTART_COUNT=4 SLURM_JOB_NODELIST='h[1-3]'
    train "$ranks" "${for_ever[@]}"
    stopped "squeue, $ranks ranks"
    check "squeue, $ranks ranks: asked once" [ "$(<"$work/asked")" = '-h -o %L -j 7' ]
    check "the job is recorded" has_record '"event":"start".*"slurm_job":"7","slurm_restarts":4,"slurm_nodes":"h\[1-3\]"'
done
inside '' 0 SLURM_JOB_END_TIME=$(($(date +%s) + 2))
train 2 "${for_ever[@]}"
stopped 'the variable'
inside '' 1000 SLURM_JOB_END_TIME=$(($(date +%s) + 2))
train 2 "${for_ever[@]}"
stopped 'squeue hangs'

# One that passed before the start is no limit, unless squeue says the same: the shell of an allocation that has ended keeps it.
inside '0:00\n' 0 SLURM_JOB_END_TIME=1
train 2 "${for_ever[@]}"
stopped 'the variable had passed, as squeue says'
for hang in 0 1000; do
    inside '' "$hang" SLURM_JOB_END_TIME=1
    LOCKSTEP_FAULT=slow-compute:0 train 2 --stop-after-steps 60 # 6 s: longer than squeue is waited for
    check 'the variable had passed: it goes on' has_record '"stopped_by":"steps"'
    check 'the variable had passed: told once' [ "$(grep -c 'warning: SLURM_JOB_END_TIME had passed' "$err")" = 1 ]
done

# A checkpoint takes 3 s, so the next must begin early: 2 x 3 s before the end and the margin, which is now.
is_held() {
    held=$(pgrep -f "^$lockstep train $work/config.cfg") && grep -qs '^State:.T' "/proc/$held/status"
}
inside '0:08\n' 0
LOCKSTEP_FAULT=raise-stop-save:0:5 train 0 "${for_ever[@]}" --set checkpoint.every_steps=5 &
until_holds 'the checkpoint has begun' is_held
sleep 3
kill -CONT "$held"
wait $!
hear 0
stopped 'a slow checkpoint'
check 'a slow checkpoint: no other before the last' has_record '"stopped_by":"time limit","step":[5-9],'

# A stopped run goes on to the same end, on another number of ranks.
inside '0:00\n' 0
LOCKSTEP_FAULT=slow-compute:0 train 2
stopped 'no time at all'
LOCKSTEP_FAULT=slow-compute:0 SLURM_JOB_ID=8 train 3
stopped 'no time at all, again'
unset SLURM_JOB_ID
train 3 --quiet
finished 'going on'
check "the jobs are recorded" [ "$(grep -o '"slurm_job":"[0-9]*"' "$work/run/metrics.jsonl" | tr -dc '78')" = 78 ]

# squeue knows better than what was known before: the limit was raised, or the job was suspended.
for answer in '1:00:00' 1-00:00:00 UNLIMITED; do
    inside "$answer\n" 0 SLURM_JOB_END_TIME=1
    train 2 --quiet
    finished "$answer"
done

# Without an answer there is no limit; that it is not known is told once.
for answer in INVALID NOT_SET '0:00\n0:00'; do
    inside "$answer\n" 0
    train 2
    finished "$answer"
done
inside '' 1000
train 2 --quiet
finished 'squeue hangs, no limit known'
inside '' 0
LOCKSTEP_FAULT=slow-compute:0 train 2 --stop-after-steps 20 # 2 s
check "squeue says nothing: told" grep -q '^lockstep: warning: squeue does not say when Slurm ends job 7: ' "$err"
check "squeue says nothing: by what it was stopped" has_record '"stopped_by":"steps"'

# An element of an array is asked for by its own number, for the job's may be that of all.
inside '0:00\n' 0 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2
train 0 "${for_ever[@]}"
stopped 'an array'
check "an array: the element is asked for" [ "$(<"$work/asked")" = '-h -o %L -j 7_2' ]
finish
