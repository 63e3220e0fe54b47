#!/usr/bin/env bash
# The promise, on the whole program: the same losses, weights and predictions to the last bit, however many ranks train,
# on however many nodes, whoever evaluates, whichever kernels compute.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/family.sh
. "$tests/family.sh"

for variant in good odd float; do "$make_dataset" "$variant" "$work/$variant.h5"; done
# Everything on; 3 steps an epoch, the last of 11 samples.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24, 17] }
training: { epochs = 10, batch_size = 100 }
optimizer: {
    learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.001
    schedule = { name = "cosine", warmup_steps = 2, min_learning_rate = 0.01 }
}
checkpoint: { every_epochs = 0 }
TEXT

# Ranks. 97 test samples, 211 training samples over 8 shards: no two shards need be of one size.
family full '0 1 2 3 4 5 8' --set run.name=full
full=$line
# Nodes, feigned: even and uneven ones, and every rank alone, by messages.
for case in '2 4' '2 5' '3 5' '3 8' '5 5'; do
    read -r nodes ranks <<<"$case"
    LOCKSTEP_NODES=$nodes family "nodes$nodes" "$ranks" --set run.name=full
    check "$ranks ranks on $nodes nodes: digest and accuracy" [ "$line" = "$full" ]
    equal "$ranks ranks on $nodes nodes" "$work/nodes$nodes.$ranks" "$work/full.0"
done
# 12 shards, all numbers of subtrees between a rank's shards.
family twelve '1 3 5 12' --set training.shards=12
twelve=${line%% *}
check 'another number of shards is another training' [ "$line" != "$full" ]
LOCKSTEP_NODES=2 family twelve-nodes '5' --set run.name=full --set training.shards=12
check '12 shards on 5 ranks of 2 nodes' [ "${line%% *}" = "$twelve" ]
# Batches of 7 samples over 8 shards: one is empty at each step, and a rank of its own has none.
family seven '0 3 5 8' --set training.batch_size=7 --set training.epochs=2
family one '0 3' --set training.batch_size=1 --set training.epochs=1 --set optimizer.learning_rate=0.01
# One batch that is larger than the training set, one shard.
family whole '0 3' --set training.batch_size=100000
family shard '0 1' --set training.shards=1

# Evaluation by all ranks gives what evaluation by rank 0 gives.
family all '0 1 3' --set run.name=full --set evaluation.mode=all
check 'evaluation by all: the digest' [ "$line" = "$full" ]
for ranks in 0 1 3; do
    check "evaluation by all $ranks ranks: results" same "$work/all.$ranks/results" "$work/full.0/results"
    check "evaluation by all $ranks ranks: predictions" same "$work/all.$ranks/predictions.csv" \
        "$work/full.0/predictions.csv"
done

# Sums of few losses in double are exact, but for losses as far apart as those of this wild training: here they round.
family wild '0 3 8' --set optimizer.learning_rate=35 --set optimizer.weight_decay=0 --set training.epochs=20 \
    --set evaluation.mode=all

# Kernel sets, each that runs here, and ranks that differ in it.
sets=
for isa in portable avx2 avx512 amx neon; do
    LOCKSTEP_ISA=$isa start 0 train "$work/config.cfg" --quiet --run "$work/$isa.0" --set run.name=full
    [ "$code" = 64 ] && continue # not on this processor
    sets+=" $isa"
    trained "$isa" 0
    check "$isa: digest and accuracy" [ "$(<"$out")" = "$full" ]
    check "$isa: said to be used" grep -q "\"event\":\"start\".*\"kernels\":\"$isa\"" "$work/$isa.0/metrics.jsonl"
    equal "$isa" "$work/$isa.0" "$work/full.0"
