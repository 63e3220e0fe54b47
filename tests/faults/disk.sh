#!/usr/bin/env bash
# The disk is full, for a while or for good, gone, or read-only, and nobody reads the messages. Each is told once, and the training goes
# on; at the third checkpoint in a row that cannot be written, or at the last, it ends with 74 and names the newest good one; with
# room again the same command ends as if nothing had been.
# The part with a disk of its own needs root: a tmpfs of 2 MB in a mount namespace that nobody else sees. Without it: 77.
set -euo pipefail
if [ "${DISK_OF_ITS_OWN:-}" = '' ]; then
    if unshare --mount true 2>/dev/null; then
        DISK_OF_ITS_OWN=yes exec unshare --mount "$0" "$@"
    fi
    DISK_OF_ITS_OWN=no
fi
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$make_dataset" good "$work/good.h5"
# 3000 steps, the checkpoint of one has 600 kB, a line in log.txt and the records of what was trained every 20 ms.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [2000] }
training: { epochs = 600, batch_size = 43 }
optimizer: { learning_rate = 0.01 }
checkpoint: { every_epochs = 0, every_steps = 1000 }
evaluation: { every_epochs = 0 }
log: { seconds = 0.02 }
TEXT
started='' code=0 out=$work/out err=$work/err
: >"$err"
start 0 train "$work/config.cfg" --run "$work/whole" --quiet
check "undisturbed" [ "$code" = 0 ]
line=$(<"$out")

# tells WHAT PATTERN TIMES: so often was it told.
tells() {
    check "$1" [ "$(grep -cE "$2" "$err")" = "$3" ]
}
# goes_on WHAT RUN: now that nothing is wrong any more.
goes_on() {
    start 0 train "$work/config.cfg" --run "$2" --quiet
    check "$1: then it ends" [ "$code" = 0 ]
    check "$1: with the same result" [ "$(<"$out")" = "$line" ]
    check "$1: nothing temporary is left" [ -z "$(find "$2" -name '.*tmp*')" ]
    start 0 verify "$2"
    check "$1: verify" [ "$code" = 0 ]
}

# No file may grow beyond 512 kB: no checkpoint has room, and the system would send a signal.
(
    ulimit -f 512
    launch 0 train "$work/config.cfg" --run "$work/limited" --quiet --set checkpoint.every_steps=100
)
hear 0
check "files are limited: 74" [ "$code" = 74 ]
tells "files are limited: two warnings" 'warning: .*step-0000000[12]00.h5.*File too large; training goes on' 2
tells "files are limited: the end" 'error: .*step-0000000300.h5.*File too large; no good checkpoint is left in ' 1
goes_on "files are limited" "$work/limited"

# no_room WHAT CSV ERROR: evaluate had none for predictions in the place of these.
no_room() {
    fails "$1" 74 "$2|$3"
    check "$1: the old file is there" [ "$(<"$2")" = old ]
    check "$1: and no part of a new one" [ -z "$(find "$(dirname "$2")" -name "$(basename "$2").*")" ]
}
# Not where the program counts its lines, for which it needs files (LOCKSTEP_LIMITS=none).
predictions_limited() {
    echo old >"$work/limited.csv"
    (
        ulimit -f 1
        launch 0 evaluate "$work/whole/best.h5" --predictions "$work/limited.csv"
    )
    hear 0
    no_room "predictions are limited" "$work/limited.csv" 'File too large'
}
if [ "${LOCKSTEP_LIMITS:-}" != none ]; then predictions_limited; fi

# Nobody reads standard error.
exec {unread}> >(:)
wait "$!"
code=0
"$lockstep" train "$work/config.cfg" --run "$work/unread" >"$out" 2>&"$unread" || code=$?
exec {unread}>&-
check "unread messages: it ends" [ "$code" = 0 ]
check "unread messages: the result" [ "$(<"$out")" = "$line" ]

