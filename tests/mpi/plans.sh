#!/usr/bin/env bash
# How a step is executed leaves no trace in the result: a replica on each rank or one copy on each node, whatever the
# ranks exchange, with and without the zeros of the input, on one node or several, gone on with under another plan.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/family.sh
. "$tests/family.sh"

"$make_dataset" good "$work/good.h5"
"$make_dataset" float "$work/float.h5" # 35 features: no whole number of quads
"$lockstep" import synth --train 211 --test 50 -o "$work/digits.h5" >/dev/null
# The first layer has 9 panels of 32 neurons, enough for 8 ranks; the others have one. 3 steps an epoch, the last of 11
# samples; every second step is checked.
cat >"$work/config.cfg" <<TEXT
run: { name = "plans" }
data: { file = "$work/good.h5" }
model: { hidden = [270, 17] }
training: { epochs = 2, batch_size = 100 }
optimizer: { learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.001 }
checkpoint: { every_epochs = 0 }
log: { digest_every_steps = 2 }
TEXT
kinds='gradient operands split'

# whole NAME SETTING...: what a rank alone makes of these settings.
whole() {
    local setting
    whole=$1 settings=()
    for setting in "${@:2}"; do settings+=(--set "$setting"); done
    family "$whole" 0 "${settings[@]}"
    whole_line=$line
}

# plan NAME "RANKS..." SETTING...: the last whole, but by plan node (and with SETTING), is the same.
plan() {
    local ranks setting changes=(--set 'training.plan=node')
    for setting in "${@:3}"; do changes+=(--set "$setting"); done
    family "$1" "$2" "${settings[@]}" "${changes[@]}"
    check "$1: digest and accuracy of $whole" [ "$line" = "$whole_line" ]
    for ranks in $2; do alike "$1 on $ranks ranks and $whole" "$work/$1.$ranks" "$work/$whole.0"; done
}

# each_kind NAME "RANKS..." SETTING...: plan, for each kind of exchange.
each_kind() {
    local kind
    for kind in $kinds; do LOCKSTEP_EXCHANGE=$kind plan "$1-$kind" "${@:2}"; done
}

# used RUN WORD: the record of its start has WORD.
used() {
    grep -q "\"event\":\"start\".*$2" "$1/metrics.jsonl"
}

whole one
for zeros in skip multiply; do
    LOCKSTEP_ZEROS=$zeros each_kind "$zeros" '2 3 8'
    for kind in $kinds; do
        for ranks in 2 3 8; do
            check "$kind on $ranks ranks was used" used "$work/$zeros-$kind.$ranks" "\"exchange\":\"$kind\""
            check "$zeros on $ranks ranks was used" used "$work/$zeros-$kind.$ranks" "\"zeros\":\"$zeros\""
        done
    done
done
plan default '1 4'
# Nodes, feigned: even ones; uneven ones, some with a rank alone; every rank alone.
for case in '2 3' '2 4' '3 4' '3 5' '4 4'; do
    read -r nodes ranks <<<"$case"
    LOCKSTEP_NODES=$nodes plan "nodes$nodes" "$ranks"
done
LOCKSTEP_FAULT=no-shared-memory:0 start 3 train "$work/config.cfg" --quiet --set training.plan=node --run "$work/messages"
check 'no shared memory: digest and accuracy' [ "$(<"$out")" = "$whole_line" ]
plan all 3 evaluation.mode=all

# Ranks whose environments differ: rank 0's counts.
by_rank <<'TEXT'
kinds=(split gradient operands) zeros=(skip multiply)
export LOCKSTEP_EXCHANGE=${kinds[rank % 3]} LOCKSTEP_ZEROS=${zeros[rank % 2]}
TEXT
lockstep=$by_rank plan differ 3
check "rank 0's kind was used" used "$work/differ.3" '"exchange":"split"'
check "rank 0's treatment of zeros was used" used "$work/differ.3" '"zeros":"skip"'

# Stopped and gone on with, each time otherwise.
for case in 'replica 2 1 gradient' 'node 3 1 split' 'node 1 1 operands' 'node 5 2 gradient' 'replica 3 1 gradient' \
    'node 2 1 operands'; do
    read -r how ranks nodes kind <<<"$case"
    LOCKSTEP_NODES=$nodes LOCKSTEP_EXCHANGE=$kind start "$ranks" train "$work/config.cfg" --quiet --run "$work/stopped" \
        --set "training.plan=$how" --stop-after-steps 1
    check "a step by $case: exit code" [ "$code" = "$([ "$how$ranks" = node2 ] && echo 0 || echo 75)" ]
done
check 'stopped at each step: digest and accuracy' [ "$(<"$out")" = "$whole_line" ]