done
by_rank <<'TEXT'
read -ra sets <<<"$SETS"
export LOCKSTEP_ISA=${sets[rank % ${#sets[@]}]}
TEXT
SETS=$sets lockstep=$by_rank start 3 train "$work/config.cfg" --quiet --run "$work/mixed.3" --set run.name=full
check 'ranks of different kernels: digest and accuracy' [ "$(<"$out")" = "$full" ]
results "$work/mixed.3" >"$work/mixed.3/results"
equal 'ranks of different kernels' "$work/mixed.3" "$work/full.0"
# However many kinds there are.
read -ra sets <<<"$sets"
kinds=$((${#sets[@]} < 3 ? ${#sets[@]} : 3))
check 'ranks of different kernels: one warning' [ "$(grep -c '^lockstep: ' "$err")" = "$((kinds > 1))" ]
check 'ranks of different kernels: a table of who has what' \
    [ "$(grep -cE '^  rank [0-9, ]+ \(host .*\): kernels [a-z0-9]+ on a processor for .*HDF5 ' "$err")" = "$((kinds > 1 ? kinds : 0))" ]

# Other data, types and paths.
for scaling in unit standard none; do
    family "float-$scaling" '0 1 3' --set "data.file=$work/float.h5" --set "data.scaling=$scaling"
done
family standard '0 3' --set data.scaling=standard
check 'another scaling is another training' [ "$line" != "$full" ]
family odd '0 1 3' --set "data.file=$work/odd.h5" --set data.train_images=/images --set data.train_labels=/digits \
    --set data.test_images=/held/out/images --set data.test_labels=/held/out/digits
check 'paths and label types leave the digest' [ "$line" = "$full" ]

# A seed is part of the result. The records change too.
family seed '0 3' --set run.seed=2
check 'another seed, another digest' [ "${line%% *}" != "${full%% *}" ]

# The comparison reduction is outside the promise, and close: both are sums of the same numbers.
is_close() {
    awk -v a="${1##*=}" -v b="${2##*=}" 'BEGIN { d = a - b; exit !(d > -0.1 && d < 0.1) }'
}
start_each '2 4' train "$work/config.cfg" --quiet --run "$work/mpi.\$RANKS" --set training.reduction=mpi
for ranks in 2 4; do
    hear "$ranks"
    trained mpi "$ranks"
    check "reduction mpi on $ranks ranks: accuracy as with the tree" is_close "$(<"$out")" "$full"
done
check 'the training learns' awk -v a="${full##*=}" 'BEGIN { exit !(a > 0.5) }'

# Where shared memory is short the ranks exchange messages, and say so once.
LOCKSTEP_FAULT=no-shared-memory:0 start 3 train "$work/config.cfg" --quiet --run "$work/messages" --set run.name=full
check 'no shared memory: digest and accuracy' [ "$(<"$out")" = "$full" ]
check 'no shared memory: one warning' [ "$(grep -c '^lockstep: warning: ' "$err")" = 1 ]
check 'no shared memory: what and where' grep -q "want to share .* and $work/shm has .* free" "$err"

# Divergence: each step multiplies the weights by 1 - 10^12.
start_each '0 1 3' train "$work/config.cfg" --quiet --run "$work/diverged.\$RANKS" --set optimizer.learning_rate=1e6 \
    --set optimizer.weight_decay=1e6 --set optimizer.schedule.name=constant
for ranks in 0 1 3; do
    hear "$ranks"
    fails "divergence on $ranks ranks" 1 'training diverged|step |learning_rate'
    check "divergence on $ranks ranks: tensor or loss" grep -Eq 'layer[0-9]+\.(weight|bias)|the loss of' "$err"
    check "divergence on $ranks ranks: told the same" [ "$message" = "${first_message:=$message}" ]
done

# Without --quiet stdout is the same and stderr tells.
start 0 train "$work/config.cfg" --run "$work/loud" --set run.name=full
check 'loud: stdout' [ "$(<"$out")" = "$full" ]
check 'loud: stderr has each epoch' [ "$(grep -Ec '^epoch [0-9]+/10: train loss .*, test loss .*, accuracy ' "$err")" = 10 ]

# The records are JSON, an object a line, with the documented members.
for member in epoch step train_loss test_loss test_accuracy samples_per_second seconds digest train_loss_hex \
    test_loss_hex test_accuracy_hex samples_per_second_hex seconds_hex; do
    check "epoch records have $member" \
        [ "$(grep -c "^{\"event\":\"epoch\",.*\"$member\":" "$work/full.0/metrics.jsonl")" = 10 ]
done
for phase in load pack compute reduce update evaluate idle check save record waiting; do
    for ranks in 0 3; do
        check "epoch records have ${phase}_microseconds of each of $ranks ranks" \
            [ "$(grep -cE "^\{\"event\":\"epoch\",.*\"${phase}_microseconds\":\[[0-9]+(,[0-9]+){$((ranks ? ranks - 1 : 0))}]" "$work/full.$ranks/metrics.jsonl")" = 10 ]
    done
done
check 'one step record a step' [ "$(grep -c '^{"event":"step",' "$work/full.0/metrics.jsonl")" = 30 ]
check 'one row a test sample, and the header' [ "$(wc -l <"$work/full.0/predictions.csv")" = 98 ]
json='import json, sys
for line in open(sys.argv[1]):
    record = json.loads(line)
    for key, value in record.items():
        if key + "_hex" in record:
            twin = record[key + "_hex"]
            assert twin is value is None or float.fromhex(twin) == value, line
        else:
            assert not isinstance(value, float), line'
if command -v python3 >/dev/null; then
    check 'records are JSON with exact twins' python3 -c "$json" "$work/full.0/metrics.jsonl"
fi

check 'no shared memory left' is_empty "$work/shm"
finish
