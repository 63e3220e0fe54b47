#!/usr/bin/env python3
"""A network as a user of PyTorch writes it, on the images of a case that readers.py has left.

    torch_model.py CASE.npz OUT.npz [HIDDEN CLASSES]

Without HIDDEN it has the weights of the case, else one hidden layer of so many neurons and PyTorch's own first weights.
OUT.npz: its state_dict, the probabilities of the images, and what modelled of readers.py needs. Needs torch and numpy.
"""
import sys

import numpy as np
import torch
from torch import nn

ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def build(sizes, activation):
    """Flatten, Linear, activation, Linear ...: the layers are called 1, 3 ..."""
    parts = [nn.Flatten()]
    for i in range(len(sizes) - 1):
        parts += [nn.Linear(sizes[i], sizes[i + 1]), ACTIVATIONS[activation]()]
    return nn.Sequential(*parts[:-1])


def main(case, out, *sizes):
    torch.manual_seed(1)
    with np.load(case) as given:
        scaled, images, activation = given["scaled"], given["images"], str(given["activation"])
        weights = {name: torch.from_numpy(given[name]) for name in given.files if name.endswith((".weight", ".bias"))}
    hidden = [int(size) for size in sizes] or [len(t) for name, t in weights.items() if name.endswith(".bias")]
    model = build([scaled.shape[1], *hidden], activation)
    if not sizes:
        model.load_state_dict(weights)
    with torch.no_grad():
        probability = model(torch.from_numpy(scaled)).softmax(1).numpy()
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    np.savez(out, probability=probability, images=images, version=torch.__version__, **state)


if __name__ == "__main__":
    main(*sys.argv[1:])
