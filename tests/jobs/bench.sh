#!/usr/bin/env bash
# lockstep bench, for a blink of time: every measurement is there, on any ranks, with figures above zero, and no file is
# left behind. What the figures are is no matter here.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

# A place of its own, in which every file would be seen.
mkdir "$work/here"
cd "$work/here"

member='"[a-z_]+":("[^"\\]+"|[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?)'
# json FILE: each line is an object of members whose values are texts or numbers that are not negative, "what" first.
json() {
    [ -s "$1" ] && ! grep -vE "^\{\"what\":\"[a-z_]+\"(,$member)*\}\$" "$1"
}
# all_json FILE: the same, as python sees it.
all_json() {
    ! command -v python3 >/dev/null || python3 -c 'import json, math, sys
for line in open(sys.argv[1]):
    for key, value in json.loads(line).items():
        assert isinstance(value, str) or (math.isfinite(value) and value >= 0), line
        assert value != 0 or not key.startswith(("micro", "samples_per")), line' "$1"
}
# counts: how many there are of each kind, "kind:number" in the order of first appearance.
counts() {
    sed -E 's/^\{"what":"([a-z_]+)".*/\1/' "$1" | awk '!n[$1]++ { kind[++kinds] = $1 }
        END { for (i = 1; i <= kinds; i++) printf "%s%s:%d", (i > 1 ? " " : ""), kind[i], n[kind[i]] }'
}
# of KIND [TEXT]: lines of this kind that have the text.
of() {
    grep "^{\"what\":\"$1\"[,}]" "$out" | grep -cF -- "${2:-}"
}
# positive KEY NUMBER: so many lines have this member, and none of them is 0.
positive() {
    [ "$(grep -cE "\"$1\":" "$out")" = "$2" ] && ! grep -E "\"$1\":0(\.0+)?[,}]" "$out"
}
# adds_up: the means of the phases are the time of the step, but for the digits that are not printed; and none is left out.
adds_up() {
    sed -nE 's/.*"what":"(step|phase)".*"microseconds(_mean)?":([^,]+).*/\1 \3/p' "$out" |
        awk '$1 == "step" { step = $2 } $1 == "phase" { sum += $2 } END { exit !(step > 0 && sum > 0.9999 * step && sum < 1.0001 * step) }'
}
# tidy: nothing in the current directory, nothing that the program had in TMPDIR, no shared memory.
tidy() {
    is_empty "$work/here" && is_empty "$work/shm" && ! ls -d "$work"/session.*/lockstep* 2>/dev/null
}
unset LOCKSTEP_ZEROS LOCKSTEP_EXCHANGE

kinds='setup:1 fma_peak:1 memory:4 pack:2 forward:3 softmax_cross_entropy:1 backward_data:1 backward_weight:3'
kinds+=' backward_weight_sgd:3 sgd:1 digest:1 reduction:REDUCTIONS step:1 phase:6'
for ranks in 0 2; do
    reductions=$((ranks ? 3 : 1))
    start "$ranks" bench --json --seconds 0.1
    check "bench on $ranks ranks" [ "$code" = 0 ]
    check "bench on $ranks ranks: JSON" json "$out"
    check "bench on $ranks ranks: JSON for python" all_json "$out"
    check "bench on $ranks ranks: every measurement" [ "$(counts "$out")" = "${kinds/REDUCTIONS/$reductions}" ]
    check "bench on $ranks ranks: so many ranks" [ "$(of setup "\"ranks\":$((ranks + !ranks)),")" = 1 ]
    check "bench on $ranks ranks: 64 samples each" [ "$(of setup "\"batch_samples\":$((64 * (ranks + !ranks))),")" = 1 ]
    check "bench on $ranks ranks: drawn digits" [ "$(of setup '"data":"drawn digits"')" = 1 ]
    for product in forward backward_weight backward_weight_sgd; do
        for zeros in skipped multiplied; do
            check "bench on $ranks ranks: $product, zeros $zeros" [ "$(of $product "\"zeros\":\"$zeros\"")" = 1 ]
        done
    done
    check "bench on $ranks ranks: peak" positive least_peak_gflops_per_second_per_rank 1
    check "bench on $ranks ranks: memory" positive read_gbytes_per_second_per_rank 4
    check "bench on $ranks ranks: calls and steps" positive microseconds 16
    check "bench on $ranks ranks: products, update and step" positive gflops_per_second_per_rank 12
    check "bench on $ranks ranks: reductions" positive mpi_per_lockstep $((ranks ? 3 : 0))
    check "bench on $ranks ranks: phases" positive microseconds_mean 6
    check "bench on $ranks ranks: the phases are the whole step" adds_up
    check "bench on $ranks ranks: no warning" [ ! -s "$err" ]
    check "bench on $ranks ranks: speed" positive samples_per_second 1
    check "bench on $ranks ranks: nothing left behind" tidy
