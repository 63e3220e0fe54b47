#!/usr/bin/env bash
# The most memory that a rank ever has, for configs/mnist.cfg on a dataset of that size: at most 1.25 times what it
# cannot do without, and 12 MiB, beyond what an empty MPI program has.
#
#   every rank   its share of the training set; parameters, gradient and velocity; the inputs and outputs of its share
#                of a batch
#   rank 0       the test set; two images of a checkpoint, HDF5's own and the one that is written
#
# The quarter is for what comes with these: row numbers and the order of each row, errors beside outputs, the second
# inputs, the whole pages of all of it; of the gradient, the parts of it that others have summed (plan "replica"), or the
# parameters before an update (plan "node"). 12 MiB are for HDF5 and the libraries that it wants (8 MB of them are in
# memory), its handles, buffers and lists, and for records, predictions and the block of an evaluation (3 MB).
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

peak_memory=$3
train=60000 test=10000 image=785 # bytes, with the label
parameters=$(((784 + 1) * 500 + (500 + 1) * 10)) batch=64
real=$lockstep
"$real" import synth -o "$work/data.h5" --train "$train" --test "$test"
printf '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' "$peak_memory" "$work/peaks" "$real" >"$work/measured"
printf '#!/bin/sh\nexec "%s" "%s"\n' "$peak_memory" "$work/empty" >"$work/nothing"
chmod +x "$work/measured" "$work/nothing"

# peak FILE RANK: in bytes.
peak() {
    awk -v rank="$2" '$1 == rank { print $2 * 1024 }' "$1"
}

# most RANKS RANK: what a rank may have beyond an empty program, in bytes.
most() {
    local need=$((train * image / $1 + 3 * 4 * parameters + batch * 4 * (784 + 500 + 10) / $1))
    [ "$2" != 0 ] || need=$((need + test * image + 2 * 2 * 4 * parameters))
    echo $((need * 5 / 4 + (12 << 20)))
}

for ranks in 1 2 4; do
    rm -f "$work/empty"
    lockstep=$work/nothing
    start "$ranks"
    check "an empty program on $ranks ranks" [ "$code" = 0 ]
    for plan in replica node; do
        rm -f "$work/peaks"
        lockstep=$work/measured
        start "$ranks" train "$tests/../configs/mnist.cfg" --set "data.file=$work/data.h5" --set training.epochs=1 \
            --set "training.plan=$plan" --run "$work/run.$plan.$ranks" --quiet
        check "plan $plan on $ranks ranks" [ "$code" = 0 ]
        for ((rank = 0; rank < ranks; rank++)); do
            beyond=$(($(peak "$work/peaks" "$rank") - $(peak "$work/empty" "$rank")))
            echo "plan $plan, rank $rank of $ranks: $((beyond / 1000)) kB of $(($(most "$ranks" "$rank") / 1000))"
            check "plan $plan, rank $rank of $ranks: memory" [ "$beyond" -le "$(most "$ranks" "$rank")" ]
        done
    done
done

finish