# What a rank holds: beside its replica, or its share of the copy, those before an update.
memory() {
    start 0 train "$work/config.cfg" --check --ranks "$1" --set "training.plan=$2" --run "$work/none"
    sed -n 's/^memory *\([0-9.]*\) MB.*/\1/p' "$out"
}
check 'a rank alone has one copy by each plan' [ "$(memory 1 node)" = "$(memory 1 replica)" ]
check 'the check of updates takes memory' awk -v node="$(memory 3 node)" -v replica="$(memory 3 replica)" \
    'BEGIN { exit !(node > replica) }'

whole plain optimizer.momentum=0 optimizer.nesterov=false optimizer.weight_decay=0 log.digest_every_steps=0
each_kind plain 3
# One panel for 3 ranks: none has whole columns of the first layer's output.
whole narrow 'model.hidden=[24, 17]'
LOCKSTEP_EXCHANGE='split' plan narrow 3
check 'split without a panel for each rank is operands' used "$work/narrow.3" '"exchange":"operands"'
# Batches of 7 samples over 8 shards: one is empty at each step, and a rank of its own has none.
whole seven training.batch_size=7 training.epochs=1
each_kind seven 8
LOCKSTEP_NODES=3 plan seven-nodes 5
# Features that make no whole quads; images as they are.
whole float "data.file=$work/float.h5"
LOCKSTEP_ZEROS=skip each_kind float 3
LOCKSTEP_ZEROS=multiply plan float-multiply 3
# Images that are mostly zero, of more features than the kernels take at a time.
LOCKSTEP_ZEROS=multiply whole digits "data.file=$work/digits.h5"
each_kind digits 3
check 'zeros of digits are skipped unasked' used "$work/digits-split.3" '"zeros":"skip"'

# bf16: two layers of three, of which the second has a transpose, and one panel for 3 ranks, so rows are dealt out. Each check
# of an update sees nothing.
LOCKSTEP_EXCHANGE='operands' whole bf16 'training.compute=bf16' 'model.hidden=[270, 32]' log.digest_every_steps=1
each_kind bf16 '2 3 8'
LOCKSTEP_EXCHANGE=gradient family bf16-replica '1 3' "${settings[@]}"
check 'bf16 by plan replica: digest and accuracy of a rank alone' [ "$line" = "$whole_line" ]
for case in '2 3' '3 5' '4 4'; do
    read -r nodes ranks <<<"$case"
    LOCKSTEP_NODES=$nodes plan "bf16-nodes$nodes" "$ranks"
done
bf16_line=$whole_line
checkpoints=("$work/bf16.0/checkpoints"/*.h5)
recorded=$(sed -nE 's/.*"event":"epoch".*"test_loss":([0-9.e+-]+),.*/\1/p' "$work/bf16.0/metrics.jsonl" | awk 'END { printf "%.9g", $1 }')
start 0 evaluate "${checkpoints[-1]}"
check 'evaluate computes in bf16 as the training did' [ "$(tail -n 1 "$out")" = "loss=$recorded ${whole_line#* }" ]
whole fp32 'model.hidden=[270, 32]'
check 'bf16 is another training' [ "$bf16_line" != "$whole_line" ]

# The comparison reduction: of two numbers there is one sum.
start 2 train "$work/config.cfg" --quiet --run "$work/mpi.replica" --set training.reduction=mpi
check 'reduction mpi' [ "$code" = 0 ]
mpi_line=$(<"$out")
for attempt in 1 2; do
    start 2 train "$work/config.cfg" --quiet --run "$work/mpi.$attempt" --set training.plan=node \
        --set training.reduction=mpi
    check 'reduction mpi by plan node' [ "$(<"$out")" = "$mpi_line" ]
done

# Divergence: each step multiplies the weights by 1 - 10^12.
for kind in $kinds; do
    LOCKSTEP_EXCHANGE=$kind start 3 train "$work/config.cfg" --quiet --run "$work/diverged-$kind" \
        --set training.plan=node --set optimizer.learning_rate=1e6 --set optimizer.weight_decay=1e6
    fails "divergence by $kind" 1 'training diverged|step |learning_rate'
    check "divergence by $kind: told the same" [ "$message" = "${first_message:=$message}" ]
done

# Words that mean nothing, wherever they are asked for.
for case in '0 1 replica NODES=1x' '2 1 replica NODES=0' '2 1 node NODES=two' '0 1 replica EXCHANGE=splitt' '2 1 replica EXCHANGE=splitt' '3 2 node EXCHANGE=splitt' '2 1 node ZEROS=skipp'; do
    read -r ranks nodes how variable <<<"$case"
    export LOCKSTEP_NODES=$nodes "LOCKSTEP_${variable?}"
    start "$ranks" train "$work/config.cfg" --quiet --run "$work/misspelt" --set "training.plan=$how"
    fails "$case" 64 "LOCKSTEP_$variable|it must be"
    unset LOCKSTEP_EXCHANGE LOCKSTEP_ZEROS LOCKSTEP_NODES
done

check 'no shared memory left' is_empty "$work/shm"
finish
