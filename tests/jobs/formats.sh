#!/usr/bin/env bash
# A network leaves in other tools' formats, and weights from elsewhere come in: evaluated, trained on, verified.
# (That other tools read what is written: readers.sh.)
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

for variant in good float odd; do "$make_dataset" "$variant" "$work/$variant.h5"; done
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/good.h5" }
model: { hidden = [24] }
training: { epochs = 2, batch_size = 20 }
optimizer: { learning_rate = 0.1, momentum = 0.9 }
TEXT

# The weights of another training, as a checkpoint of step 0.
start 0 train "$work/config.cfg" --run "$work/drawn" --quiet
drawn=$(<"$out")
start 0 train "$work/config.cfg" --run "$work/source" --quiet --set run.seed=2 --set training.epochs=1
source=$work/source/best.h5
start 0 export "$source" --format safetensors -o "$work/weights.safetensors"
check "export" [ "$code" = 0 ]
check "export says what it wrote" grep -qF "weights.safetensors: safetensors, 1810 parameters, digest $("$lockstep" digest "$source")" "$out"
start 0 export "$source" --format safetensors -o "$work/again.safetensors"
check "the same checkpoint gives the same file" same "$work/weights.safetensors" "$work/again.safetensors"
start 0 import safetensors "$work/weights.safetensors" --config "$work/config.cfg" -o "$work/imported.h5"
check "import" [ "$code" = 0 ]
imported=$work/imported.h5
check "the digest is that of the weights" [ "$("$lockstep" digest "$imported")" = "$("$lockstep" digest "$source")" ]
check "the same evaluation" [ "$("$lockstep" evaluate "$imported" | tail -n 1)" = "$("$lockstep" evaluate "$source" | tail -n 1)" ]
check "it is whole" grep -q ', whole and undamaged$' <("$lockstep" inspect "$imported")

# A training begins with them on any number of ranks, by either plan, and is another than from drawn weights.
start 0 train "$work/config.cfg" --run "$work/on" --quiet --resume "$imported"
line=$(<"$out")
check "trains on" [ "$code" = 0 ]
check "with the imported weights" [ "$line" != "$drawn" ]
for plan in replica node; do
    start 3 train "$work/config.cfg" --run "$work/on.$plan" --quiet --resume "$imported" --set "training.plan=$plan"
    check "on 3 ranks, plan $plan" [ "$(<"$out")" = "$line" ]
done
start 0 verify "$work/on.replica"
check "verify" [ "$code" = 0 ]
check "it says that the weights came from elsewhere" grep -q '^verified     from step 0 on, which came from a checkpoint: ' "$out"

# Killed before a checkpoint was due: the plain command goes on with the imported weights all the same.
LOCKSTEP_FAULT=raise-kill-compute:0:7 start 0 train "$work/config.cfg" --run "$work/killed" --quiet --resume "$imported"
check "killed" [ "$code" = 137 ]
start 0 train "$work/config.cfg" --run "$work/killed" --quiet
check "goes on with the imported weights" [ "$(<"$out")" = "$line" ]

# Scalings that are measured, images and paths of others.
for variant in good float odd; do
    for scaling in unit standard; do
        settings=(--set "data.file=$work/$variant.h5" --set "data.scaling=$scaling" --set model.activation=tanh)
        [ "$variant" != odd ] || settings+=(--set data.train_images=/images --set data.train_labels=/digits
            --set data.test_images=/held/out/images --set data.test_labels=/held/out/digits)
        run=$work/$variant.$scaling
        start 0 train "$work/config.cfg" --run "$run" --quiet "${settings[@]}"
        start 0 export "$run/best.h5" --format onnx -o "$run.onnx"
        check "$variant, $scaling: export" [ "$code" = 0 ]
        start 0 export "$run/best.h5" --format safetensors -o "$run.safetensors"
        start 0 import safetensors "$run.safetensors" --config "$work/config.cfg" "${settings[@]}" -o "$run.imported.h5"
        check "$variant, $scaling: import" [ "$code" = 0 ]
        check "$variant, $scaling: the same evaluation" \
            [ "$("$lockstep" evaluate "$run.imported.h5" | tail -n 1)" = "$("$lockstep" evaluate "$run/best.h5" | tail -n 1)" ]
    done
done

# Of a run in bf16 the model computes otherwise; if no layer is, it does not.
start 0 train "$work/config.cfg" --run "$work/bf16" --quiet --set training.compute=bf16 --set 'model.hidden=[40]'
start 0 train "$work/config.cfg" --run "$work/narrow" --quiet --set training.compute=bf16
for case in 'bf16 onnx 1' 'bf16 safetensors 0' 'narrow onnx 0'; do
    read -r run format warnings <<<"$case"
    start 0 export "$work/$run/best.h5" --format "$format" -o "$work/$run.$format"
    check "$run as $format" [ "$code $(grep -c 'computed in bf16 .*the ONNX model computes in fp32' "$err")" = "0 $warnings" ]
    check "$run as $format: nothing else is said" [ "$(wc -l <"$err")" = "$warnings" ]
done

# What is refused.
start 0 export "$source" --format onyx -o "$work/none"
fails "another format" 64 'onyx|onnx and safetensors'
start 0 export "$work/source" --format onnx -o "$work/none"
fails "a run directory" 66 'run directory|best.h5'
start 0 export "$work/good.h5" --format onnx -o "$work/none"
fails "no checkpoint" 65 'good.h5'
start 0 export "$source" --format onnx -o /dev/null
fails "a device" 73 '/dev/null'
start 0 export "$source" --format safetensors -o "$work/absent/none"
fails "no such directory" 73 'absent/none'

import() {
    start 0 import safetensors "$1" --config "$work/config.cfg" -o "$work/none" "${@:2}"
}
head -c 300 "$work/weights.safetensors" >"$work/short.safetensors"
import "$work/short.safetensors"
fails "a truncated file" 65 'short.safetensors|truncated'
import "$work/good.h5"
fails "a dataset" 65 'good.h5|no safetensors file'
import "$work/absent.safetensors"
fails "no such file" 66 'absent.safetensors'
import "$work/weights.safetensors" --set 'model.hidden=[25]'
fails "another network" 65 'layer0.weight|[24, 64]|[25, 64]'
import "$work/weights.safetensors" --layers layer0,fc
fails "other names" 65 'layer1|--layers'
import "$work/weights.safetensors" --layers a,b,c
fails "too many names" 64 '3 names|2 layers'
import "$work/weights.safetensors" --layers a,
fails "an empty name" 64 '--layers'
import "$work/weights.safetensors" --set "data.file=$work/absent.h5"
fails "no dataset" 66 'absent.h5'
import "$work/weights.safetensors" --set training.epochs=0
fails "bad settings" 78 'training.epochs'
start 0 import safetensors "$work/weights.safetensors" --config "$work/config.cfg" -o /dev/null
fails "to a device" 73 '/dev/null'
check "nothing is left of what was refused" [ -z "$(find "$work" -maxdepth 1 -name 'none*' -o -maxdepth 1 -name '.ckpt*')" ]
start 0 train "$work/config.cfg" --run "$work/other" --quiet --resume "$imported" --set optimizer.momentum=0
fails "trained with other settings" 78 'optimizer.momentum'

finish
