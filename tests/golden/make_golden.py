#!/usr/bin/env python3
"""Makes the golden files beside it: ten steps of SGD on small networks, by PyTorch in float64.

    python3 tests/golden/make_golden.py [FOLDER]

Needs PyTorch (Debian: python3-torch; made with 1.13 and numpy 1.24). The tests read the files alone, so nobody
else needs it. Another version of PyTorch may change the last digits. README.md describes the format; keep it in step.
"""
import math
import os
import sys

import numpy as np
import torch

STEPS = 10
BATCH = 6  # samples in a batch
BATCHES = 3  # step t takes batch t mod 3, so an epoch is 3 steps
ACTIVATIONS = {"none": lambda x: x, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def rates_of(schedule):
    """The learning rate of every step; the epoch of step t is t div BATCHES."""
    lr, name = schedule["learning_rate"], schedule["schedule"]
    warmup, low = schedule["warmup_steps"], schedule["min_learning_rate"]
    rates = []
    for t in range(STEPS):
        if t < warmup:
            rates.append(lr * (t + 1) / warmup)
        elif name == "cosine":
            rates.append(low + (lr - low) * 0.5 * (1 + math.cos(math.pi * (t - warmup) / (STEPS - warmup))))
        elif name == "step":
            rates.append(lr * schedule["gamma"] ** (t // BATCHES // schedule["step_epochs"]))
        else:
            rates.append(lr)
    return rates


def scheduled(name, learning_rate, warmup_steps=0, min_learning_rate=0.0, gamma=1.0, step_epochs=1):
    return {
        "schedule": name,
        "learning_rate": learning_rate,
        "warmup_steps": warmup_steps,
        "min_learning_rate": min_learning_rate,
        "gamma": gamma,
        "step_epochs": step_epochs,
    }


CASES = [
    # name, layer sizes, activation, momentum, nesterov, weight decay, schedule
    ("tanh-sgd", [7, 5, 4, 3], "tanh", 0.0, False, 0.0, scheduled("constant", 0.1)),
    ("relu-momentum", [6, 8, 3], "relu", 0.9, False, 0.0, scheduled("constant", 0.1)),
    ("sigmoid-nesterov-decay", [5, 4, 3], "sigmoid", 0.9, True, 1e-2, scheduled("constant", 0.1)),
    ("linear-cosine", [6, 4], "none", 0.9, False, 0.0, scheduled("cosine", 0.2, warmup_steps=3, min_learning_rate=0.01)),
    ("tanh-step-decay", [7, 5, 4, 3], "tanh", 0.5, False, 1e-2, scheduled("step", 0.2, gamma=0.5)),
]


def grid(values, step):
    """Rounded to multiples of step, a power of two: few digits, and exact in float32."""
    return np.round(np.asarray(values) / step) * step


def draw(rng, sizes):
    """Images, labels, and parameters as Lockstep lays them out: per layer a weight (in,out) and a bias (out)."""
    image = grid(rng.uniform(-1, 1, (BATCHES * BATCH, sizes[0])), 2.0**-8)
    label = rng.integers(0, sizes[-1], BATCHES * BATCH)
    parameters = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        bound = math.sqrt(3 / inputs)
        parameters.append(grid(rng.uniform(-bound, bound, (inputs, outputs)), 2.0**-12))
        parameters.append(grid(rng.uniform(-0.25, 0.25, outputs), 2.0**-12))
    return image, label, parameters


def logits(layers, activation, x):
    for layer in layers[:-1]:
        x = layer(x)
        # Arithmetic in float32 may not land on the other side of relu's kink.
        assert activation is not torch.relu or x.abs().min() > 1e-4, "a value next to relu's kink: take another seed"
        x = activation(x)
    return layers[-1](x)


def flat(tensors):
    """Ours from PyTorch's: its weights are (out,in)."""
    return [t.detach().numpy().T for t in tensors]


def write(out, name, values):
    values = np.concatenate([np.ravel(v) for v in values])
    print(name, len(values), file=out)
    for at in range(0, len(values), 4):
        print(*("%.17g" % v for v in values[at : at + 4]), file=out)


def make(folder, seed, name, sizes, activation, momentum, nesterov, decay, schedule):
    image, label, initial = draw(np.random.default_rng(seed), sizes)
    layers = []
    for weight, bias in zip(initial[::2], initial[1::2]):
        layer = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        layers.append(layer)
    parameters = [p for layer in layers for p in (layer.weight, layer.bias)]
    rates = rates_of(schedule)
    optimizer = torch.optim.SGD(parameters, lr=rates[0], momentum=momentum, nesterov=nesterov, weight_decay=decay)
    losses, gradient = [], None
    for t, rate in enumerate(rates):
        rows = slice(t % BATCHES * BATCH, (t % BATCHES + 1) * BATCH)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        output = logits(layers, ACTIVATIONS[activation], torch.from_numpy(image[rows]))
        loss = torch.nn.functional.cross_entropy(output, torch.from_numpy(label[rows]))
        loss.backward()
        losses.append(loss.item())
        if t == 0:
            gradient = flat([p.grad.clone() for p in parameters])
        optimizer.step()

    with open(os.path.join(folder, name + ".txt"), "w") as out:
        print("lockstep-golden 1", file=out)
        print("layers", len(sizes) - 1, file=out)
        print("sizes", *sizes, file=out)
        print("activation", activation, file=out)
        print("momentum %.17g" % momentum, file=out)
        print("nesterov", int(nesterov), file=out)
        print("weight_decay %.17g" % decay, file=out)
        for key, value in schedule.items():
            print(key, value if isinstance(value, (str, int)) else "%.17g" % value, file=out)
        print("steps", STEPS, file=out)
        print("batch_size", BATCH, file=out)
        print("batches", BATCHES, file=out)
        write(out, "rates", [rates])
        write(out, "images", [image])
        print("labels", len(label), file=out)
        print(*label, file=out)
        write(out, "initial", initial)
        write(out, "gradient", gradient)
        write(out, "losses", [losses])
        write(out, "final", flat(parameters))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    torch.set_num_threads(1)
    for seed, case in enumerate(CASES, start=1):
        make(folder, seed, *case)


main()
