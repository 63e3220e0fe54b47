#!/usr/bin/env bash
# The wall clock jumps by years, back and forth, stands still, or runs a hundred times too fast (libfaketime). Lockstep measures on the
# monotonic clock, so nothing but the stamps in log.txt shows it: the same result, checkpoints by time, lines by time, no false alarm
# of the watchdog and a true one. The monotonic clock is never wrong on a real system; with it faked too the result is still
# the same, and the watchdog still silent about ranks that work.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
if ! command -v faketime >/dev/null; then
    echo 'SKIPPED: faketime is not here'
    exit 77
fi
# What the command faketime preloads; without the command the fake time may change while the program runs.
library=$(faketime -f +0 printenv LD_PRELOAD)

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
run: { deadline_seconds = 5.0 }
data: { file = "$work/good.h5" }
model: { hidden = [200] }
training: { epochs = 3000, batch_size = 43 }
checkpoint: { every_epochs = 0, every_seconds = 0.1, keep = 1000 }
evaluation: { every_epochs = 0 }
log: { seconds = 0.1 }
TEXT
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "undisturbed" [ "$code" = 0 ]
line=$(<"$out")

# set_clock TEXT: what time it is, in the words of faketime; for programs that run too.
set_clock() {
    echo "$1" >"$work/clock.new"
    mv "$work/clock.new" "$work/clock"
}
# The program alone lives in the fake time, and not mpirun. FORCE_MONOTONIC_FIX: else a wait on a monotonic clock that is (not)
# faked ends never (at once).
cat >"$work/faked" <<TEXT
#!/usr/bin/env bash
export FAKETIME_TIMESTAMP_FILE=$work/clock FAKETIME_NO_CACHE=1
export FAKETIME_DONT_FAKE_MONOTONIC=\$TRUE_MONOTONIC FAKETIME_FORCE_MONOTONIC_FIX=\$((1 - TRUE_MONOTONIC))
echo "\$\$" >>$work/processes
LD_PRELOAD='$library' exec $lockstep "\$@"
TEXT
chmod +x "$work/faked"
# faked RANKS MONOTONIC ARGUMENT...: start under the fake clock; MONOTONIC: yes if it is faked too.
faked() {
    local true=1
    [ "$2" = no ] || true=0
    TRUE_MONOTONIC=$true lockstep=$work/faked start "$1" "${@:3}"
}

tries=0
# same_result WHAT
same_result() {
    tries=$((tries + 1))
    check "$1: it ends" [ "$code" = 0 ]
    check "$1: the result" [ "$(<"$out")" = "$line" ]
    check "$1: no alarm" [ "$(grep -c '^lockstep: ' "$err")" = 0 ]
}
# by_time WHAT: at least two checkpoints and two lines were due in the seconds that it trained, as far as the machine kept pace.
by_time() {
    check "$1: checkpoints by time" [ "$(find "$work/run/checkpoints" -name 'step-*' | wc -l)" -gt 2 ]
    check "$1: lines by time" [ "$(grep -c ', step [0-9]*/' "$err")" -ge 2 ]
}
# stamped WHAT YEAR: so the lines of log.txt begin.
stamped() {
    check "$1: stamps" [ -z "$(grep -v "^$2-.*Z " "$work/run/log.txt")" ]
}

for clock in '+0 x100' '-20y' '2001-02-03 04:05:06'; do
    set_clock "$clock"
    for monotonic in no yes; do
        for ranks in 0 2; do
            # Open MPI's own patience in MPI_Finalize, and any deadline, is then a hundredth of what it says.
            [ "$clock $monotonic $ranks" != '+0 x100 yes 2' ] || continue
            rm -rf "$work/run"
            faked "$ranks" "$monotonic" train "$work/config.cfg" --run "$work/run"
            same_result "clock $clock, monotonic too: $monotonic, on $ranks ranks"
            [ "$monotonic" = yes ] || by_time "clock $clock on $ranks ranks"
        done
    done
done
stamped "the clock stands still" 2001

# Back and forth by years, as long as it trains.
for ranks in 0 2; do
    rm -rf "$work/run"
    set_clock +0
    faked "$ranks" no train "$work/config.cfg" --run "$work/run" &
    training=$!
    jumps=0
    while kill -0 "$training" 2>/dev/null; do
        set_clock "$([ $((jumps % 2)) = 0 ] && echo -7y || echo +7y)"
        jumps=$((jumps + 1))
        sleep 0.05
    done
    wait "$training"
    hear "$ranks"
    same_result "$jumps jumps on $ranks ranks"
    by_time "$jumps jumps on $ranks ranks"
    check "it jumped" [ "$jumps" -gt 2 ]
done

# A rank that hangs is found though the wall clock stands still.
set_clock '2001-02-03 04:05:06'
rm -rf "$work/run"
faked 2 no train "$work/config.cfg" --run "$work/run" --quiet --stop-after-steps 1
check "a run to go on with" [ "$code" = 75 ]
LOCKSTEP_FAULT=hang-record:0 faked 2 no train "$work/config.cfg" --run "$work/run" --quiet --set run.deadline_seconds=2.0
check "the watchdog's true alarm" [ "$code" = 70 ]
check "names who is late" grep -q 'rank 0 is in .*: LATE' "$err"

# libfaketime's, of those that ended by the alarm.
while read -r process; do rm -f "/dev/shm/faketime_shm_$process" "/dev/shm/sem.faketime_sem_$process"; done <"$work/processes"

echo "clock: $tries trainings under wrong clocks, all with $line"
finish
