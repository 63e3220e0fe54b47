#!/usr/bin/env bash
# tests/aarch64/same_bits.sh PROGRAM DIRECTORY: is a training on aarch64 the same as here, in every bit? Builds Lockstep
# for aarch64, without MPI, in DIRECTORY, and runs it under QEMU: its kernel tests, the drawing of a dataset, and a tiny
# training with each kernel set, whose digest must be that of PROGRAM with each of this machine's. What takes long,
# packages and build, is kept in DIRECTORY. Exit code 77, with the reason: it cannot be tried here.
set -euo pipefail

program=$1
mkdir -p "$2"
directory=$(cd "$2" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unset LOCKSTEP_FAULT LOCKSTEP_ISA LOCKSTEP_NODES LOCKSTEP_EXCHANGE LOCKSTEP_ZEROS

skip() {
    echo "SKIPPED: $1"
    exit 77
}

if [ "$(uname -m)" = aarch64 ]; then skip 'this machine is one: all other tests run on it'; fi
for tool in aarch64-linux-gnu-gcc qemu-aarch64 apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || skip "no $tool here (jobs/install.sh test)"
done
log=$directory/log
if ! "$here/sysroot.sh" "$directory" >"$log" 2>&1; then
    tail -n 20 "$log"
    skip "apt-get has no packages of arm64 for us (above; $log)"
fi

emulated=(qemu-aarch64 -L "$directory/sysroot" "$directory/build/lockstep")
units=(base kernels bf16 weight_gradient probe fold elementary fma synth inputs network network_bf16 golden)
ranks=(comm node reduction)
if ! { cmake -S "$here/../.." -B "$directory/build" --toolchain "$here/toolchain.cmake" \
    -DCMAKE_SYSROOT="$directory/sysroot" -DLOCKSTEP_MPI=OFF -DLOCKSTEP_WERROR=ON &&
    cmake --build "$directory/build" -j "$(nproc)" -t lockstep "${units[@]/#/unit_}" "${ranks[@]/#/mpi_}"; } >"$log" 2>&1; then
    cat "$log"
    exit 1
fi

failures=0
# QEMU takes ten times as long: fewer shapes, fewer triples.
LOCKSTEP_SHAPES=5 LOCKSTEP_FMA_TRIPLES=1000000 ctest --test-dir "$directory/build" -j "$(nproc)" --no-tests=error --output-on-failure \
    -R "^(unit/($(IFS='|' && echo "${units[*]}")|no_libm|fused)|mpi/.*)\$" >"$log" 2>&1 || failures=1
sed -E '/^(Internal ctest|Test project|$)|^ *Start /d' "$log"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/config.cfg" <<'TEXT'
model: { activation = "tanh" }
training: { epochs = 2, batch_size = 43 }
optimizer: { learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 1e-4; schedule = { name = "cosine" } }
TEXT

# dataset NAME PROGRAM...: drawn by this program; its digest is the same as any other's.
dataset() {
    "${@:2}" import synth -o "$work/$1.h5" --train 640 --test 100 >/dev/null
    digest=$("${@:2}" inspect "$work/$1.h5" | sed -n 's/^digest of the values: //p')
    row "dataset drawn on $1" "$digest" "${dataset:=$digest}"
}

# training NAME SET PROGRAM...: with this kernel set, in fp32 and, of layers that are wide enough, in bf16; the last line of each is
# the same as any other's.
declare -A training
training() {
    local compute
    for compute in fp32 bf16; do
        line=$(LOCKSTEP_ISA=$2 "${@:3}" train "$work/config.cfg" --set "data.file=$work/$1.h5" --run "$work/$1.$2.$compute" --quiet \
            --set "training.compute=$compute" --set "model.hidden=${hidden[$compute]}" --set "training.epochs=${epochs[$compute]}")
        row "$1 $2 $compute" "$line" "${training[$compute]:=$line}"
    done
}
declare -A hidden=([fp32]='[30, 20]' [bf16]='[40, 33]') epochs=([fp32]=2 [bf16]=1)

# row WHAT VALUE EXPECTED
row() {
    local verdict=same
    if [ -z "$2" ] || [ "$2" != "$3" ]; then
        verdict=DIFFERENT
        failures=$((failures + 1))
    fi
    printf '%-25s %s %s\n' "$1" "$2" "$verdict"
}

host=$(uname -m)
dataset "$host" "$program"
dataset aarch64 "${emulated[@]}"
# The kernel sets that this processor has, from the message about one that none has.
sets=$(LOCKSTEP_ISA=none "$program" train --check "$work/config.cfg" --set "data.file=$work/$host.h5" 2>&1 |
    sed -n 's/.*runs the kernel sets //p' | tr -d ,) || true
for set in ${sets:?the program does not say which kernel sets it has}; do training "$host" "$set" "$program"; done
for set in neon portable; do training aarch64 "$set" "${emulated[@]}"; done

# Several ranks of a program that knows of one would be as many trainings.
code=0
"$here/../mpirun.sh" 2 "${emulated[@]}" train "$work/config.cfg" --set "data.file=$work/aarch64.h5" --run "$work/two" \
    >"$work/out" 2>"$work/err" || code=$?
if [ "$code" != 64 ] || [ -s "$work/out" ] || [ "$(grep -c '^lockstep: ' "$work/err")" != 1 ] ||
    ! grep -q 'built without MPI .* started on 2 ranks' "$work/err"; then
    echo "two ranks without MPI: exit code $code and not 64, or not the one message:"
    cat "$work/out" "$work/err"
    failures=$((failures + 1))
fi

echo "$failures failed, $SECONDS s"
[ "$failures" = 0 ]
