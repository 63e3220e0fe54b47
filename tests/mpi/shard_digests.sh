#!/usr/bin/env bash
# log.shard_digests: the digests of the shards' gradients are the same whoever computed them and however, and show whose
# gradient was wrong where no replica check can.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
# 3 steps an epoch, the last of 11 samples over 8 shards.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [70, 17] }
training: { epochs = 2, batch_size = 100 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
checkpoint: { every_epochs = 0 }
TEXT

# records RUN: those of the shards, without the links to the lines before.
records() {
    sed -n '/"event":"shards"/ s/,"previous":.*/}/p' "$1/metrics.jsonl"
}

# recorded NAME "RANKS..." ARGUMENT...: trainings that record shards, whose records are $work/NAME.RANKS.shards.
recorded() {
    local ranks
    start_each "$2" train "$work/config.cfg" --quiet --run "$work/$1.\$RANKS" --set log.shard_digests=true "${@:3}"
    for ranks in $2; do
        hear "$ranks"
        check "$1 on $ranks ranks" [ "$code" = 0 ]
        records "$work/$1.$ranks" >"$work/$1.$ranks.shards" || true
    done
}

# alike NAME "RANKS..." [OTHER]: they are those of the training OTHER of a rank alone.
alike() {
    local ranks
    for ranks in $2; do
        check "$1 on $ranks ranks: shards" same "$work/$1.$ranks.shards" "$work/${3:-replica}.0.shards"
    done
}

start 0 train "$work/config.cfg" --quiet --run "$work/plain"
check 'not asked for: no record' [ "$(records "$work/plain" | wc -l)" = 0 ]
line=$(<"$out")

recorded replica '0 1 2 3 8'
check 'the result is the same' [ "$(<"$out")" = "$line" ]
check 'a record a step' [ "$(wc -l <"$work/replica.0.shards")" = 6 ]
one='"[0-9a-f]{32}"'
check 'with a digest a shard' grep -Exq "\{\"event\":\"shards\",\"step\":1,\"digests\":\[($one,){7}$one\]\}" "$work/replica.0.shards"
check 'all of them different' [ "$(grep -oE "$one" "$work/replica.0.shards" | sort -u | wc -l)" = 48 ]
alike replica '1 2 3 8'
for kind in gradient operands split; do
    LOCKSTEP_EXCHANGE=$kind recorded "$kind" 3 --set training.plan=node
    alike "$kind" 3
done
LOCKSTEP_NODES=2 recorded nodes '2 3' --set training.plan=node
alike nodes '2 3'
for isa in portable avx2; do
    LOCKSTEP_ISA=$isa start 0 train "$work/config.cfg" --check
    [ "$code" = 64 ] && continue # not on this processor
    LOCKSTEP_ISA=$isa recorded "$isa" '0 2'
    alike "$isa" '0 2'
done
LOCKSTEP_ZEROS=multiply recorded multiply 2
alike multiply 2
# 8 shards of a rank alone are 8 gradients: panels of 32 neurons, 94 and 1 of them.
memory() {
    start 0 train "$work/config.cfg" --check --run "$work/none" --set "log.shard_digests=$1" --set 'model.hidden=[3000]'
    sed -n 's/^memory *\([0-9.]*\) MB.*/\1/p' "$out"
}
check 'the check knows of their memory' awk -v with="$(memory true)" -v without="$(memory false)" \
    'BEGIN { floats = 94 * 32 * 65 + 32 * 3001; exit !(with - without > 0.99 * 8 * 4 * floats / 1e6) }'
# Batches of 7 samples: one of the 8 shards is empty at each step.
recorded seven '0 1 3 8' --set training.batch_size=7
alike seven '1 3 8' seven
# Stopped, and gone on with on another number of ranks.
start 3 train "$work/config.cfg" --quiet --run "$work/stopped.2" --set log.shard_digests=true --stop-after-steps 2
recorded stopped 2
alike stopped 2

# differences FILE FILE: "STEP SHARD" of each digest that differs between two files of records.
differences() {
    paste -d '\n' "$1" "$2" | awk -F '[:,]' '{
        gsub(/[][}{"]/, "")
        if (NR % 2) split($0, first)
        else for (i = 6; i <= NF; i++) if ($i != first[i]) print $4, i - 6
    }'
}

# A rank errs in one sample of its first shard at step 4. All replicas stay equal; the first shard that differs from a
# recomputation is its.
for plan in replica node; do
    LOCKSTEP_FAULT=flip-error:1:4 recorded "wrong-$plan" '2 3' --set "training.plan=$plan"
    for ranks in 2 3; do
        differences "$work/replica.0.shards" "$work/wrong-$plan.$ranks.shards" >"$work/differences"
        check "plan $plan, $ranks ranks: the first that differs" [ "$(head -n 1 "$work/differences")" = "4 $((8 / ranks))" ]
        check "plan $plan, $ranks ranks: alone at its step" [ "$(grep -c '^4 ' "$work/differences")" = 1 ]
    done
done

check 'no shared memory left' is_empty "$work/shm"
finish
