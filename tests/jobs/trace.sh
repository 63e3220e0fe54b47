#!/usr/bin/env bash
# log.trace: trace.json is a whole timeline of what its start did, of bounded size, whatever happened before; it changes nothing of the
# result, and where it cannot be written the training ends well.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
# 30 steps, 3 an epoch.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 10, batch_size = 100 }
checkpoint: { every_epochs = 2 }
log: { trace = true }
TEXT

# traced NAME RANKS FIRST LAST [KEPT]: as trace.py; NAME may end with /FILE.
traced() {
    local said=0 file=$work/$1
    [ -f "$file" ] || file=$file/trace.json
    python3 "$tests/jobs/trace.py" "$file" "${@:2}" >"$work/said" 2>&1 || said=1
    check "$1: the timeline of the steps $3 to $4 on $2 ranks: $(tail -n 1 "$work/said")" [ "$said" = 0 ]
}

start 2 train "$work/config.cfg" --run "$work/without" --quiet --set log.trace=false
line=$(<"$out")
check 'none without the setting' [ ! -e "$work/without/trace.json" ]

for ranks in 0 1 3; do
    start "$ranks" train "$work/config.cfg" --run "$work/whole.$ranks" --quiet
    check "$ranks ranks: the same result" [ "$(<"$out")" = "$line" ]
    traced "whole.$ranks" "$((ranks ? ranks : 1))" 1 30
done
LOCKSTEP_NODES=2 start 4 train "$work/config.cfg" --run "$work/nodes" --quiet --set training.plan=node --set log.shard_digests=true
traced nodes 4 1 30

# A timeline is of one start, which a kill leaves none of; those of the last starts before stay, under other names.
LOCKSTEP_FAULT=raise-kill-pack:0:17 start 2 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed: none' [ ! -e "$work/killed/trace.json" ]
start 3 train "$work/config.cfg" --run "$work/killed" --quiet --stop-after-steps 5
check 'stopped' [ "$code" = 75 ]
traced killed 3 13 17
cp "$work/killed/trace.json" "$work/before.json"
LOCKSTEP_FAULT=raise-kill-pack:0:20 start 2 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed again: that of the start before' same "$work/before.json" "$work/killed/trace.json"
start 1 train "$work/config.cfg" --run "$work/killed" --quiet --stop-after-steps 2
traced killed 1 19 20
check 'and behind it the one before' same "$work/before.json" "$work/killed/trace-1.json"
for ranks in 1 2 1; do start $ranks train "$work/config.cfg" --run "$work/killed" --quiet --stop-after-steps 1; done
start 2 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed: the same result' [ "$(<"$out")" = "$line" ]
traced killed 2 24 30
for file in 1:1:23 2:2:22 3:1:21; do
    IFS=: read -r number ranks step <<<"$file"
    traced "killed/trace-$number.json" "$ranks" "$step" "$step"
done
check 'four files and no more' [ "$(find "$work/killed" -name 'trace*' | wc -l)" = 4 ]

# More than is kept: 4220 steps of 5 phases and more.
start 2 train "$work/config.cfg" --run "$work/long" --quiet --set training.batch_size=1 --set training.epochs=20 \
    --set optimizer.learning_rate=0.001 --set evaluation.every_epochs=0 --set checkpoint.every_epochs=0
check 'a long run' [ "$code" = 0 ]
traced long 2 1 4220 16384

# No place for it, or for the one before it.
start 2 train "$work/config.cfg" --run "$work/placeless" --quiet --stop-after-steps 5
mkdir "$work/placeless/trace-1.json" "$work/placeless/trace-2.json" "$work/placeless/trace-3.json"
touch "$work/placeless/trace-3.json/file"
start 2 train "$work/config.cfg" --run "$work/placeless" --quiet
check 'no place: the same result' [ "$(<"$out")" = "$line" ]
check 'no place: one warning' [ "$(cat "$err")" = "lockstep: warning: cannot rename \"$work/placeless/trace-2.json\" to \"$work/placeless/trace-3.json\": Directory not empty; there is no trace of this start" ]
traced placeless 2 1 5
check 'no place: nothing temporary is left' [ -z "$(find "$work/placeless" -name '.*tmp*')" ]
finish
