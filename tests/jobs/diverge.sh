#!/usr/bin/env bash
# A training, and one that diverges, alone on each kernel set that runs here. Under the sanitizers (preset asan) this is
# also where the arithmetic meets NaN and infinity. Called by ctest: diverge.sh LOCKSTEP MAKE_DATASET
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=jobs/kernels.sh
. "$tests/../jobs/kernels.sh"

cd "$work"
"$lockstep" import synth -o synth.h5 --train 600 --test 100 >import.log
cat >small.cfg <<'TEXT'
data = { file = "synth.h5"; };
model = { hidden = [30, 20]; };
training = { epochs = 1; batch_size = 64; };
log = { digest_every_steps = 2; };
TEXT

read -ra sets < <(kernel_sets "$lockstep" small.cfg) || true
if [ ${#sets[@]} = 0 ]; then
    echo 'no kernel set to test'
    exit 1
fi
# On the kernel set $set; $activation. Two steps grow the weights past every bound: w = w (1 - 1e12).
for set in "${sets[@]}"; do
    export LOCKSTEP_ISA=$set
    for activation in relu tanh sigmoid; do
        name=$set-$activation
        start 0 train small.cfg --run "$name" --set "model.activation=$activation" --quiet
        check "$name trains" [ "$code" = 0 ]
        cp "$out" "$name.out"
        check "$name: the bits of the first set" same "$name.out" "${sets[0]}-$activation.out"
        start 0 train small.cfg --run "$name-diverges" --set "model.activation=$activation" --quiet \
            --set optimizer.learning_rate=1e6 --set optimizer.weight_decay=1e6
        fails "$name diverges" 1 'training diverged|optimizer.learning_rate'
    done
done
finish
