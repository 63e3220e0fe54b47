#!/usr/bin/env bash
# Other people's readers on what "lockstep export" writes, and PyTorch's weights through "lockstep import safetensors".
# The third argument is a folder for a virtual environment, which is made there and filled from PyPI if it is not yet.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=jobs/common.sh
. "$tests/../jobs/common.sh"
name=tests/jobs/readers.sh # for what is sourced
environment=$3
python=$environment/bin/python
here=$tests/jobs

has_readers() {
    "$python" -c 'import h5py, numpy, onnx, onnxruntime, safetensors' 2>/dev/null
}
install_readers() {
    python3 -m venv "$environment" && "$environment/bin/pip" install -q h5py numpy onnx onnxruntime safetensors
}
if ! has_readers && ! { install_readers >"$work/pip.log" 2>&1 && has_readers; }; then
    tail -n 3 "$work/pip.log"
    echo 'skipped: onnx, onnxruntime, safetensors, h5py and numpy are neither here nor to be had from PyPI'
    exit 77
fi
# Debian's python3-torch belongs to Debian's python3 alone.
torch=
for candidate in "$python" python3 /usr/bin/python3; do
    if [ -z "$torch" ] && "$candidate" -c 'import torch' 2>/dev/null; then torch=$candidate; fi
done
[ -n "$torch" ] || echo 'PyTorch is not here (Debian: python3-torch): left out'

# compare WHAT PYTHON SCRIPT ARGUMENT...: the script holds, and says how near it was.
compare() {
    local said=0
    "${@:2}" >"$work/said" 2>&1 || said=1
    sed "s/^/$1: /" "$work/said"
    check "$1: ${3##*/}" [ "$said" = 0 ]
    return "$said"
}

# predict CHECKPOINT DATASET IMAGES FILE
predict() {
    launch 0 predict "$1" "$2" --images "$3"
    cp "$work/out.0" "$4"
}

# read_back NAME DATASET IMAGES CONFIG [OPTION]...: trained, exported, read by all.
read_back() {
    local name=$1 dataset=$2 images=$3 run=$work/$1
    start 0 train "$4" --run "$run" --quiet --set "data.file=$dataset" "${@:5}"
    check "$name: trains" [ "$code" = 0 ]
    predict "$run/best.h5" "$dataset" "$images" "$run.csv"
    for format in onnx safetensors; do
        start 0 export "$run/best.h5" --format "$format" -o "$run.$format"
        check "$name: export $format" [ "$code" = 0 ]
    done
    compare "$name" "$python" "$here/readers.py" exported "$run/best.h5" "$dataset" "$images" "$run.csv" "$run.onnx" "$run.safetensors" \
        "$run.npz" || return 0
    [ -n "$torch" ] || return 0
    compare "$name" "$torch" "$here/torch_model.py" "$run.npz" "$run.torch.npz" || return 0
    compare "$name" "$python" "$here/readers.py" modelled "$run.torch.npz" "$run/best.h5" "$run.csv" || true
}

# from_torch NAME DATASET IMAGES CONFIG: PyTorch's own weights, for the network of what was read back by this name.
from_torch() {
    local name=$1 run=$work/$1
    [ -n "$torch" ] && [ -e "$run.npz" ] || return 0
    compare "$name, drawn by PyTorch" "$torch" "$here/torch_model.py" "$run.npz" "$run.drawn.npz" 100 10 || return 0
    compare "$name, drawn by PyTorch" "$python" "$here/readers.py" save "$run.drawn.npz" "$run.drawn.safetensors" || return 0
    start 0 import safetensors "$run.drawn.safetensors" --config "$4" --layers 1,3 -o "$run.drawn.h5" --set "data.file=$2" \
        --set 'model.hidden=[100]'
    check "$name: import" [ "$code" = 0 ]
    predict "$run.drawn.h5" "$2" "$3" "$run.drawn.csv"
    compare "$name, drawn by PyTorch" "$python" "$here/readers.py" modelled "$run.drawn.npz" "$run.drawn.h5" "$run.drawn.csv" || true
}

cat >"$work/small.cfg" <<TEXT
model: { hidden = [24, 12] }
training: { epochs = 2, batch_size = 20 }
TEXT
for variant in good float; do "$make_dataset" "$variant" "$work/$variant.h5"; done
read_back good "$work/good.h5" /test/images "$work/small.cfg" --set data.scaling=standard --set model.activation=tanh
read_back float "$work/float.h5" /test/images "$work/small.cfg" --set model.activation=sigmoid
read_back linear "$work/float.h5" /train/images "$work/small.cfg" --set 'model.hidden=[]' --set data.scaling=none

cd "$tests/.."
config=$tests/../configs/mnist.cfg
if find_mnist; then
    start 0 import idx "${idx[@]}" -o "$work/digits.h5"
else
    echo 'MNIST is not here: drawn digits instead (LOCKSTEP_MNIST_DIR)'
    start 0 import synth -o "$work/digits.h5"
fi
read_back digits "$work/digits.h5" /test/images "$config" --set training.epochs=3
from_torch digits "$work/digits.h5" /test/images "$config"
finish
