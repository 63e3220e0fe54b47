#!/usr/bin/env bash
# A training, one that diverges, and one whose finite weights make NaN of the test images, alone on each kernel set that runs here. Under the sanitizers (preset asan) this is
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
    # One step leaves weights of some 1e12, whose product over five layers is infinite. The sign of a NaN is the
    # processor's (x86: negative, Arm: positive), and may stand nowhere.
    start 0 train small.cfg --run "$set-overflows" --quiet --set 'model.hidden=[30, 20, 20, 20]' \
        --set training.batch_size=600 --set optimizer.learning_rate=1e6 --set optimizer.weight_decay=1e6
    check "$set: an overflow in the evaluation ends well" [ "$code" = 0 ]
    check "$set: its records" [ "$(grep -c '"test_loss":null,"test_loss_hex":"nan"' "$set-overflows/metrics.jsonl")" = 2 ]
    check "$set: its predictions" [ "$(grep -c ',nan$' "$set-overflows/predictions.csv")" = 100 ]
    start 0 verify "$set-overflows"
    check "$set: it verifies" [ "$code" = 0 ]
    start 0 evaluate "$set-overflows/best.h5"
    check "$set: its last line" grep -q '^loss=nan accuracy=' "$out"
    start 0 status "$set-overflows"
    check "$set: its state" grep -q '^loss  *nan$' "$out"
    check "$set: no sign anywhere" [ -z "$(grep -rIl -e -nan "$set-overflows")" ]
done
finish
