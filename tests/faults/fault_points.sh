#!/usr/bin/env bash
# The checks that guard the promise see what they are there for: rows packed wrongly, replicas that differ (I1). The
# faults are made on purpose by LOCKSTEP_FAULT (src/base/fault.h).
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
# 5 steps an epoch.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [12] }
training: { epochs = 2, batch_size = 43 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
checkpoint: { every_epochs = 0 }
TEXT

# broken "RANKS..." FAULT WORDS [ARGUMENT]...: a training with this fault ends with 70 and such a message. $RANKS in
# WORDS becomes the number.
broken() {
    local ranks
    LOCKSTEP_FAULT=$2 start_each "$1" train "$work/config.cfg" --quiet --run "$work/$checks.\$RANKS" "${@:4}"
    for ranks in $1; do
        hear "$ranks"
        fails "$2 on $ranks ranks ${*:4}" 70 "$3"
    done
    check "$2: no shared memory" is_empty "$work/shm"
}

# Without a fault nothing is found, even if every step is checked.
start 3 train "$work/config.cfg" --quiet --run "$work/run" --set log.digest_every_steps=1
check 'no fault, no failure' [ "$code" = 0 ]
check 'no fault, no message' [ ! -s "$err" ]
# A point that is armed for another rank or another step does nothing.
LOCKSTEP_FAULT=flip-parameter:1:11 start 3 train "$work/config.cfg" --quiet --run "$work/late"
check 'a fault after the end, no failure' [ "$code" = 0 ]
LOCKSTEP_FAULT=flip-parameter:3 start 3 train "$work/config.cfg" --quiet --run "$work/elsewhere"
check 'a fault on a rank that is not there, no failure' [ "$code" = 0 ]

# Found at the end of the epoch, 1 being the first: everywhere; on one rank alone; at one position alone.
broken '0 1 3' pack-wrong-row 'epoch 1 |each row exactly once'
broken '2' pack-wrong-row:1 'epoch 1 |each row exactly once'
broken '0 3' pack-wrong-row:0:8 'epoch 1 |each row exactly once'
# The order that rows are packed in has one row twice, in the second epoch, and on one rank alone.
broken '0 1 3' spoil-permutation:-1:2 'epoch 2 |each row exactly once'
broken '2' spoil-permutation:1 'epoch 1 |each row exactly once'
# The shuffle itself is broken, for packing and checking alike.
broken '0 1 3' spoil-shuffle:-1:6 'epoch 1 |shard 6 |each row exactly once'

# Found at the end of the first epoch, in what step 5 left behind: with 2 ranks there is no majority.
broken 2 flip-parameter:1:5 'after step 5:|layer0.weight of rank 0, 1 (no majority);'
broken 3 flip-parameter:1:5 'after step 5:|layer0.weight of rank 1;'
broken 2 flip-velocity:1:5 'after step 5:|momentum of layer0.weight of rank 0, 1 (no majority);'
broken 3 flip-velocity:2:5 'after step 5:|momentum of layer0.weight of rank 2;'
# In the order of files, with both values; one bit differs, the highest of the fraction.
values='([0-9.e-]+) \((-?0x1[.0-9a-f]*p-?[0-9]+), bits [0-9a-f]{8}\)'
differing_bit() {
    local bits
    mapfile -t bits < <(grep -oE 'bits [0-9a-f]{8}' <<<"$message" | cut -d ' ' -f 2)
    [ "${#bits[@]}" = 2 ] && [ $((0x${bits[0]} ^ 0x${bits[1]})) = $((1 << 22)) ]
}
for fault in flip-parameter flip-velocity; do
    broken '2 3' $fault:1:5 'the first is element 385 (row 32, column 1), '
    for ranks in 2 3; do
        hear "$ranks"
        check "$fault: both values" grep -Eq "$values on rank 0 and $values on rank 1; a fault" <<<"$message"
        check "$fault: one bit" differing_bit
    done
done
broken 3 flip-parameter:0:5 '(row 32, column 1), |on rank 1 and |on rank 0; a fault'
# Two steps after: by then the momentum's fault is in the parameters too.
broken 3 flip-parameter:0:3 'after step 5:|layer0.weight of rank 0;'
broken 3 flip-velocity:2:3 'after step 5:|layer0.weight of rank 2;'
# In the second epoch.
broken 3 flip-velocity:1:6 'after step 10:|layer0.weight of rank 1;'
# At once.
broken '2 3' flip-parameter:0:3 'after step 3:|layer0.weight of rank 0' --set log.digest_every_steps=1
broken '2 3' flip-velocity:0:3 'after step 3:|momentum of layer0.weight of rank 0' --set log.digest_every_steps=1
# A library that changes the rounding of one rank, or its denormals, which need not have changed a bit yet.
broken '2 3' change-rounding:1:5 'rounding mode|step 5 on rank 1'
broken 0 change-rounding:0:10 'rounding mode|step 10 on rank 0'
broken '2 3' change-flushing:1:5 'flushing of denormals|step 5 on rank 1'
broken 0 change-flushing:0:10 'flushing of denormals|step 10 on rank 0'
# A bit of the summed gradient, on its way to one rank: added by it, or received from another rank or node.
broken '2 3' flip-received:1:3 'after step 5:|layer0.weight of rank |the first is element 0 (row 0, column 0)'
broken 3 flip-received:0:3 'layer0.weight of rank 0;'
LOCKSTEP_NODES=2 broken 4 flip-received:2:5 'layer0.weight of rank 2;'
LOCKSTEP_NODES=3 broken 3 flip-received:1:3 'layer0.weight of rank 1;'
broken 3 flip-received:2:3 'layer0.weight of rank ' --set training.reduction=mpi
# At the next check that is due.
broken 3 flip-parameter:1:3 'after step 4:|layer0.weight of rank 1;' --set log.digest_every_steps=2

# After the evaluation at an epoch's end, though a check fell due before it.
broken 3 flip-evaluated:1:5 'after step 5:|layer0.weight of rank 1;|element 0 ' --set log.digest_every_steps=5

# What each rank keeps for itself is compared too, by plan node as well, where each rank of a node has its own; on no
# other rank goes by it, and none waits for another.
hex='[0-9a-f]'
for case in "flip-epoch-digest|the digest of the epoch's rows|$hex{16}" "flip-epoch-loss|the sum of the epoch's losses|-?[0-9.e-]+ \\(-?0x1[.0-9a-f]*p[+-][0-9]+\\)" \
    "flip-chain|the chain of steps|$hex{32}"; do
    IFS='|' read -r fault what value <<<"$case"
    for rank in 0 1; do
        broken 2 "$fault:$rank:5" "after step 5:|$what of rank 0, 1 (no majority): "
        broken 3 "$fault:$rank:5" "after step 5:|$what of rank $rank: " --set training.plan=node
        check "$fault: both values" grep -qE "rank $rank: ($value) on rank $((rank == 0)) and $value on rank $rank;" <<<"$message"
    done
done
broken 3 flip-step:1:3 'the number of steps of rank 1: 3 on rank 0 and 1048579 on rank 1;' --set log.digest_every_steps=1

# No checkpoint is made of a state that differs; from the one before, the run ends as if nothing had been.
start 3 train "$work/config.cfg" --quiet --run "$work/good"
good=$(<"$out")
# unsaved FAULT WORDS [ARGUMENT]...: so it is with this fault in step 8, where a checkpoint is due.
unsaved() {
    LOCKSTEP_FAULT=$1 start 3 train "$work/config.cfg" --quiet --run "$work/$1" --set checkpoint.every_steps=4 --set evaluation.every_epochs=0 "${@:3}"
    fails "$1, a checkpoint is due ${*:3}" 70 "$2"
    check "$1: the checkpoint before is the last" [ "$(cd "$work/$1" && echo checkpoints/* *.h5)" = 'checkpoints/step-0000000004.h5 *.h5' ]
    start 3 train "$work/config.cfg" --quiet --run "$work/$1"
    check "$1: gone on with" [ "$(<"$out")" = "$good" ]
    rm -r "${work:?}/$1"
}
for fault in flip-parameter flip-velocity flip-received; do unsaved "$fault:1:8" 'replicas differ after step 8:'; done
# Nor of what changes between the check and the writing: on the way, at a stop, of the best.
for vector in /model:parameter /optimizer:velocity; do
    fault=flip-saved-${vector#*:}:0 say="than when the replicas were compared after step 8: ${vector%:*} has the digest |step-0000000004.h5\""
    unsaved "$fault:8" "$say"
    unsaved "$fault:8" "$say" --stop-after-steps 8
    LOCKSTEP_FAULT=$fault:5 start 3 train "$work/config.cfg" --quiet --run "$work/$fault" --set training.plan=node
    fails "$fault, the best is due" 70 "compared after step 5: ${vector%:*} has the digest |no good checkpoint is left"
    check "$fault: no best" [ ! -e "$work/$fault/best.h5" ]
done

# A parameter that is not finite on one rank alone is no divergence; all ranks learn of it, in mid-epoch and at its end.
broken '2 3' spoil-parameter:0:3 'after step 3:|layer0.weight of rank 0'
broken '2 3' spoil-parameter:1:5 'after step 5:|layer0.weight of rank '
broken 3 spoil-parameter:1:3 'after step 3:|layer0.weight of rank 1;' --set log.digest_every_steps=1
broken 3 spoil-parameter:1:3 'after step 3:|layer0.weight of rank 1;' --set training.reduction=mpi
# On all ranks it is.
LOCKSTEP_FAULT=spoil-parameter:-1:5 start_each '0 3' train "$work/config.cfg" --quiet --run "$work/spoilt.\$RANKS"
for ranks in 0 3; do
    hear "$ranks"
    fails "divergence on $ranks ranks" 1 'after step 5 |element 0 of layer0.weight is nan|optimizer.learning_rate'
done

# One copy on a node: what a rank does to its slice of an update is seen by the rank before it, if that update is
# checked; in whatever way it is computed, on a node of several too.
for kind in gradient operands split; do
    LOCKSTEP_EXCHANGE=$kind broken '2 3' flip-slice:1:5 'the update of step 5 is wrong|rank 0 computed the slice of the next' \
        --set training.plan=node --set 'model.hidden=[70]'
done
broken 3 flip-slice:0:5 'the update of step 5 is wrong|rank 2 computed the slice of the next' --set training.plan=node
LOCKSTEP_NODES=2 broken 5 flip-slice:3:5 'the update of step 5 is wrong|rank 2 computed' --set training.plan=node
LOCKSTEP_FAULT=flip-slice:1:5 start 3 train "$work/config.cfg" --quiet --run "$work/replicas" --set training.epochs=1
check 'nobody has a slice of a replica' [ "$code" = 0 ]
# A copy has one vote, however many ranks share it, and its ranks are named together.
LOCKSTEP_NODES=2 broken 3 flip-parameter:1:3 'after step 5:|layer0.weight of rank 0, 1, 2 (no majority);' --set training.plan=node
LOCKSTEP_NODES=3 broken 5 flip-velocity:3:3 'after step 5:|layer0.weight of rank 3, 4;' --set training.plan=node
# A bit of the sum that reaches a node; a bit of the share that a rank updates, in a step that is checked.
LOCKSTEP_NODES=2 broken 3 flip-received:1:3 'after step 5:|layer0.weight of rank 0, 1, 2 (no majority)|element 0 ' --set training.plan=node
LOCKSTEP_NODES=3 broken 5 flip-received:0:3 'layer0.weight of rank 0;' --set training.plan=node
LOCKSTEP_EXCHANGE=gradient broken 3 flip-received:0:5 'the update of step 5 is wrong|rank 2 computed the slice of the next' \
    --set training.plan=node
# Not seen, as README.md says: of one copy there is no second to compare with, and this update is not checked.
for fault in flip-parameter:1:3 flip-velocity:1:3 flip-received:0:3; do
    LOCKSTEP_EXCHANGE=gradient LOCKSTEP_FAULT=$fault start 3 train "$work/config.cfg" --quiet --run "$work/unseen.$fault" --set training.plan=node \
        --set log.digest_every_steps=2
    check "$fault in the only copy is not seen" [ "$code" = 0 ]
    check "$fault in the only copy changes the result" [ "$(<"$out")" != "$good" ]
done

# The weights' copies in bf16: of the first layer, and of the second the transpose, which is the last; by either plan.
bf16=(--set training.compute=bf16 --set 'model.hidden=[40, 33]')
start 3 train "$work/config.cfg" --quiet --run "$work/bf16" "${bf16[@]}" --set log.digest_every_steps=1
check 'bf16: no fault, no message' [ "$code:$(<"$err")" = 0: ]
for case in 'flip-first-copy|layer0.weight' 'flip-last-copy|layer1.weight'; do
    IFS='|' read -r fault tensor <<<"$case"
    broken '2 3' "$fault:1:5" "after step 5 $tensor of rank 1 and its copy in bf16 disagree" "${bf16[@]}"
    broken '0 3' "$fault:0:5" "after step 5 $tensor of rank 0 and its copy in bf16 disagree" "${bf16[@]}" --set training.plan=node
done
# Not they, but the weight.
broken 3 flip-parameter:2:5 'after step 5 layer0.weight of rank 2 and its copy in bf16 disagree' "${bf16[@]}"

finish
