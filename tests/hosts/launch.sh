#!/usr/bin/env bash
# lockstep launch over three hosts: ranks and mpirun are killed, ranks are stopped for ever, hosts lose their power or their link, at random
# moments; the training goes on with what is left, hosts come back, and it ends as if nothing had been. LOCKSTEP_FAULTS=50 makes so many
# faults instead of the few below; LOCKSTEP_FAULTS_SEED starts another series.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/results.sh
. "$tests/results.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"

faults=${LOCKSTEP_FAULTS:-5}
RANDOM=${LOCKSTEP_FAULTS_SEED:-1}
# As long as there are faults to make.
"$lockstep" import synth --train 3001 --test 200 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
run: { deadline_seconds = 3.0 }
data: { file = "$work/digits.h5" }
model: { hidden = [64] }
training: { epochs = $((2 + faults)), batch_size = 10 }
optimizer: { learning_rate = 0.02, momentum = 0.9 }
checkpoint: { every_steps = 25 }
log: { seconds = 0.05 }
TEXT
start 0 train "$work/config.cfg" --run "$work/alone" --quiet --set checkpoint.every_steps=0 --set checkpoint.every_epochs=0
check 'alone' [ "$code" = 0 ]
line=$(<"$out")
results "$work/alone" >"$work/alone.results"

export OMPI_MCA_plm_rsh_agent="$hosts agent $site" OMPI_MCA_oob_tcp_if_include=10.77.0.0/24 OMPI_MCA_btl_tcp_if_include=10.77.0.0/24
unset OMPI_MCA_btl_vader_backing_directory OMPI_MCA_osc_sm_backing_directory
# Two ranks a host: that one is stopped, the other one sees.
printf 'h%d slots=2\n' 1 2 3 >"$work/hostfile"
run=$work/run
started='launch over three hosts'

on_site() {
    "$hosts" exec "$site" h0 "$@"
}

"$hosts" exec "$site" h0 "$lockstep" launch "$work/config.cfg" --hostfile "$work/hostfile" --run "$run" --quiet --restarts 20 --patience 3 \
    </dev/null >"$work/out.hosts" 2>"$work/err.hosts" &
launcher=$!

lives() {
    kill -0 "$launcher" 2>/dev/null
}

# step: the last one that is recorded.
step() {
    sed -n 's/.*"event":"step","step":\([0-9]*\),.*/\1/p' "$run/metrics.jsonl" 2>/dev/null | tail -n 1
}
newest() {
    local last
    last=$(cd "$run/checkpoints" 2>/dev/null && printf '%s\n' * | sed -n 's/^step-\([0-9]*\)\.h5$/\1/p' | tail -n 1) || true
    echo $((10#0$last))
}
starts() {
    sed -n '/"event":"\(start\|resume\)"/p' "$run/metrics.jsonl" 2>/dev/null | wc -l
}
milliseconds() {
    echo $((${EPOCHREALTIME/[^0-9]/} / 1000))
}

# Ranks, as the login host numbers them.
ranks() {
    on_site pgrep -f "^$lockstep train $work/config.cfg"
}
victim() {
    ranks | shuf -n 1 --random-source=<(yes "$RANDOM")
}

# Every rank on every host is stopped, and so is nsenter, which does as launch does.
all_stand_still() {
    local each
    mapfile -t each < <(ranks)
    grep -q '^State:.T' "/proc/$launcher/status" && [ ${#each[@]} -gt 0 ] && [ "$(on_site ps -o stat= -p "${each[*]}" | grep -c '^T')" = ${#each[@]} ]
}

# A host with a rank.
busy_host() {
    local host
    for host in $(printf 'h%d\n' 1 2 3 | shuf --random-source=<(yes "$RANDOM")); do
        if "$hosts" exec "$site" "$host" pgrep -f "^$lockstep train $work/config.cfg" >/dev/null 2>&1; then
            echo "$host"
            return
        fi
    done
    return 1
}

is_beyond() {
    [ "$(newest)" -gt "$1" ]
}

# A terminal's Ctrl-Z reaches launch alone, and the ranks through it. nsenter continues it.
suspend() {
    local at
    until_holds 'launch: training' is_beyond 0
    on_site pkill -TSTP -f "^$lockstep launch $work/config.cfg"
    until_holds 'launch suspended: the ranks of all hosts stand still' all_stand_still
    at=$(newest)
    kill -CONT "$launcher"
    until_holds 'launch continued: the training goes on' is_beyond "$at"
    check 'launch continued: started once' [ "$(starts)" = 1 ]
}

# make FAULT: one of those in the order of $kinds.
kinds=('rank killed' 'mpirun killed' 'rank stopped' 'host off' 'link down')
make() {
    local host pid
    host=$(busy_host) || return
    case ${kinds[$1]} in
    'rank killed') pid=$(victim) && on_site kill -KILL "$pid" ;;
    'rank stopped') pid=$(victim) && on_site kill -STOP "$pid" ;;
    'mpirun killed') on_site pkill -KILL -f "^mpirun .*$lockstep train $work/config.cfg" ;;
    'host off') "$hosts" poweroff "$site" "$host" && off=$host ;;
    'link down') "$hosts" unplug "$site" "$host" && unplugged=$host ;;
    esac
}

# What was switched off or unplugged comes back.
mend() {
    if [ -n "$off" ]; then "$hosts" boot "$site" "$off"; fi
    if [ -n "$unplugged" ]; then "$hosts" plug "$site" "$unplugged"; fi
    off='' unplugged=''
}

code=none out=$work/out.hosts err=$work/err.hosts
suspend
off='' unplugged='' done_faults=0 lost=0 longest=0 total=0
while lives && [ "$done_faults" -lt "$faults" ]; do
    before=$(newest)
    while lives && [ "$(newest)" = "$before" ]; do sleep 0.05; done
    count=$(starts) began=$(milliseconds) kind=$((done_faults % ${#kinds[@]}))
    make $kind || continue
    at=$(step)
    while lives && [ "$(starts)" = "$count" ]; do sleep 0.05; done
    took=$(($(milliseconds) - began)) again=$(sed -n 's/.*"event":"resume","step":\([0-9]*\),.*/\1/p' "$run/metrics.jsonl" | tail -n 1)
    mend
    lives || break
    done_faults=$((done_faults + 1))
    lost=$((lost + at - again)) total=$((total + took)) longest=$((took > longest ? took : longest))
    printf '%-14s training again after %5d ms, %3d steps lost\n' "${kinds[$kind]}" "$took" $((at - again))
done
code=0
wait "$launcher" || code=$?
check 'launch: exit code' [ "$code" = 0 ]
check 'launch: the last line, alone on stdout' [ "$(<"$out")" = "$line" ]
check 'launch: all faults were made' [ "$done_faults" = "$faults" ]
check 'launch: a silent host is told' [ "$(grep -c 'a host was lost (exit code 205)' "$err")" -ge $((faults / ${#kinds[@]})) ]
results "$run" >"$work/run.results"
check 'launch: every step and epoch' same "$work/alone.results" "$work/run.results"
nothing_left launch
start 0 verify "$run"
check 'launch: verified' [ "$code" = 0 ]
echo "launch: $done_faults faults, training again after $((total / done_faults)) ms on average, $longest at most; $((lost / done_faults)) steps lost on average; $line"
finish