done

# A config of its own: its dataset, its layers, its plan; shards that are not alike on the ranks.
"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [7, 5] }
training: { epochs = 1, batch_size = 10, shards = 5 }
TEXT
for plan in replica node; do
    start 3 bench "$work/config.cfg" --seconds 0.1 --json --set "training.plan=$plan" --set 'model.hidden=[6,5,4]'
    check "bench CONFIG, plan $plan" [ "$code" = 0 ]
    check "bench CONFIG: JSON" json "$out"
    check "bench CONFIG: the config's dataset" [ "$(of setup "\"data\":\"the config's dataset\"")" = 1 ]
    check "bench CONFIG: --set" [ "$(of setup '-6-5-4-10",')" = 1 ]
    check "bench CONFIG: the plan" [ "$(of step "\"plan\":\"$plan\"")" = 1 ]
    check "bench CONFIG: each layer" [ "$(of forward):$(of backward_data):$(of backward_weight)" = 5:3:5 ]
    check "bench CONFIG: nothing left behind" tidy
done

# bf16: 35 features are packed in one way.
"$make_dataset" float "$work/float.h5"
start 2 bench "$work/config.cfg" --seconds 0.1 --json --set training.compute=bf16 --set 'model.hidden=[70,40]' --set "data.file=$work/float.h5"
check 'bench in bf16' [ "$code" = 0 ]
check 'bench in bf16: JSON' json "$out"
check 'bench in bf16: two layers of three' \
    [ "$(of forward '"compute":"bf16"'):$(of backward_data '"compute":"bf16"'):$(of backward_weight '"compute":"bf16"')" = 2:1:2 ]
check 'bench in bf16: each layer once' [ "$(of pack):$(of forward):$(of lay)" = 1:3:1 ]

# A linear classifier, in a table for people.
start 0 bench "$work/config.cfg" --seconds 0.1 --set 'model.hidden=[]' --set data.file=none.h5 --set data.classes=3
check 'table' [ "$code" = 0 ]
check 'table: the data' grep -q '^784-3, .*drawn digits' "$out"
check 'table: columns' [ "$(grep -cE 'GFLOP/s|GB/s|us[ :]' "$out")" = 5 ]
check 'table: nothing to reduce' grep -q 'one rank has nothing to reduce' "$out"
check 'table: no title without a column' [ "$(grep -cE ' $' "$out")" = 0 ]
check 'table: the warning names the dataset' grep -q '^lockstep: warning: .*"none.h5"' "$err"
check 'table: the step' grep -qE '^step, plan replica .* [1-9][0-9]*( +[0-9.]+){5}$' "$out"
check 'table: nothing left behind' tidy

# One setting of the built-in config is free of another.
start 0 bench --seconds 0.01 --set optimizer.momentum=0.0
check 'without momentum' [ "$code" = 0 ]

# Digits are drawn into memory: no file is written that a signal could leave behind.
TMPDIR=$work/nowhere "$lockstep" bench --seconds 0.01 >"$out" 2>"$err" </dev/null || code=$?
check 'without a folder for files' [ "$code" = 0 ]

# Much work and little time: as few calls as can be.
seconds=$SECONDS
start 0 bench --seconds 0.01 --set training.batch_size=20000
check 'much work' [ "$code" = 0 ]
echo "much work: $((SECONDS - seconds)) s"

# Wrong calls.
for ranks in 0 2; do
    start "$ranks" bench --seconds none
    fails "--seconds none on $ranks ranks" 64 '--seconds none'
    start "$ranks" bench --seconds 0
    fails "--seconds 0 on $ranks ranks" 64 '--seconds 0'
    start "$ranks" bench one.cfg two.cfg
    fails "two configs on $ranks ranks" 64 'two.cfg|usage'
    start "$ranks" bench none.cfg
    fails "no config on $ranks ranks" 66 'none.cfg'
    start "$ranks" bench --set training.shards=0
    fails "bad setting on $ranks ranks" 78 'training.shards'
    start "$ranks" bench --set training.shards=1 --set data.classes=0
    fails "bad settings on $ranks ranks" 78 'data.classes'
done
start 3 bench --set training.shards=2
fails 'more ranks than shards' 78 'training.shards'
echo 'not HDF5' >"$work/damaged.h5"
start 0 bench --set "data.file=$work/damaged.h5"
fails 'damaged dataset' 65 'damaged.h5'
check 'after failures: nothing left behind' tidy
finish
