#!/usr/bin/env bash
# What can happen to a job on three hosts. Each time: how long until it has ended or is seen to live, the exit code of mpirun, what was said first,
# what was left behind (nothing), and that the same command afterwards goes on to the result of an undisturbed training. The table is
# printed. LOCKSTEP_FAULTS=all also stops and kills a rank in every phase, and more. $3: the library slow_fsync.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"

"$lockstep" import synth --train 3001 --test 500 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
run: { deadline_seconds = 2.0 }
data: { file = "$work/digits.h5" }
model: { hidden = [32] }
training: { epochs = 10, batch_size = 10 } # 301 steps an epoch
checkpoint: { every_steps = 50, every_epochs = 0 }
log: { digest_every_steps = 50 }
TEXT
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
line=$(<"$out")
places=h1:2,h2:1,h3:1

now() {
    date +%s.%N
}

# until_step N: waits for this step to be recorded.
until_step() {
    local end=$((SECONDS + 30))
    until grep -qs "\"event\":\"step\",\"step\":$1," "$work/run/metrics.jsonl" || [ "$SECONDS" -ge "$end" ]; do sleep 0.02; done
}

# row WHAT SECONDS: a row of the table about what was heard.
row() {
    local said
    said=$(grep -m 1 -E 'lockstep: (error|warning)|ORTE|mpirun noticed|MPI_ERR' "$err" | sed 's/ \+/ /g' | cut -c 1-90) || true
    printf '| %-32s | %5.1f | %4s | %s\n' "$1" "$2" "$code" "$said" >>"$work/table"
}

# goes_on WHAT: nothing is left, and the same command ends as if nothing had been.
goes_on() {
    local end=$((SECONDS + 30))
    until [ -z "$("$hosts" ls "$site")" ] || [ "$SECONDS" -ge "$end" ]; do sleep 0.1; done
    nothing_left "$1"
    start 0 train "$work/config.cfg" --run "$work/run" --quiet
    check "$1: the same command goes on to the same" [ "$(<"$out")" = "$line" ]
    check "$1: no half a checkpoint" [ -z "$(find "$work/run" -name '*.tmp*')" ]
}

# faulty WHAT FAULT CODE [VARIABLE=VALUE]...: a fault point; the job ends with this code.
faulty() {
    local began
    rm -rf "$work/run"
    began=$(now)
    mpirun_options=(-x LOCKSTEP_FAULT="$2" -x LOCKSTEP_START_SECONDS=4)
    launch_on "$places" train "$work/config.cfg" --run "$work/run" --quiet
    mpirun_options=()
    hear hosts
    row "$1" "$(bc <<<"$(now) - $began")"
    check "$1: exit code $3" [ "$code" = "$3" ]
    goes_on "$1"
}

# disturbed WHAT CODE COMMAND [UNDO...]: the command is run once the training is under way; the job ends with this code;
# then UNDO.
disturbed() {
    local launcher began
    rm -rf "$work/run"
    launch_on "$places" train "$work/config.cfg" --run "$work/run" --quiet &
    launcher=$!
    until_step 120
    began=$(now)
    $3
    wait "$launcher"
    hear hosts
    row "$1" "$(bc <<<"$(now) - $began")"
    check "$1: exit code $2" [ "$code" = "$2" ]
    [ $# = 3 ] || "${@:4}"
    goes_on "$1"
}

# ranks_of HOST: their process numbers there.
ranks_of() {
    "$hosts" exec "$site" "$1" pgrep -f "^$lockstep train" || true
}

# signal SIGNAL HOST...: to all ranks of these hosts that have not ended, one after the other.
signal() {
    local host rank
    for host in "${@:2}"; do
        for rank in $(ranks_of "$host"); do "$hosts" exec "$site" "$host" kill "-$1" "$rank" || true; done
    done
}

to_mpirun() {
    "$hosts" exec "$site" h0 kill "-$1" "$(<"$site/mpirun")"
}

# The whole job stands still for longer than the deadline, and then is asked to stop. Rank 1 has stopped itself before (fault
# point), and rank 0 waits for it and goes on before it: a watchdog that counted this time would end the job.
suspend() {
    signal STOP h1 h2 h3
    sleep 4
    signal CONT h1 h2 h3
    to_mpirun USR2 || true # if it has ended: that is checked
}

cut_power() {
    "$hosts" poweroff "$site" h3
}

cut_link() {
    "$hosts" unplug "$site" h3
}

kill_mpirun() {
    to_mpirun KILL
}

# lives WHAT HOST:RANKS,... ARGUMENT...: nothing ends this training, which has options of mpirun.
lives() {
    local began
    rm -rf "$work/run"
    began=$(now)
    launch_on "$2" train "$work/config.cfg" --run "$work/run" --quiet "${@:3}"
    mpirun_options=()
    hear hosts
    row "$1" "$(bc <<<"$(now) - $began")"
    check "$1: the same result" [ "$(<"$out")" = "$line" ]
    nothing_left "$1"
}

faulty 'rank stopped in a step' raise-stop-pack:1:120 70
faulty 'rank 0 stopped in a checkpoint' raise-stop-save:0:150 70
faulty 'rank killed' raise-kill-update:1:120 137
if [ "${LOCKSTEP_FAULTS:-}" = all ]; then
    faulty 'rank stopped before MPI' raise-stop-start:3 70
    faulty 'rank stopped, alone on its host' raise-stop-pack:2:120 70
    for point in load:1 compute:3:120 reduce:1:120 update:2:120 evaluate:0:301 idle:3:301 check:2:150 save:3:150 record:0:301; do
        faulty "rank stopped: $point" "raise-stop-$point" 70
    done
    for point in load:0 pack:3:120 compute:0:120 reduce:2:120 evaluate:0:301 idle:1:301 check:0:150 save:0:150 record:0:120; do
        faulty "rank killed: $point" "raise-kill-$point" 137
    done
    faulty 'rank missed a collective call' skip-collective:3:120 70
    mpirun_options=(-x LD_PRELOAD="$3")
    lives 'disk of 5 s an fsync' "$places" --set run.deadline_seconds=-1 --set checkpoint.every_steps=0 --set evaluation.every_epochs=0
    lives 'more ranks than cores' h1:4,h2:2,h3:2
fi
mpirun_options=(-x LOCKSTEP_FAULT=raise-stop-pack:1:160) # when the records of the first 150 steps are on disk
disturbed 'whole job suspended, continued' 75 suspend
mpirun_options=()
disturbed 'power cut of a host' 205 cut_power "$hosts" boot "$site" h3
disturbed 'link down' 205 cut_link "$hosts" plug "$site" h3
# Its own session directory, in which no rank has anything, nobody else removes.
disturbed 'mpirun killed' 137 kill_mpirun "$hosts" exec "$site" h0 find "$site/local" -mindepth 1 -delete
cat "$work/table"
finish
