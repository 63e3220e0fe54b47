"""MNIST to a test accuracy by PyTorch DistributedDataParallel over gloo, as Lockstep does it: the same network and initialisation,
global batch, learning rate, schedule, momentum and stop rule; evaluation by all ranks after each epoch; a checkpoint at the end.
time_to_accuracy.sh takes the time from outside, from start to exit, so what makes that short is done: the images are read once
and the ranks forked from the process that has imported torch; they keep the pixels as uint8 and take rows of a tensor, no
DataLoader; each has its core and one thread; the process group is not dismantled.

usage: ddp_mnist.py --images FOLDER --checkpoint FILE [--target .98 ...], FOLDER with the uncompressed IDX files; see --help.
Prints one line of JSON."""
import argparse
import json
import math
import os
import sys
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--images", required=True)
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--ranks", type=int, default=2)
    p.add_argument("--hidden", type=json.loads, default=[500])
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--rate", type=float, default=0.1)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--nesterov", choices=("true", "false"), default="true")
    p.add_argument("--decay", type=float, default=0.0)
    p.add_argument("--schedule", choices=("constant", "cosine"), default="cosine")
    p.add_argument("--warmup", type=int, default=0)
    p.add_argument("--compute", choices=("fp32", "bf16"), default="fp32")
    p.add_argument("--target", type=float, default=2.0)
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


def read(folder, part):
    images = np.fromfile(os.path.join(folder, part + "-images-idx3-ubyte"), np.uint8)[16:].reshape(-1, 784)
    labels = np.fromfile(os.path.join(folder, part + "-labels-idx1-ubyte"), np.uint8)[8:].astype(np.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


def network(hidden):
    sizes, layers = [784, *hidden, 10], []
    for a, b in zip(sizes, sizes[1:]):
        linear = nn.Linear(a, b)
        nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def rate(a, step, total):
    """src/model/schedule.h"""
    if step < a.warmup:
        return a.rate * (step + 1) / a.warmup
    if a.schedule == "constant":
        return a.rate
    return a.rate * 0.5 * (1 + math.cos(math.pi * (step - a.warmup) / (total - a.warmup)))


def accuracy(net, test, rank, ranks, bf16):
    right = torch.zeros(1)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        x, y = (t[rank::ranks] for t in test)
        for i in range(0, len(y), 500):
            right += (net(x[i:i + 500].float().div_(255)).argmax(1) == y[i:i + 500]).sum()
    dist.all_reduce(right)
    return right.item() / len(test[1])


def train(rank, a, rendezvous, data, test):
    torch.set_num_threads(1)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})
    dist.init_process_group("gloo", init_method="file://" + rendezvous, rank=rank, world_size=a.ranks)
    torch.manual_seed(a.seed)
    ddp = nn.parallel.DistributedDataParallel(network(a.hidden))
    optimizer = torch.optim.SGD(ddp.parameters(), lr=a.rate, momentum=a.momentum, nesterov=a.nesterov == "true",
                                weight_decay=a.decay)
    loss_of = nn.CrossEntropyLoss()
    x, y = data
    order = torch.Generator().manual_seed(a.seed)
    steps, step, reached = -(-len(y) // a.batch), 0, 0.0
    for epoch in range(1, a.epochs + 1):
        mine = torch.randperm(len(y), generator=order)
        for begin in range(0, len(y), a.batch):
            rows = mine[begin:begin + a.batch][rank::a.ranks]
            optimizer.param_groups[0]["lr"] = rate(a, step, steps * a.epochs)
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.compute == "bf16"):
                loss = loss_of(ddp(x[rows].float().div_(255)), y[rows])
            loss.backward()
            optimizer.step()
            step += 1
        reached = accuracy(ddp.module, test, rank, a.ranks, a.compute == "bf16")
        if reached >= a.target:
            break
    if rank == 0:
        torch.save({"model": ddp.module.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, a.checkpoint)
        print(json.dumps({"peer": "pytorch-ddp-gloo", "torch": torch.__version__, "ranks": a.ranks, "seed": a.seed,
                          "epochs": epoch, "accuracy": reached}), flush=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    options = arguments()
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(train, (options, os.path.join(folder, "rendezvous"), read(options.images, "train"),
                                   read(options.images, "t10k")), nprocs=options.ranks, start_method="fork")
    os._exit(0)
