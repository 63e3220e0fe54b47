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
broken 2 flip-parameter:1:5 'after step 5:|layer0.weight of rank 0, 1;'
broken 3 flip-parameter:1:5 'after step 5:|layer0.weight of rank 1;'
broken 2 flip-velocity:1:5 'after step 5:|momentum of layer0.weight of rank 0, 1;'
broken 3 flip-velocity:2:5 'after step 5:|momentum of layer0.weight of rank 2;'
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
# At the next check that is due.
broken 3 flip-parameter:1:3 'after step 4:|layer0.weight of rank 1;' --set log.digest_every_steps=2

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
LOCKSTEP_NODES=2 broken 3 flip-parameter:1:3 'after step 5:|layer0.weight of rank 0, 1, 2;' --set training.plan=node
LOCKSTEP_NODES=3 broken 5 flip-velocity:3:3 'after step 5:|layer0.weight of rank 3, 4;' --set training.plan=node

finish
