#!/usr/bin/env bash
# What people see of a training: on a terminal one line that is drawn again, elsewhere plain messages.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
unset NO_COLOR CLICOLOR CLICOLOR_FORCE

"$make_dataset" good "$work/good.h5" # 211 samples: 11 steps an epoch
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 2, batch_size = 20 }
optimizer: { learning_rate = 0.05 }
log: { seconds = 0.3 }
TEXT
escape=$'\e' return=$'\r'

# watch COLUMNS RANKS RUN [ARGUMENT]...: trains on a terminal, 0.1 s a step; in $err is what that was sent.
watch() {
    local start
    read -ra start <<<"${mpirun_options:-} ${program:-$lockstep}"
    [ "$2" = 0 ] || start=("$tests/mpirun.sh" "$2" "${start[@]}")
    started="on a terminal, $2 ranks: ${*:3}" code=0 err=$work/shown
    LOCKSTEP_FAULT=${fault-slow-compute:0} TERM=${kind:-xterm} timeout -k 5 60 python3 "$tests/jobs/terminal.py" "$1" "$err" \
        "${start[@]}" train "$work/config.cfg" --run "$work/$3" "${@:4}" </dev/null || code=$?
}

# The lines of progress, as they were drawn.
drawn() {
    tr '\r' '\n' <"$err" | sed "s/$escape\[K\$//" | grep -E '^epoch [0-9]+/[0-9]+( [^,]*)?$' || true
}

# What stands on the terminal at the end.
screen() {
    sed -E "s/$return\$//; s/.*$return$escape\[K//" "$err"
}

is_plain() {
    ! grep -q "[$escape$return]" "$1"
}

widest() {
    drawn | awk -v most="$1" 'length > most { exit 1 }'
}

for ranks in 0 2; do
    run=run.$ranks
    watch 100 "$ranks" "$run"
    check "$ranks ranks: trained" [ "$code" = 0 ]
    screen >"$work/$run/shown"
    check "$ranks ranks: a line" [ "$(drawn | wc -l)" -ge 5 ]
    check "$ranks ranks: a bar" grep -q "${return}epoch 1/2 \[=*\.*\] step  [1-9]/22 loss .* samples/s .* left save in " "$err"
    check "$ranks ranks: no more than there are columns" widest 99
    check "$ranks ranks: nothing of it remains" [ -z "$(screen | grep -E '\[=*\.*\]|left')" ]
    check "$ranks ranks: the epochs do" [ "$(screen | grep -c '^epoch [12]/2: train loss ')" = 2 ]
    check "$ranks ranks: the last line" grep -q '^digest=[0-9a-f]* accuracy=' <(screen)
    check "$ranks ranks: nothing of it in log.txt" is_plain "$work/$run/log.txt"
    check "$ranks ranks: plain lines in log.txt" grep -q 'Z epoch 1/2, step [0-9]*/22: train loss .* left$' "$work/$run/log.txt"
    check "$ranks ranks: the figures are those of the records" \
        [ "$(python3 "$tests/jobs/terminal_figures.py" "$work/$run" "$err")" = "$(drawn | wc -l)" ]
done

# What the training came to: shown at its end as status shows it, with the figures of the record.
outcome() {
    grep -E '^(accuracy|loss|speed|digest) +[0-9]' "$1"
}
end_record() {
    sed -nE "s/.*\"event\":\"end\".*\"$2\":\"?([^,\"]*).*/\1/p" "$work/$1/metrics.jsonl"
}
# Of ten shares that are rounded to 0.1 % each.
is_whole() {
    awk '/ %$/ && !/^in these/ { sum += $(NF - 1) } END { exit !(sum > 99.4 && sum < 100.6) }' "$1"
}
rows() {
    grep -E '^[a-z ():]+ [0-9.]+ +[0-9.]+ +[0-9.]+ %$' "$1"
}
for ranks in 0 2; do
    run=run.$ranks
    start 0 status "$work/$run"
    outcome "$out" >"$work/due"
    outcome "$work/$run/shown" >"$work/seen"
    check "$ranks ranks: the end as status has it" same "$work/seen" "$work/due"
    LC_ALL=C printf 'accuracy     %.6f\nloss         %.6f\nspeed        %.0f samples/s in the last start\ndigest       %s\n' \
        "$(end_record "$run" test_accuracy)" "$(end_record "$run" test_loss)" "$(end_record "$run" samples_per_second)" \
        "$(end_record "$run" digest)" >"$work/due"
    check "$ranks ranks: and as the record" same "$work/seen" "$work/due"
    rows "$work/$run/shown" >"$work/rows"
    check "$ranks ranks: a row for each phase" [ "$(wc -l <"$work/rows")" = $((ranks > 1 ? 11 : 8)) ]
    check "$ranks ranks: their shares are all of the time" is_whole "$work/$run/shown"
    check "$ranks ranks: each layer at the start" [ "$(grep -cE '^ +[01] +[0-9]+ +[0-9]+ +[0-9]+   (relu|softmax) +fp32$' "$work/$run/shown")" = 2 ]
