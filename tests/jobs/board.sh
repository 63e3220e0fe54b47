#!/usr/bin/env bash
# log.tensorboard: the event files of a run tell what its records tell, however often it was killed and resumed, and change nothing
# of the result; a disk that is full stops no training. The third argument, if there is one, is a folder for a virtual environment, which
# is made there and filled from PyPI if it is not yet: then PyPI's tensorboard reads them too.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
environment=${3:-}
reader=(python3 "$tests/jobs/board.py")

# pkg_resources, which some releases of tensorboard need, left setuptools with its release 81.
install_tensorboard() {
    python3 -m venv "$environment" && "$environment/bin/pip" install -q tensorboard 'setuptools<81'
}
has_tensorboard() {
    "$environment/bin/python" -c 'import tensorboard' 2>/dev/null
}
if [ -n "$environment" ]; then
    if ! has_tensorboard && ! { install_tensorboard >"$work/pip.log" 2>&1 && has_tensorboard; }; then
        tail -n 3 "$work/pip.log"
        echo 'skipped: tensorboard is neither here nor to be had from PyPI'
        exit 77
    fi
    reader=("$environment/bin/python" "$tests/jobs/board.py" --tensorboard)
fi

for variant in good float; do "$make_dataset" "$variant" "$work/$variant.h5"; done
# 30 steps, 3 an epoch. Everything goes to the file at once, so that a kill leaves steps that will be done again.
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 10, batch_size = 100 }
optimizer: { learning_rate = 0.05 }
checkpoint: { every_epochs = 2 }
log: { tensorboard = true, seconds = 0.0 }
TEXT

# tells NAME DROPPED: the event files of this run, in which so many points or more were done again. Leaves a digest of its $pictures.
tells() {
    local dropped=-1
    read -r dropped pictures < <("${reader[@]}" "$work/$1" 2>"$work/reader.err") || true
    check "$1: the event files tell what the records tell: $(tail -n 1 "$work/reader.err")" [ "${dropped:--1}" -ge "$2" ]
}

start 2 train "$work/config.cfg" --run "$work/without" --quiet --set log.tensorboard=false
line=$(<"$out")
check 'none without the setting' [ -z "$(find "$work/without" -name 'events*')" ]

start 2 train "$work/config.cfg" --run "$work/whole" --quiet
check 'whole: the same result' [ "$(<"$out")" = "$line" ]
tells whole 0
whole=$pictures

# 17 steps, then from the checkpoint of 12: twice the same steps are done again, the second time before anything new.
LOCKSTEP_FAULT=raise-kill-pack:0:17 start 2 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed' [ "$code" != 0 ]
LOCKSTEP_FAULT=raise-kill-pack:0:14 start 3 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed again' [ "$code" != 0 ]
start 1 train "$work/config.cfg" --run "$work/killed" --quiet --stop-after-steps 4
check 'stopped' [ "$code" = 75 ]
start 2 train "$work/config.cfg" --run "$work/killed" --quiet
check 'killed: the same result' [ "$(<"$out")" = "$line" ]
check 'a file for each start' [ "$(find "$work/killed" -name 'events.out.tfevents.*' | wc -l)" = 4 ]
tells killed 10
check 'killed: the same pictures' [ "$pictures" = "$whole" ]

# Before the first checkpoint.
LOCKSTEP_FAULT=raise-kill-pack:0:5 start 2 train "$work/config.cfg" --run "$work/early" --quiet
start 2 train "$work/config.cfg" --run "$work/early" --quiet
tells early 10

# What a checkpoint covers is in the file before it, though nothing else asked for that.
LOCKSTEP_FAULT=raise-kill-pack:0:14 start 2 train "$work/config.cfg" --run "$work/seldom" --quiet --set log.seconds=60
start 2 train "$work/config.cfg" --run "$work/seldom" --quiet --set log.seconds=60
tells seldom 0

# Wherever the images of the mistakes are.
start 3 train "$work/config.cfg" --run "$work/all" --quiet --set evaluation.mode=all --set evaluation.predictions=false
check 'evaluation by all, no predictions' [ "$(<"$out")" = "$line" ]
check 'no predictions were asked for' [ ! -e "$work/all/predictions.csv" ]
tells all 0
check 'evaluation by all: the same pictures' [ "$pictures" = "$whole" ]
start 2 train "$work/config.cfg" --run "$work/float" --quiet --set "data.file=$work/float.h5" --set evaluation.every_epochs=3
check 'float images' [ "$code" = 0 ]
tells float 0

# More steps than points. No progress lines, which would take their time.
start 0 train "$work/config.cfg" --run "$work/long" --quiet --set training.batch_size=1 --set training.epochs=48 \
    --set evaluation.every_epochs=0 --set log.seconds=60 --set checkpoint.every_epochs=0
check 'a long run' [ "$code" = 0 ]
tells long 0

# The event file alone reaches the limit of files: it is told once, and nothing else suffers.
(
    ulimit -f 64
    launch 0 train "$work/config.cfg" --run "$work/limited" --quiet --set checkpoint.every_epochs=0 --set model.hidden=[] --set training.epochs=20
)
hear 0
check 'a full disk: trained to its end' [ "$code" = 0 ]
check 'a full disk: one warning' [ "$(grep -c 'warning: cannot write ".*events.out.*File too large; training goes on' "$err")" = 1 ]
check 'a full disk: no other' [ "$(wc -l <"$err")" = 1 ]

finish
