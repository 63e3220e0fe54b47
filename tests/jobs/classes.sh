#!/usr/bin/env bash
# What a training tells of each class at its end: in the log, in the end record; with many classes in bounded memory.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 1, batch_size = 50 }
TEXT

# end_record DIRECTORY: its members of counts, without white space.
end_record() {
    grep '"event":"end"' "$1/metrics.jsonl" | grep -oE '"(confusion|class_samples|class_right)":\[[][0-9,]*\]'
}
# sum_of TEXT: of the numbers in it.
sum_of() {
    tr -cs 0-9 '\n' <<<"$1" | awk '{ sum += $1 } END { print sum + 0 }'
}

for ranks in 0 3; do
    for mode in rank0 all; do
        start "$ranks" train "$work/config.cfg" --run "$work/run.$ranks.$mode" --set "evaluation.mode=$mode"
        check "$mode: trains" [ "$code" = 0 ]
        check "$mode: the log has the table" [ "$(grep -cE '^ +[0-9]( +[0-9]+){10} +[0-9.]+%$' "$err")" = 10 ]
        # shellcheck disable=SC2126 # occurrences, not lines
        check "$mode: waiting is told of where ranks wait" [ "$(grep -c 'Evaluation by' "$err")" = "$([ "$ranks.$mode" = 3.rank0 ] && echo 1 || echo 0)" ]
        counts=$(end_record "$work/run.$ranks.$mode") || true
        check "$mode: the record is 10 rows" [ "$(grep -oE '\[([0-9]+,){9}[0-9]+\]' <<<"$counts" | wc -l)" = 10 ]
        check "$mode: of 97 samples" [ "$(sum_of "$counts")" = 97 ]
        echo "$counts" >"$work/counts.$ranks.$mode"
        check "$mode: the same on any ranks" same "$work/counts.$ranks.$mode" "$work/counts.0.rank0"
    done
done

# More classes than a record of the matrix may have, than the matrix may have; 20000 squared words are 3.2 GB.
for classes in 101 1001 20000; do
    (
        ulimit -v 2000000
        launch 0 train "$work/config.cfg" --run "$work/run.$classes" --set "data.classes=$classes"
    )
    hear 0
    check "$classes classes: trains" [ "$code" = 0 ]
    cp "$out" "$work/last"
    counts=$(end_record "$work/run.$classes") || true
    check "$classes classes: 97 samples" [ "$(sum_of "$(grep class_samples <<<"$counts")")" = 97 ]
    check "$classes classes: each has its number" [ "$(grep class_right <<<"$counts" | tr -cd , | wc -c)" = $((classes - 1)) ]
    launch 0 evaluate "$work/run.$classes/best.h5"
    hear 0
    check "$classes classes: evaluate tells of each" [ "$(grep -cE '^ *[0-9]+ +[0-9]+ +[0-9]+ +[0-9.]+% +[0-9.]+%' "$out")" = "$classes" ]
    check "$classes classes: the accuracy is the training's" grep -q "accuracy=$(sed -n 's/^digest.*accuracy=//p' "$work/last")" "$out"
done

finish