if [ "$DISK_OF_ITS_OWN" = no ] || ! { mkdir "$work/disk" && mount -t tmpfs -o size=2m none "$work/disk"; } 2>/dev/null; then
    finish
    echo 'SKIPPED: a disk of its own needs root and mount namespaces'
    exit 77
fi
trap 'umount -l "$work/disk"; rm -rf "$work"' EXIT
run=$work/disk/run

# resize SIZE
resize() {
    mount -o "remount,size=$1" "$work/disk"
}
fill() {
    dd if=/dev/zero of="$work/disk/filler" bs=4k 2>/dev/null || true
}
# until_holds WHAT COMMAND...: waits for it to hold, as long as the training lives.
until_holds() {
    until "${@:2}"; do
        kill -0 "$training" 2>/dev/null || break
        sleep 0.02
    done
    check "$1" "${@:2}"
}
begin() {
    launch 0 train "$work/config.cfg" --run "$run" --quiet &
    training=$!
    err=$work/err.0
    until_holds "it trains" grep -qs '"event":"step"' "$run/metrics.jsonl"
}
end() {
    wait "$training"
    hear 0
}
has_told() {
    grep -q "$1" "$err"
}

# There is room for two checkpoints of 12.
start 0 train "$work/config.cfg" --run "$run" --quiet --set checkpoint.every_steps=250 --set checkpoint.keep=5
check "no more room: 74" [ "$code" = 74 ]
tells "no more room: warnings" 'warning: cannot write checkpoint .*No space left on device; training goes on' 2
tells "no more room: the newest good one" "error: .*No space left on device; the newest good checkpoint is \"$run/checkpoints/step-0000000500.h5\"" 1
resize 32m
goes_on "no more room" "$run"

# No room for the last.
rm -rf "$run"
start 0 train "$work/config.cfg" --run "$run" --quiet --stop-after-steps 10
check "to go on from" [ "$code" = 75 ]
resize 1m
start 0 train "$work/config.cfg" --run "$run" --quiet --stop-after-steps 10
check "no room for the last: 74" [ "$code" = 74 ]
tells "no room for the last" "error: .*step-0000000020.h5.*No space left on device; the newest good checkpoint is \"$run/checkpoints/step-0000000010.h5\"" 1
resize 32m
goes_on "no room for the last" "$run"

# No room for the predictions of evaluate.
echo old >"$work/disk/full.csv"
fill
start 0 evaluate "$work/whole/best.h5" --predictions "$work/disk/full.csv"
no_room "no room for predictions" "$work/disk/full.csv" 'No space left on device'
rm "$work/disk/filler"

# Full for a while, for log.txt, metrics.jsonl and a checkpoint.
rm -rf "$run"
begin
fill
until_holds "log.txt is told" has_told 'cannot write ".*log.txt": No space left'
until_holds "metrics.jsonl is told" has_told 'cannot write ".*metrics.jsonl": No space left'
until_holds "the checkpoint is told" has_told 'cannot write checkpoint'
rm "$work/disk/filler"
end
check "full for a while: it ends" [ "$code" = 0 ]
check "full for a while: with the same result" [ "$(<"$out")" = "$line" ]
for file in log.txt metrics.jsonl; do tells "full for a while: $file, once" "cannot write \".*$file\"" 1; done
start 0 verify "$run"
check "full for a while: no record is missing" [ "$code" = 0 ]

# The directory is removed under it.
rm -rf "$run"
begin
rm -rf "$run"
end
check "removed: 74" [ "$code" = 74 ]
tells "removed: warnings" 'warning: cannot create checkpoint .*step-.*No such file or directory; training goes on' 2
tells "removed: the end" "error: cannot create \"$run/predictions.csv\": No such file" 1
goes_on "removed" "$run"

# The disk is read-only from the start: nothing is trained.
rm -rf "$run"
resize 32m,ro
start 0 train "$work/config.cfg" --run "$run" --quiet
fails "read-only" 73 "$run|Read-only file system"

echo "disk: limited files, no reader, too small, full for the last and for predictions, full for a while, removed, read-only"
finish
