#!/usr/bin/env bash
# tests/mpi/amx.sh PROGRAM MAKE_DATASET EMULATED: a training in bf16 by the kernel set of AMX is the one by this processor's other
# sets. EMULATED is the program with the instructions carried out for it where the processor has none (tests/amx/emulate.c).
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/family.sh
. "$tests/family.sh"
emulated=$3

"$make_dataset" float "$work/float.h5"
cat >"$work/config.cfg" <<TEXT
run: { name = "amx" }
data: { file = "$work/float.h5" }
model: { hidden = [70, 33] }
training: { epochs = 2, batch_size = 100, compute = "bf16" }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
checkpoint: { every_epochs = 0 }
TEXT

LOCKSTEP_ISA=avx512 start 0 train "$work/config.cfg" --check
if [ "$code" = 64 ]; then
    echo 'SKIPPED: the set of AMX needs AVX-512'
    exit 77
fi
LOCKSTEP_ISA=avx512 family avx512 0
expected=$line

# by_amx NAME RANKS SETTING...
by_amx() {
    local setting settings=()
    for setting in "${@:3}"; do settings+=(--set "$setting"); done
    LOCKSTEP_ISA=amx lockstep=$emulated family "$1" "$2" "${settings[@]}"
    check "$1: digest and accuracy" [ "$line" = "$expected" ]
    check "$1: amx was used" grep -q '"event":"start".*"kernels":"amx"' "$work/$1.$2/metrics.jsonl"
}

by_amx alone 0
by_amx replica 3
by_amx node 2 training.plan=node
finish