done
check 'alone: nothing is reduced' [ "$(rows "$work/run.0/shown" | grep -cE '^(reduce|wait)')" = 0 ]
check '2 ranks: the reduction and the waiting in it' [ "$(rows "$work/run.2/shown" | grep -cE '^(reduce|in these: waiting)')" = 2 ]
check '2 ranks: what each owns' grep -qE '^ranks +2, each with 4 of 8 shards, 104 to 107 training samples; ' "$work/run.2/shown"

# However short the steps are: ten times a second, and once more after each message.
began=$(date +%s%N)
fault='' watch 100 0 fast --set training.batch_size=1 --set training.epochs=50
tenths=$((($(date +%s%N) - began) / 100000000))
check 'fast: many steps' grep -q '"event":"step","step":10550,' "$work/fast/metrics.jsonl"
check 'fast: a line every 0.1 s at most' [ "$(drawn | wc -l)" -le "$((tenths + 50 + 1))" ]

watch 35 0 narrow
check 'narrow: no more than there are columns' widest 34
check 'narrow: what is most important' grep -q "${return}epoch 1/2 loss [0-9.]* 0:0[0-9] left$escape" "$err"
watch '100:24:[=' 2 narrower
check 'made narrower: at once' [ "$(drawn | awk '/\[=/ { seen++; next } seen && length > 23' | wc -l)" = 0 ]
check 'made narrower: goes on' grep -q "${return}epoch 2/2 loss [0-9.]*$escape" "$err"

# Where no line can be drawn again there are messages.
kind=dumb watch 100 0 dumb
check 'TERM=dumb: no line' [ "$(drawn | wc -l)" = 0 ]
check 'TERM=dumb: messages' grep -q '^epoch 1/2, step [0-9]*/22: train loss ' "$err"
check 'TERM=dumb: nothing that drives a terminal' [ "$(grep -c "$escape" "$err")" = 0 ]
mpirun_options=--tag-output watch 100 2 tagged
check 'with tags: messages' grep -q '^\[1,0\]<stderr>:epoch 1/2, step ' "$err"
check 'with tags: no line' [ "$(grep -c "$escape" "$err")" = 0 ]
watch 100 2 quiet --quiet
check 'quiet: the result alone' [ "$(tr -d '\r' <"$err" | sed -E 's/^digest=[0-9a-f]{32} accuracy=[0-9.]+$/result/; /^lockstep: warning: /d')" = result ]
LOCKSTEP_FAULT=slow-compute:0 CLICOLOR=1 start_each '0 2' train "$work/config.cfg" --run "$work/pipe.\$RANKS"
for ranks in 0 2; do
    hear "$ranks"
    check "no terminal, $ranks ranks: messages" grep -q '^epoch 1/2, step [0-9]*/22: train loss .* left$' "$err"
    check "no terminal, $ranks ranks: nothing else" is_plain "$err"
done
# The terminal is there, and stderr goes elsewhere.
cat >"$work/aside" <<TEXT
#!/usr/bin/env bash
exec '$tests/mpirun.sh' 2 '$lockstep' "\$@" 2>'$work/aside.txt'
TEXT
chmod +x "$work/aside"
program=$work/aside watch 100 0 run.aside
check 'stderr of mpirun in a file: messages' grep -q '^epoch 1/2, step ' "$work/aside.txt"
check 'stderr of mpirun in a file: nothing else' is_plain "$work/aside.txt"

# Ended on the way: nothing remains of the line.
program="timeout --foreground --preserve-status -s INT 1 $lockstep" watch 100 0 interrupted
check 'interrupted: with a checkpoint' [ "$code" = 75 ]
check 'interrupted: nothing of the line remains' [ -z "$(screen | grep -E '\[=*\.*\]|left')" ]
check 'interrupted: it is told' grep -q '^stopped on request after step ' <(screen)
check 'interrupted: and then no line is drawn any more' [ -z "$(sed '1,/stopped on request/d' "$err" | tr -d '\r\n')" ]

# Errors have a colour, unless somebody does not want any.
watch 100 2 coloured --set optimizer.learning_rate=-1
check 'an error: in colour' grep -q "^$escape\[31mlockstep: error: $escape\[0m.*learning_rate" "$err"
NO_COLOR=1 watch 100 2 coloured --set optimizer.learning_rate=-1
check 'NO_COLOR: without' grep -q "^lockstep: error: .*learning_rate" "$err"
NO_COLOR=1 watch 100 2 drawn
check 'NO_COLOR: the line is still drawn' [ "$(drawn | wc -l)" -gt 4 ]
finish
