#!/usr/bin/env python3
"""What other tools read in exported files, against the checkpoint and against what Lockstep predicts.

    readers.py exported CHECKPOINT DATASET IMAGES PREDICTIONS MODEL.onnx WEIGHTS.safetensors CASE.npz
    readers.py save CASE.npz WEIGHTS.safetensors
    readers.py modelled CASE.npz CHECKPOINT PREDICTIONS

exported: the safetensors package reads the checkpoint's tensors, equal in every bit; the ONNX model passes onnx.checker,
and its probabilities under onnxruntime, as Lockstep's, are those of the network computed here in float64. CASE.npz
is left for torch_model.py. PREDICTIONS is what "lockstep predict" says of the images at IMAGES in DATASET.
save: the weights that torch_model.py has left in CASE.npz, as a safetensors file.
modelled: its probabilities there are the float64 network's, and so are the PREDICTIONS of a checkpoint of its weights.

Equal means: up to the error that float32 may have made, which errors() bounds. Prints how near they are.
Needs h5py, numpy, onnx, onnxruntime, safetensors.
"""
import csv
import sys

import h5py
import numpy as np
import onnx
import onnxruntime
import safetensors.numpy

UNIT = 2.0**-24  # the most that rounding to float32 changes, relatively
FUNCTION = 8 * UNIT  # of tanh, sigmoid, exp and a division after it, results of at most 1
FUNCTIONS = {
    "none": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def demand(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def text(file, path):
    return file[path][0].decode()


def parameters(path):
    """[(weight (out,in), bias)], and the state, of a checkpoint."""
    with h5py.File(path) as file:
        layers = len(file["/model"])
        tensors = [(file[f"/model/layer{i}/weight"][:].T, file[f"/model/layer{i}/bias"][:]) for i in range(layers)]
        state = {
            "activation": text(file, "/state/network/activation"),
            "digest": text(file, "/state/model_digest"),
            "shift": float(file["/state/scaling/shift"][0]),
            "factor": float(file["/state/scaling/factor"][0]),
        }
    return tensors, state


def network(tensors, state, images):
    """The probabilities (n,classes) in float64, and a bound (n) of what float32 may make of them.

    A chain of n products and a sum has an error of n u/(1 - n u) times the sum of the absolute values (Higham,
    "Accuracy and Stability of Numerical Algorithms", 3.1), on top of which comes that of its inputs times the weights'
    absolute values. No activation has a slope above 1. A probability changes by at most half the largest change of a
    logit: the absolute derivatives of one by all logits add up to 2 p (1 - p).
    """
    pixels = images.reshape(len(images), -1).astype(np.float64)
    value = (pixels - state["shift"]) * state["factor"]
    error = 4 * UNIT * (np.abs(pixels) + abs(state["shift"])) * state["factor"]
    for i, (weight, bias) in enumerate(tensors):
        last = i == len(tensors) - 1
        count = weight.shape[1] + 1
        absolute = np.abs(weight.astype(np.float64)).T
        error = error @ absolute + count * UNIT / (1 - count * UNIT) * (
            (np.abs(value) + error) @ absolute + np.abs(bias))
        value = value @ weight.astype(np.float64).T + bias
        value = FUNCTIONS["none" if last else state["activation"]](value)
        error = error if last else error + FUNCTION
    power = np.exp(value - value.max(axis=1, keepdims=True))
    probability = power / power.sum(axis=1, keepdims=True)
    return probability, error.max(axis=1) / 2 + len(bias) * UNIT + FUNCTION


def read_predictions(path):
    with open(path, newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    return np.array([int(r["prediction"]) for r in rows]), np.array([float(r["confidence"]) for r in rows])


def check_classes(who, prediction, exact, bound):
    """Where the best is further from the class said than twice the bound, the class is wrong."""
    rows = np.arange(len(exact))
    behind = exact.max(axis=1) - exact[rows, prediction]
    demand(len(prediction) == len(exact) and np.all(behind <= 2 * bound), f"{who}: another class than the network's")


def check_lockstep(path, exact, bound):
    prediction, confidence = read_predictions(path)
    check_classes("Lockstep", prediction, exact, bound)
    demand(np.all(np.abs(confidence - exact.max(axis=1)) <= bound), "Lockstep: confidences beyond float32's error")
    return prediction, confidence


def check_safetensors(path, tensors, state):
    read = safetensors.numpy.load_file(path)
    demand(len(read) == 2 * len(tensors), "safetensors: as many tensors as the network has")
    for i, layer in enumerate(tensors):
        for kind, due in zip(("weight", "bias"), layer):
            got = read[f"layer{i}.{kind}"]
            demand(got.dtype == np.float32 and got.shape == due.shape, f"safetensors: layer{i}.{kind} is a float32 {due.shape}")
            same = np.array_equal(got.view(np.uint32), np.ascontiguousarray(due).view(np.uint32))
            demand(same, f"safetensors: layer{i}.{kind} is the checkpoint's in every bit")
    with safetensors.safe_open(path, framework="numpy") as file:
        demand(file.metadata()["digest"] == state["digest"], "safetensors: the digest in its metadata")
    print(f"safetensors {safetensors.__version__}: {len(read)} tensors, equal in every bit")


def run_onnx(path, images, state):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    demand(facts["lockstep.digest"] == state["digest"], "onnx: the digest in its metadata")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    probability, prediction = session.run(["probabilities", "prediction"], {"images": images})
    alone = session.run(["probabilities"], {"images": images[:1]})[0]
    demand(alone.shape == (1, probability.shape[1]), "onnx: one image")
    if images.dtype == np.uint8:
        try:
            session.run(None, {"images": images[:1].astype(np.float32) / 255})
            demand(False, "onnx: images that were scaled already are refused")
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
            pass
    return probability, prediction


def exported(checkpoint, dataset, path, predictions, model, weights, case):
    tensors, state = parameters(checkpoint)
    with h5py.File(dataset) as file:
        images = file[path][:]
    check_safetensors(weights, tensors, state)
    probability, prediction = run_onnx(model, images, state)
    exact, bound = network(tensors, state, images)
    ours, confidence = check_lockstep(predictions, exact, bound)
    check_classes("onnxruntime", prediction, exact, bound)
    demand(np.all(np.abs(probability - exact) <= bound[:, None]), "onnxruntime: probabilities beyond float32's error")
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, {len(images)} images {images.dtype}: "
          f"{np.sum(prediction == ours)} classes as Lockstep's; largest difference of probabilities "
          f"{np.abs(probability.max(axis=1) - confidence).max():.2g} to Lockstep, {np.abs(probability - exact).max():.2g} "
          f"to float64 (bound {bound.max():.2g})")
    scaled = (images.reshape(len(images), -1).astype(np.float32) - np.float32(state["shift"])) * np.float32(state["factor"])
    names = {f"{2 * i + 1}.{kind}": t for i, layer in enumerate(tensors) for kind, t in zip(("weight", "bias"), layer)}
    np.savez(case, activation=state["activation"], scaled=scaled, images=images, **names)


def save(case, path):
    with np.load(case) as given:
        names = [name for name in given.files if name.endswith((".weight", ".bias"))]
        safetensors.numpy.save_file({name: np.ascontiguousarray(given[name]) for name in names}, path, {"format": "pt"})


def modelled(case, checkpoint, predictions):
    tensors, state = parameters(checkpoint)
    with np.load(case) as given:
        exact, bound = network(tensors, state, given["images"])
        theirs, version = given["probability"], str(given["version"])
    ours, confidence = check_lockstep(predictions, exact, bound)
    check_classes("torch", theirs.argmax(axis=1), exact, bound)
    demand(np.all(np.abs(theirs - exact) <= bound[:, None]), "torch: probabilities beyond float32's error")
    print(f"torch {version}: {np.sum(theirs.argmax(axis=1) == ours)} of {len(ours)} classes as Lockstep's; largest "
          f"difference of probabilities {np.abs(theirs.max(axis=1) - confidence).max():.2g}")


if __name__ == "__main__":
    {"exported": exported, "save": save, "modelled": modelled}[sys.argv[1]](*sys.argv[2:])
