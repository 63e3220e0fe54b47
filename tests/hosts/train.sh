#!/usr/bin/env bash
# A real network between hosts changes no bit: two and three hosts with uneven numbers of ranks, with either plan, ranks dealt out in
# turn over a slow link and host by host, and going on with fewer hosts.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"

"$lockstep" import synth --train 1001 --test 200 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [70] }
training: { epochs = 2, batch_size = 32 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
log: { digest_every_steps = 10 }
TEXT

start 0 train "$work/config.cfg" --run "$work/alone" --quiet
check "one process" [ "$code" = 0 ]
line=$(<"$out")
results "$work/alone" >"$work/alone.results"

# same_as_alone NAME HOST:RANKS,... ARGUMENT...
same_as_alone() {
    launch_on "$2" train "$work/config.cfg" --run "$work/$1" --quiet "${@:3}"
    hear hosts
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: the last line" [ "$(<"$out")" = "$line" ]
    results "$work/$1" >"$work/$1.results"
    check "$1: every step and epoch" same "$work/alone.results" "$work/$1.results"
    nothing_left "$1"
}

"$hosts" rate "$site" h2 100mbit
mpirun_options=(--map-by node)
for plan in replica node; do
    same_as_alone "in-turn-$plan" h1:3,h2:2,h3:2 --set training.plan=$plan
    check "in turn, $plan: the ranks of a host are one node" grep -q '"nodes":3' "$work/in-turn-$plan/metrics.jsonl"
done
mpirun_options=()
"$hosts" clean "$site" h2

launch_on h1:1,h2:2,h3:2 train "$work/config.cfg" --run "$work/fewer" --quiet --stop-after-steps 40 --set training.plan=node
hear hosts
check "stopped" [ "$code" = 75 ]
same_as_alone fewer h3:1,h1:2
start 0 verify "$work/fewer"
check "verify" [ "$code" = 0 ]
finish
