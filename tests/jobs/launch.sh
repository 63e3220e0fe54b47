#!/usr/bin/env bash
# lockstep launch on one host: what is killed is started again and ends as if nothing had been; what was asked to stop is not; nothing is
# left behind.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"
# shellcheck source=tests/jobs/launch_kit.sh
. "$tests/jobs/launch_kit.sh"

start 0 train "$work/config.cfg" --quiet --run "$work/alone"
line=$(<"$out")
check 'alone' [ "$code" = 0 ]

# newest: the step of the newest checkpoint of $run, 0 without one.
newest() {
    local last
    last=$(cd "$run/checkpoints" 2>/dev/null && printf '%s\n' * | sed -n 's/^step-\([0-9]*\)\.h5$/\1/p' | tail -n 1) || true
    echo $((10#0$last))
}

# until_beyond STEP: the training has a checkpoint later than that, or has ended.
until_beyond() {
    while [ "$(newest)" -le "$1" ] && kill -0 "$launcher" 2>/dev/null; do sleep 0.02; done
}

# Their mpirun.
mpirun_process() {
    pgrep -f "^mpirun .*$lockstep train $work/config.cfg --run $run "
}

# hold STEP RUN [OPTION]...: as begin, but rank 0 stands still in the checkpoint of this step: however fast the training is, and slow this
# script, it has not ended when it is asked to stop.
hold() {
    LOCKSTEP_FAULT=raise-stop-save:0:$1 begin "${@:2}"
    until_true stands_still ranks
}

# USR2 waits for the rank that stands still.
is_asked() {
    in_set ShdPnd USR2 "/proc/$standing/status"
}

# release: it goes on once it is asked to stop.
release() {
    until_true is_asked
    kill -CONT "$standing"
}

# asked_for WORDS: launch has said so.
asked_for() {
    grep -q "^$1" "$work/err.launch"
}

# ask WORDS: asks launch to stop, which answers in these words.
ask() {
    kill -TERM "$launcher"
    until_true asked_for "$1"
}

# begin_silent RUN START_SECONDS: an mpirun that says nothing; heard at the end, because nobody is taken for lost before a minute is over.
mkdir "$work/silent"
cat >"$work/silent/mpirun" <<TEXT
#!/bin/sh
until [ "\$1" = --run ]; do shift; done
if [ "\$2" = "$work/silent-started" ]; then
    mkdir "\$2"
    echo '{"event":"start"}' >"\$2/metrics.jsonl"
fi
touch "\$2.mpirun"
exec tail -f /dev/null
TEXT
chmod +x "$work/silent/mpirun"
declare -A silent
begin_silent() {
    PATH=$work/silent:$PATH LOCKSTEP_START_SECONDS=$2 "$lockstep" launch "$work/config.cfg" -n 1 --run "$work/$1" --restarts 0 \
        --set run.deadline_seconds=0.1 --set log.seconds=0.1 </dev/null >"$work/out.$1" 2>"$work/err.$1" &
    silent[$1]=$!
    until_true [ -e "$work/$1.mpirun" ]
}
begin_silent silent-suspended 1
kill -STOP "${silent[silent-suspended]}"
begin_silent silent-waited-for 600
begin_silent silent-started 600
begin_silent silent 1

begin plain
conclude
check 'plain: exit code' [ "$code" = 0 ]
check 'plain: the last line, alone on stdout' [ "$(<"$out")" = "$line" ]
check 'plain: nothing is left' nothing_left

# A rank, mpirun, a rank: each after a checkpoint that the start before did not have.
begin killed --quiet
for victim in ranks mpirun_process ranks; do
    until_beyond "$(newest)"
    mapfile -t victims < <("$victim" || true)
    [ ${#victims[@]} -eq 0 ] || kill -9 "${victims[RANDOM % ${#victims[@]}]}"
done
conclude
check 'killed: exit code' [ "$code" = 0 ]
check 'killed: the last line' [ "$(<"$out")" = "$line" ]
check 'killed: restarts are told' grep -Eq '^lockstep: warning: .* \(exit code 137\); restart 1 of at most 5 in a row, from the checkpoint of step [0-9]+, in 1 s$' "$err"
check 'killed: nothing is left' nothing_left
start 0 verify "$run"
check 'killed: verified' [ "$code" = 0 ]

hold 40 mpirun-killed --restarts 0
kill -9 "$(mpirun_process)"
conclude
check 'mpirun killed: exit code 70' [ "$code" = 70 ]
check 'mpirun killed: told from a rank' says 'mpirun itself was ended by a signal (exit code 137), 1 times in a row'
check 'mpirun killed: nothing is left' nothing_left

# A terminal's INT, a cluster's TERM: a checkpoint, 75, and no restart.
step=0
for signal in INT TERM QUIT USR2; do
    step=$((step + 40))
    hold $step asked
    kill "-$signal" "$launcher"
    release
    conclude
    check "$signal: exit code 75" [ "$code" = 75 ]
    check "$signal: nothing on stdout" [ ! -s "$out" ]
    check "$signal: nothing is left" nothing_left
    start 0 status "$run"
    check "$signal: stopped" grep -q '^state  *stopped$' "$out"
done
begin asked
conclude
check 'asked and gone on: the last line' [ "$(<"$out")" = "$line" ]

is_beyond() {
    [ "$(newest)" -gt "$1" ]
}

# Of a terminal's Ctrl-Z, and fg: launch and its ranks are one.
begin suspended --set training.epochs=1000
until_true has_started
kill -TSTP "$launcher"
until_holds 'suspended: all stand still' all_stand_still
step=$(newest)
kill -CONT "$launcher"
until_holds 'continued: the training goes on' is_beyond "$step"
kill -TERM "$launcher"
conclude
check 'continued and stopped: exit code 75' [ "$code" = 75 ]
check 'continued and stopped: started once' [ "$(starts)" = 1 ]

# Nobody listens any more.
run=$work/unheard started='launch unheard'
LOCKSTEP_FAULT=raise-stop-save:0:40 "$lockstep" launch "$work/config.cfg" -n 3 --run "$run" > >(:) 2>&1 &
launcher=$!
until_true stands_still ranks
kill "$launcher"
release
conclude
check 'unheard: exit code 75' [ "$code" = 75 ]
check 'unheard: nothing is left' nothing_left

# killed_as_asked WHAT WORDS: it ended without a new checkpoint, and was not started again.
killed_as_asked() {
    conclude
    check "$1: exit code 70" [ "$code" = 70 ]
    check "$1: told" says "stopped as asked, but killed before its $2"
    check "$1: not started again" [ "$(starts)" = 1 ]
    check "$1: nothing on stdout" [ ! -s "$out" ]
    check "$1: nothing is left" nothing_left
}

# Asked to stop, a rank is killed before its checkpoint.
LOCKSTEP_FAULT=raise-kill-save:0 begin killed-saving --set training.epochs=1000 --set checkpoint.every_steps=0 --set checkpoint.every_epochs=0 \
    --set log.seconds=0.05
until_true grep -qs '"event":"step"' "$run/metrics.jsonl"
ask 'asked to stop'
killed_as_asked 'killed as it saves' 'first checkpoint'

# Asked twice, of an mpirun that waits for ever, as for a lost host: it is killed after a while, at once if asked a third time.
for requests in 2 3; do
    hold 40 "asked-$requests-times"
    kill -STOP "$(mpirun_process)"
    ask 'asked to stop'
    ask 'asked again'
    [ "$requests" = 2 ] || kill -TERM "$launcher"
    killed_as_asked "asked $requests times" 'checkpoint; the newest is that of step 20'
    check "asked $requests times: how it ended" [ "$(grep -c 'mpirun does not end' "$err")" = $((3 - requests)) ]
done

# Asked before mpirun is ready to hear it, which here it is late to be.
mkdir "$work/late"
cat >"$work/late/mpirun" <<TEXT
#!/bin/sh
kill -STOP \$\$
exec '$(command -v mpirun)' "\$@"
TEXT
chmod +x "$work/late/mpirun"
late() {
    pgrep -f "^/bin/sh $work/late/mpirun .*$lockstep train $work/config.cfg --run $run "
}
LOCKSTEP_FAULT=raise-stop-save:0:40 PATH=$work/late:$PATH begin asked-early
until_true stands_still late
ask 'asked to stop'
kill -CONT "$standing"
until_true stands_still ranks
if [ -n "$standing" ]; then release; fi
conclude
check 'asked early: exit code 75' [ "$code" = 75 ]
start 0 status "$run"
check 'asked early: stopped' grep -q '^state  *stopped$' "$out"

# The supervisor is killed: the ranks checkpoint and stop.
hold 40 orphaned
kill -9 "$launcher"
wait "$launcher" 2>/dev/null || true
release
while ranks >/dev/null; do sleep 0.05; done
start 0 status "$run"
check "supervisor killed: stopped, in: $(<"$out")" grep -q '^state  *stopped$' "$out"
orphans() {
    find /dev/shm /tmp -maxdepth 1 -name "lockstep-$(id -u)-$killed-*" "$@"
}
killed=$launcher
check 'supervisor killed: its directories are left' [ "$(orphans | wc -l)" = 2 ]
begin fresh --quiet
conclude
check 'another launch, soon: they may be in use' [ "$(orphans | wc -l)" = 2 ]
orphans -exec touch -d '2 hours ago' {} +
name=$(orphans -printf '%f\n' -quit)
LOCKSTEP_LAUNCH=$name tail -f /dev/null &
user=$!
until_true grep -qs "$name" "/proc/$user/environ"
begin fresh --quiet
conclude
check 'another launch, later: they are in use' [ "$(orphans | wc -l)" = 2 ]
kill "$user"
wait "$user" 2>/dev/null || true
begin orphaned
conclude
check 'supervisor killed, gone on: the last line' [ "$(<"$out")" = "$line" ]
check 'supervisor killed, gone on: nothing is left' [ -z "$(orphans)" ]

begin killed --quiet --set optimizer.momentum=0.8
conclude
fails 'another config' 78 'optimizer.momentum was 0.9'

# More slots than cores: ranks share them.
echo 'localhost slots=64' >"$work/hostfile"
begin more-slots --quiet --restarts 0 -n $(($(nproc) < 8 ? $(nproc) + 1 : 8)) --hostfile "$work/hostfile"
conclude
check 'more slots than cores: the last line' [ "$(<"$out")" = "$line" ]
check 'more slots than cores: nothing is left' nothing_left

# What fails each time is given up.
LOCKSTEP_FAULT=flip-parameter:1:3 begin given-up --quiet --restarts 1 --set log.digest_every_steps=1
conclude
check 'given up: exit code 70' [ "$code" = 70 ]
check 'given up: told' says '2 times in a row without a new checkpoint: given up'
check 'given up: started twice' [ "$(starts)" = 2 ]
check 'given up: nobody else is named' [ "$(grep -c 'lockstep doctor' "$err")" = 0 ]
check 'given up: nothing is left' nothing_left

# hear_silent RUN: waits for its end.
hear_silent() {
    launcher=${silent[$1]} run=$work/$1 started="launch, of an mpirun that says nothing: $1" out=$work/out.$1 err=$work/err.$1 code=0
    wait "$launcher" || code=$?
    message=$(grep '^lockstep: error: ' "$err") || true
    check "$1: exit code 70" [ "$code" = 70 ]
    check "$1: nothing is left" nothing_left
}
for waiting in silent silent-started; do
    hear_silent $waiting
    check "$waiting: mpirun is taken for lost" says 'is taken for lost'
done
# By now the others would be too.
kill -CONT "${silent[silent-suspended]}"
for waiting in silent-suspended silent-waited-for; do
    for words in 'asked to stop' 'asked again'; do
        kill -TERM "${silent[$waiting]}" 2>/dev/null || break
        until_true grep -q "^$words" "$work/err.$waiting"
    done
    hear_silent $waiting
    check "$waiting: mpirun is not taken for lost" [ "$(grep -c 'is taken for lost' "$err")" = 0 ]
done

finish
