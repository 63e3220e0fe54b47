#!/usr/bin/env bash
# lockstep report: what the page says is what the run recorded; of what a run does not have, the page says so.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
if ! command -v python3 >/dev/null; then
    echo 'python3 is not here'
    exit 77
fi

"$make_dataset" good "$work/good.h5"
h5dump -d /test/images -b LE -o "$work/images" "$work/good.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
run: { name = "<b>&amp;'" }
data: { file = "$work/good.h5" }
model: { hidden = [4] }
training: { epochs = 4, batch_size = 50 }
optimizer: { learning_rate = 0.1 }
checkpoint: { every_epochs = 2 }
TEXT

# page WHAT ARGUMENT...: what was heard wrote a page and printed its path alone; report.py has nothing against it.
page() {
    local path=$3
    check "$1: exit code" [ "$code" = 0 ]
    check "$1: the path alone" [ "$(<"$out")" = "$path" ]
    check "$1: nothing but pages" [ -z "$(find "$(dirname "$path")" -name '*.tmp*')" ]
    check "$1: its content" python3 "$tests/jobs/report.py" "${@:2}"
}

# Killed in its second epoch, with the records of the first on disk and no checkpoint; stopped; killed behind the records of
# its third epoch and of steps of the fourth; finished on three ranks.
LOCKSTEP_FAULT=raise-kill-compute:0:8 launch 1 train "$work/config.cfg" --run "$work/run" --quiet
start 0 train "$work/config.cfg" --run "$work/run" --quiet --stop-after-steps 12
LOCKSTEP_FAULT=raise-kill-compute:0:18 launch 1 train "$work/config.cfg" --run "$work/run" --quiet --set log.seconds=0.0
start 3 train "$work/config.cfg" --run "$work/run" --quiet
check 'trains' [ "$code" = 0 ]
start 0 report "$work/run"
page 'a run' run "$work/run/report.html" "$work/run" "$work/images"
start 0 report "$work/run/" -o "$work/elsewhere.html"
page 'elsewhere' run "$work/elsewhere.html" "$work/run" "$work/images"
check 'the same page of the same run' cmp "$work/elsewhere.html" "$work/run/report.html"

start 0 train "$work/config.cfg" --run "$work/other" --quiet --set 'model.hidden=[6, 5]' --set optimizer.learning_rate=0.05

# Extended after its end: what is of the end is said to be. And predictions of which some are gone.
start 0 train "$work/config.cfg" --run "$work/longer" --quiet --set training.epochs=1
steps=$(grep -c '"event":"step"' "$work/longer/metrics.jsonl")
start 0 train "$work/config.cfg" --run "$work/longer" --quiet --set training.epochs=2 --stop-after-steps 3
start 0 report "$work/longer"
check 'gone on since: told of matrix and mistakes' [ "$(grep -c "after step $steps; the run has gone on since, to step $((steps + 3))\." \
    "$work/longer/report.html")" = 2 ]
check 'not of a run that has not' [ "$(grep -c 'gone on since' "$work/run/report.html")" = 0 ]
sed -i '$d' "$work/longer/predictions.csv"
start 0 report "$work/longer"
page 'predictions cut' absent "$work/longer/report.html" 'There are no predictions to look at: ' 'predictions.csv has 96 of the 97 '
cp "$work/run/report.html" "$work/before.html"
start 0 report "$work/run" "$work/other"
check 'two runs and no page named: exit code 64' [ "$code" = 64 ]
check 'and the page of the first is as it was' cmp "$work/before.html" "$work/run/report.html"
start 0 report "$work/run" "$work/other" -o "$work/comparison.html"
page 'a comparison' comparison "$work/comparison.html" "$work/run" "$work/other"

# What is not there any more.
cp -r "$work/run" "$work/poor"
rm -r "$work/poor/checkpoints" "$work/poor/best.h5" "$work/poor/config.cfg"
start 0 report "$work/poor"
page 'without config and checkpoints' absent "$work/poor/report.html" 'The settings are not known: ' \
    'The weights cannot be shown: ' 'The dataset is not known, so there are no images: '
