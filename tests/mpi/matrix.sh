#!/usr/bin/env bash
# The promise, crossed: however many ranks train, by whichever way of sharing the work, on however many nodes, with whichever kernels, a
# training is the one that a rank alone makes of the same shards, optimizer, batches and compute. Of the whole matrix this takes a part in
# which every two values of different axes meet, 162 trainings. LOCKSTEP_MATRIX=crossed: each number of ranks and shards with each
# optimizer, batch, compute and way, 3888; LOCKSTEP_MATRIX=whole: and with all kernels and zeros, 23328 where there are three kernel sets.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/family.sh
. "$tests/family.sh"
# shellcheck source=jobs/kernels.sh
. "$tests/../jobs/kernels.sh"

"$make_dataset" float "$work/float.h5" # 211 samples of 35 features: no whole number of quads
# The first layer has 16 panels of 32 neurons, enough for 16 ranks to split it; the second has one, and is too narrow for bf16.
cat >"$work/config.cfg" <<TEXT
run: { name = "matrix" }
data: { file = "$work/float.h5" }
model: { hidden = [490, 17] }
training: { epochs = 2 }
checkpoint: { every_epochs = 0 }
log: { digest_every_steps = 2 }
TEXT

# The axes. Ranks up to the number of shards go with it.
ranks_of=([8]='1 2 3 4 5 6 7 8' [12]='1 2 3 4 5 6 7 8 12' [16]='1 2 3 4 5 6 7 8 12 16')
optimizers=(
    'sgd'
    'momentum momentum=0.9'
    'nesterov momentum=0.9 nesterov=true'
    'decay weight_decay=0.01'
    'step schedule.name=step schedule.step_epochs=1 schedule.gamma=0.5'
    'cosine schedule.name=cosine schedule.warmup_steps=3 schedule.min_learning_rate=0.01'
)
# The last batch of an epoch has 11 samples, fewer than 12 and 16 shards; of 7 samples, every batch leaves shards empty.
batches=(100 7)
# The plan, into how many nodes the ranks are dealt, what those of one node exchange.
ways=('replica 1 gradient' 'replica 2 gradient' 'node 1 gradient' 'node 1 operands' 'node 1 split' 'node 3 gradient')
read -ra kernels < <(kernel_sets "$lockstep" "$work/config.cfg") || true
zeros=(skip multiply)
computes=(fp32 bf16)

# is_taken CELL OPTIMIZER BATCH WAY KERNELS ZEROS COMPUTE, as numbers from 0; a cell is a number of ranks with one of shards. Where an axis is
# not crossed with the others it goes round with them, so that it meets each value of each.
is_taken() {
    case ${LOCKSTEP_MATRIX:-pairs} in
    whole) return 0 ;;
    crossed) ;;
    *) (($2 == ($1 + $4) % ${#optimizers[@]} && $3 == ($1 / 6 + $4) % ${#batches[@]} && $7 == ($4 / 3 + $1) % ${#computes[@]})) || return 1 ;;
    esac
    (($5 == ($4 + $2 + $3) % ${#kernels[@]} && $6 == ($4 / 2 + $2 / 3) % ${#zeros[@]}))
}

# set_optimizer NUMBER: $optimizer, its name, and $settings, the options for it.
set_optimizer() {
    local word words
    read -ra words <<<"${optimizers[$1]}"
    optimizer=${words[0]} settings=()
    for word in "${words[@]:1}"; do settings+=(--set "optimizer.$word"); done
}

# treated ZERO COMPUTE: what becomes of the zeros of the first layer's input; bf16 multiplies them.
treated() {
    if [ "$2" = bf16 ]; then echo multiply; else echo "$1"; fi
}

# compare RANKS: what was started on so many, of the current cell, is the training of a rank alone, and took the way that it should.
compare() {
    hear "$1"
    trained "$name" "$1"
    check "$name on $1 ranks: digest and accuracy" [ "$(<"$out")" = "$alone" ]
    alike "$name on $1 ranks" "$work/$name.$1" "$work/$reference.0"
    check "$name on $1 ranks: its way" grep -q "\"event\":\"start\".*\"kernels\":\"$set\".*\"exchange\":\"$exchange\".*\"zeros\":\"$(treated "$zero" "$compute")\"" \
        "$work/$name.$1/metrics.jsonl"
    rm -r "$work/$name.$1"
    trainings=$((trainings + 1))
}

# cross SHARDS CELL OPTIMIZER BATCH COMPUTE: each way with all kernels on all numbers of ranks, as far as they are taken.
cross() {
    local way k z list plan nodes exchange set zero cell ranks
    for way in "${!ways[@]}"; do
        read -r plan nodes exchange <<<"${ways[way]}"
        for k in "${!kernels[@]}"; do
            for z in "${!zeros[@]}"; do
                set=${kernels[k]} zero=${zeros[z]} list='' cell=$2
                for ranks in ${ranks_of[$1]}; do
                    if is_taken "$cell" "$3" "$4" "$way" "$k" "$z" "$5"; then list+=" $ranks"; fi
                    cell=$((cell + 1))
                done
                name=$reference-$plan$nodes-$exchange-$set-$zero
                LOCKSTEP_NODES=$nodes LOCKSTEP_EXCHANGE=$exchange LOCKSTEP_ISA=$set LOCKSTEP_ZEROS=$zero start_each "$list" train \
                    "$work/config.cfg" --quiet --run "$work/$name.\$RANKS" "${settings[@]}" --set "training.plan=$plan"
                for ranks in $list; do compare "$ranks"; done
            done
        done
    done
}

check 'there are kernel sets' [ ${#kernels[@]} -gt 0 ]
trainings=0 references=() first_cell=0
for shards in "${!ranks_of[@]}"; do
    for o in "${!optimizers[@]}"; do
        for b in "${!batches[@]}"; do
            for c in "${!computes[@]}"; do
                compute=${computes[c]}
                set_optimizer "$o"
                settings+=(--set "training.shards=$shards" --set "training.batch_size=${batches[b]}" --set "training.compute=$compute")
                reference=S$shards-$optimizer-B${batches[b]}-$compute
                family "$reference" 0 "${settings[@]}"
                alone=$line references+=("$line")
                cross "$shards" "$first_cell" "$o" "$b" "$c"
            done
        done
    done
    read -ra ranks <<<"${ranks_of[shards]}"
    first_cell=$((first_cell + ${#ranks[@]}))
done
check 'other settings are other trainings' [ "$(printf '%s\n' "${references[@]%% *}" | sort -u | wc -l)" = ${#references[@]} ]
echo "$trainings trainings of the $first_cell x ${#optimizers[@]} x ${#batches[@]} x ${#computes[@]} x ${#ways[@]} x ${#kernels[@]} x ${#zeros[@]}"
finish
