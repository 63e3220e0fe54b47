# Sourced after program.sh by tests of lockstep launch on one host: a training, $work/config.cfg, and ways to launch it. The variables are
# program.sh's.
# shellcheck shell=bash disable=SC2154,SC2034 # those of program.sh, and those that are for a test

"$lockstep" import synth --train 3001 --test 500 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [32] }
training: { epochs = 4, batch_size = 10 }
optimizer: { learning_rate = 0.05, momentum = 0.9 }
checkpoint: { every_steps = 20 }
TEXT

# begin RUN [OPTION]...: launch on 3 ranks, in the background; its process is left in $launcher.
begin() {
    run=$work/$1
    started="launch ${*:2}"
    "$lockstep" launch "$work/config.cfg" -n 3 --run "$run" "${@:2}" </dev/null >"$work/out.launch" 2>"$work/err.launch" &
    launcher=$!
}

# conclude: waits for its end; what it said is heard.
conclude() {
    code=0
    wait "$launcher" || code=$?
    out=$work/out.launch err=$work/err.launch
    message=$(grep '^lockstep: error: ' "$err") || true
}

# The ranks of this training.
ranks() {
    pgrep -f "^$lockstep train $work/config.cfg --run $run "
}

nothing_left() {
    local rest
    rest=$(pgrep -f "$lockstep train $work/config.cfg --run $run " || true)
    [ -z "$rest" ] && [ -z "$(find /dev/shm /tmp -maxdepth 1 -name "lockstep-$(id -u)-$launcher-*")" ]
}

starts() {
    sed -n '/"event":"\(start\|resume\)"/p' "$run/metrics.jsonl" 2>/dev/null | wc -l
}
has_started() {
    [ "$(starts)" -gt 0 ]
}

# what_runs: of launch and its ranks, those that are not stopped.
what_runs() {
    { echo "$launcher" && ranks; } | while read -r process; do grep -Ls '^State:.T' "/proc/$process/status" || true; done
}
all_stand_still() {
    [ -z "$(what_runs)" ]
}