mv "$work/good.h5" "$work/moved.h5"
start 0 report "$work/run"
page 'without the dataset' absent "$work/run/report.html" 'The images cannot be shown: ' 'good.h5'
"$make_dataset" odd "$work/good.h5"
start 0 report "$work/run"
page 'with another dataset' absent "$work/run/report.html" 'The images cannot be shown: '
cp "$work/moved.h5" "$work/good.h5"
awk -F, -v OFS=, 'NR > 1 && $2 != $3 && !done++ { $2 = 3 + ($2 + $3) % 7 } 1' "$work/run/predictions.csv" >"$work/altered"
cp "$work/altered" "$work/run/predictions.csv"
start 0 report "$work/run"
page 'with other labels' absent "$work/run/report.html" 'is not the dataset of predictions.csv: test image '
rm "$work/run/predictions.csv"
start 0 report "$work/run"
page 'without predictions' absent "$work/run/report.html" 'There are no predictions to look at: '

# Runs that are not finished, or nobody's.
# records NAME: a run directory with what is on stdin as its records.
records() {
    mkdir "$work/$1"
    cat >"$work/$1/metrics.jsonl"
}
records none </dev/null
head -n 1 "$work/run/metrics.jsonl" | records begun
head -n 4 "$work/run/metrics.jsonl" | head -c -9 | records torn
records hostile <<'TEXT'
{"event":"resume","step":9223372036854775807,"ranks":9223372036854775807,"nodes":1,"host":"<script>\u001b\ufffe","steps":3}
{"event":"step","step":9223372036854775807,"loss":1e308,"loss_hex":"0x1.1ccf385ebc8ap+1023","learning_rate":1e-308,"learning_rate_hex":"0x0.730d67819e8d2p-1022"}
{"event":"step","step":5,"loss":null,"loss_hex":"nan","learning_rate":null,"learning_rate_hex":"inf"}
{"event":"epoch","step":5,"test_accuracy":1e300,"test_accuracy_hex":"0x1.7e43c8800759cp+996","compute_microseconds":[9223372036854775807,3],"waiting_microseconds":[1]}
{"event":"end","step":5,"confusion":[[1,2],[3]],"class_samples":[1,2],"class_right":[5]}
{"event":"end","step":5,"reason":"a","stopped_by":"\u0007","confusion":[[9223372036854775807,9223372036854775807],[-3,"x"]]}
{"event":"else"}
TEXT
for step in 5 10; do echo "{\"event\":\"epoch\",\"step\":$step,\"test_accuracy\":1,\"test_accuracy_hex\":\"0x1p+0\"}"; done | records perfect
start 0 report "$work/perfect"
check 'no accuracy beyond 100 %' [ "$(grep -oE 'class="tick"[^>]*>(100|10[1-9])<' "$work/perfect/report.html" | sed 's/.*>\(.*\)</\1/')" = 100 ]
for run in begun torn hostile; do
    start 0 report "$work/$run"
    page "$run" absent "$work/$run/report.html" 'killed' 'There are no predictions to look at: '
done
start 0 report "$work/none"
page 'nothing recorded' absent "$work/none/report.html" 'not begun' 'No start is recorded.'
check 'hostile: shown as text' grep -qF '&lt;script&gt;\x1b\xef\xbf\xbe' "$work/hostile/report.html"
check 'torn: told' grep -q 'The last line of metrics.jsonl is incomplete' "$work/torn/report.html"
start 0 report "$work/none" "$work/begun" "$work/torn" "$work/hostile" -o "$work/all.html"
page 'all of them' absent "$work/all.html" '4 runs compared'

# What cannot be.
echo '{"event":' | records damaged
start 0 report "$work/damaged"
fails 'damaged records' 65 'metrics.jsonl:1'
start 0 report "$work/nowhere"
fails 'no such run' 66 'nowhere'
start 0 report "$work/shm"
fails 'no run' 66 'no run directory'
start 0 report "$work/run" -o "$work/nowhere/page.html"
fails 'nowhere to write' 73 'nowhere'
mkfifo "$work/pipe"
start 0 report "$work/run" -o "$work/pipe"
fails 'no file' 73 '/pipe'
check 'no file: it is left as it was' [ -p "$work/pipe" ]
start 0 report "$work/run"{,,,,,,,,}
fails 'nine runs' 64 'report'
finish
