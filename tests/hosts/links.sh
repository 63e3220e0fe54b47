#!/usr/bin/env bash
# Links that are slow in either way: one of 100 Mbit/s, and one on which everything is 2 ms under way. They change no bit, and a step takes
# the sum of its parts: what it takes on a fast link, and the time that the bytes or the messages are under way. The table is
# printed. $3: the program delayed_link.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"

rate=100 delay=2 batch=40 hidden=24
"$lockstep" import synth --train 2001 --test 200 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [$hidden] }
training: { epochs = 6, batch_size = $batch }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
TEXT
start 0 train "$work/config.cfg" --run "$work/alone" --quiet
check 'one process' [ "$code" = 0 ]
line=$(<"$out")
results "$work/alone" >"$work/alone.results"

# Two hosts with a rank each: either sends the other half of the gradient, and then half of the sum. In ms: the bits of as many floats as
# there are parameters, with the headers of Ethernet (14), IP (20) and TCP (32) on every 1448 bytes; and two messages, one after the other.
parameters=$((785 * hidden + (hidden + 1) * 10))
transfer=$(bc <<<"scale=6; $parameters * 4 * 8 * 1514 / 1448 / ($rate * 1000)")
latency=$((2 * delay))

# step_of RUN: ms, of the fastest epoch.
step_of() {
    sed -n 's/.*"event":"epoch".*"samples_per_second":\([0-9.]*\),.*/\1/p' "$1/metrics.jsonl" | sort -g | tail -n 1 |
        sed "s/.*/scale=6; 1000 * $batch \/ &/" | bc
}

holds() {
    [ "$(bc <<<"$1")" = 1 ]
}

# train_over LINK MS: over this link, which adds so many ms to a step. Sets $step, and $fast at the first time.
train_over() {
    launch_on h1:1,h2:1 train "$work/config.cfg" --run "$work/$1" --quiet
    hear hosts
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: the last line" [ "$(<"$out")" = "$line" ]
    results "$work/$1" >"$work/$1.results"
    check "$1: every step and epoch" same "$work/alone.results" "$work/$1.results"
    step=$(step_of "$work/$1")
    fast=${fast:-$step}
    printf '| %-12s | %8.2f | %8.2f | %9.2f | %12.2f |\n' "$1" "$step" "$fast" "$2" "$(bc <<<"scale=3; $step / ($fast + $2)")"
}

# train_slowly LINK MS: and a step takes the sum.
train_slowly() {
    train_over "$@"
    check "$1: no step is shorter than its bytes or messages are under way" holds "$step >= $2"
    check "$1: a step takes the sum of its parts, or three times that on a busy machine" holds "$step <= 3 * ($fast + $2)"
}

printf '| link         |  ms/step | computed | under way | measured/sum |\n| --- | --: | --: | --: | --: |\n'
train_over fast 0
"$hosts" rate "$site" h2 ${rate}mbit
train_slowly "$rate-Mbit-s" "$transfer"
"$hosts" clean "$site" h2
if [ -w /dev/net/tun ]; then
    "$hosts" delay "$site" h2 $delay "$3"
    train_slowly "$delay-ms" $latency
    "$hosts" clean "$site" h2
    train_over fast-again 0
    check 'the delay has gone' holds "$step < $latency"
else
    echo 'skipped: a link with a delay needs /dev/net/tun'
fi
nothing_left 'slow links'
finish
