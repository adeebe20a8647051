"""Trains a small network on Fashion-MNIST with 2-bit weights and activations, and writes its trace.

    PYTHONPATH=python python3 python/examples/fmnist.py DATA --out my-fmnist
    rebias simulate arch-configs/isaac-2016 my-fmnist

DATA is the folder of the four `*-ubyte.gz` files.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rebias_torch import (
    Provenance,
    Quantisation,
    Samples,
    freeze,
    integer_network,
    parameter_groups,
    quantise,
    write_trace,
)

BATCH = 100
#: Last part of the quantised steps, in which beta has its stored value.
FROZEN_PART = 0.2


def read(folder: Path, part: str) -> Samples:
    """Images `[n, 1, 28, 28]` and labels of `train` or `t10k`."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 1, 28, 28).copy()
    return Samples(pixels, np.frombuffer(labels, np.uint8, offset=8))


def pixels(images: np.ndarray) -> torch.Tensor:
    """What byte codes stand for."""
    return torch.from_numpy(images).float() / 255


def float_network() -> nn.Sequential:
    """Three convolutions and a linear layer, about 0.8 million multiplications an image."""

    def block(inputs: int, outputs: int) -> "list[nn.Module]":
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*block(1, 12), *block(12, 24), *block(24, 48), nn.Flatten(), nn.Linear(48 * 9, 10))


def train(network: nn.Sequential, data: Samples, steps: int, lr: float, frozen_steps: int = 0) -> None:
    """AdamW with a cosine schedule; beta is fixed before the last `frozen_steps`."""
    network.train()
    network(pixels(data.images[:BATCH]))
    optimiser = torch.optim.AdamW(parameter_groups(network, lr, weight_decay=0.01))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        if frozen_steps and step == steps - frozen_steps:
            freeze(network)
        chosen = torch.randint(len(data.images), (BATCH,)).numpy()
        labels = torch.from_numpy(data.labels[chosen].astype(np.int64))
        loss = nn.functional.cross_entropy(network(pixels(data.images[chosen])), labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1:5}  loss {loss.item():.3f}")


def main() -> None:
    """Float training, quantised training, export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the data set")
    parser.add_argument("--out", type=Path, default=Path("my-fmnist"), help="folder of the trace")
    parser.add_argument("--form", default="biased", help="number representation of the inner layers")
    parser.add_argument("--steps", type=int, default=600, help="of each of the two phases")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    torch.manual_seed(told.seed)
    training, test = read(told.data, "train"), read(told.data, "t10k")

    network = float_network()
    train(network, training, told.steps, lr=4e-3)
    network = quantise(network, Quantisation(form=told.form, weight_bits=2, activation_bits=2))
    train(network, training, told.steps, lr=2e-3, frozen_steps=max(1, int(told.steps * FROZEN_PART)))

    exact = integer_network(network.eval(), (1, 28, 28))
    samples = Samples(test.images[:1000], test.labels[:1000])
    classes = exact.classes(samples.images)
    with torch.no_grad():
        of_torch = network.double()(pixels(samples.images).double()).argmax(1).numpy()
    print(f"accuracy of the integer network  {(classes == samples.labels).mean():.2%} of {len(classes)} test images")
    print(f"same class as in PyTorch         {(classes == of_torch).mean():.2%}")
    calibration = Samples(training.images[:200], training.labels[:200])
    command = f"fmnist.py --form {told.form} --steps {told.steps} --seed {told.seed}"
    provenance = Provenance("Fashion-MNIST", "MIT", command=command, seed=told.seed)
    write_trace(told.out, exact, provenance, samples, calibration)


if __name__ == "__main__":
    main()
