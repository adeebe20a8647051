"""Image data sets in the layouts that Rebias reads, and batches of their images."""

import gzip
import hashlib
import math
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from torch import Tensor

from ..trace import Samples
from .recipe import Data

#: The files of each layout and split.
FILES: Dict[Tuple[str, str], List[str]] = {
    ("idx", "train"): ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ("idx", "test"): ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    ("cifar-10", "train"): [f"data_batch_{part}.bin" for part in range(1, 6)],
    ("cifar-10", "test"): ["test_batch.bin"],
    ("cifar-100", "train"): ["train.bin"],
    ("cifar-100", "test"): ["test.bin"],
}

#: Pixels of a CIFAR image, and its shape.
_CIFAR_PIXELS, _CIFAR_SHAPE = 3072, (3, 32, 32)


def read(folder: Path, data: Data, split: str) -> Samples:
    """The images of `train` or `test`. Raises `ValueError` for files that are missing, damaged or not those meant."""
    if (data.layout, split) not in FILES:
        raise ValueError(f"layout is `{data.layout}`; it is `idx`, `cifar-10` or `cifar-100`")
    files = [_file(folder, name, data.sha256) for name in FILES[data.layout, split]]
    if data.layout == "idx":
        return _idx(folder, *files)
    labels = 1 if data.layout == "cifar-10" else 2
    if any(not file or len(file) % (labels + _CIFAR_PIXELS) for file in files):
        raise ValueError(f"{folder}: the files of {split} images are not made of whole {data.layout} records")
    records = np.frombuffer(b"".join(files), np.uint8).reshape(-1, labels + _CIFAR_PIXELS)
    return Samples(records[:, labels:].reshape(-1, *_CIFAR_SHAPE).copy(), records[:, labels - 1].copy())


def _file(folder: Path, name: str, sums: Tuple[str, ...]) -> bytes:
    plain, zipped = folder / name, folder / f"{name}.gz"
    path = plain if plain.exists() else zipped
    if not path.exists():
        raise ValueError(f"{folder}: neither {name} nor {name}.gz is there")
    packed = path.read_bytes()
    content = packed if path == plain else gzip.decompress(packed)
    for line in sums:
        digest, _, meant = line.partition(" ")
        for file, found in ((path.name, packed), (name, content)):
            if meant.strip(" *") == file and digest.lower() != hashlib.sha256(found).hexdigest():
                raise ValueError(f"{path}: its SHA-256 is not that of the recipe")
    return content


def _idx(folder: Path, images: bytes, labels: bytes) -> Samples:
    def array(file: bytes, dimensions: int) -> np.ndarray:
        head = np.frombuffer(file[: 4 + 4 * dimensions], ">u4")
        if len(head) != 1 + dimensions or head[0] != 0x0800 + dimensions:
            raise ValueError(f"{folder}: not an IDX file of {dimensions} dimensions of bytes")
        shape, values = tuple(int(n) for n in head[1:]), file[4 + 4 * dimensions :]
        if len(values) != math.prod(shape):
            raise ValueError(f"{folder}: an IDX file of shape {shape} holds {len(values)} values")
        return np.frombuffer(values, np.uint8).reshape(shape)

    pixels, classes = array(images, 3), array(labels, 1)
    if len(pixels) != len(classes):
        raise ValueError(f"{folder}: {len(pixels)} images and {len(classes)} labels")
    return Samples(pixels[:, None].copy(), classes.copy())


def values(images: np.ndarray, device: torch.device) -> Tensor:
    """What byte codes stand for."""
    return torch.from_numpy(images).to(device).float() / 255.0


class Batches:
    """Endless training batches: all images once in random order, then again in another, shifted and mirrored."""

    def __init__(self, samples: Samples, indices: np.ndarray, size: int, data: Data, seed: int) -> None:
        if data.mirror not in ("never", "horizontal"):
            raise ValueError(f"mirror is `{data.mirror}`; it is `never` or `horizontal`")
        self.size, self.shift, self.mirrors = size, data.shift_pixels, data.mirror == "horizontal"
        pad = (self.shift, self.shift)
        self.padded = np.pad(samples.images, ((0, 0), (0, 0), pad, pad))
        self.labels, self.shape = samples.labels, samples.images.shape[2:]
        self.order, self.at = indices.copy(), len(indices)
        self.random = np.random.default_rng(seed)

    def next(self, device: torch.device) -> Tuple[Tensor, Tensor]:
        """Images `[n, channels, rows, columns]` and classes `[n]`."""
        chosen = []
        while len(chosen) < self.size:
            if self.at == len(self.order):
                self.random.shuffle(self.order)
                self.at = 0
            part = self.order[self.at : self.at + self.size - len(chosen)]
            self.at += len(part)
            chosen.extend(part)
        chosen = np.array(chosen)
        down, right = self.random.integers(0, 2 * self.shift + 1, (2, self.size, 1))
        rows, columns = (np.arange(extent)[None] for extent in self.shape)
        if self.mirrors:
            is_mirrored = self.random.integers(0, 2, (self.size, 1)) == 1
            columns = np.where(is_mirrored, columns[:, ::-1], columns)
        channels = np.arange(self.padded.shape[1])[None, :, None, None]
        place = ((rows + down)[:, None, :, None], (columns + right)[:, None, None, :])
        images = self.padded[(chosen[:, None, None, None], channels, *place)]
        return values(images, device), torch.from_numpy(self.labels[chosen].astype(np.int64)).to(device)

    def state(self) -> Dict[str, Any]:
        """Where they stand."""
        return {"order": self.order, "at": self.at, "random": self.random.bit_generator.state}

    def restore(self, state: Dict[str, Any]) -> None:
        """Goes on from there."""
        self.order, self.at = state["order"].copy(), state["at"]
        self.random.bit_generator.state = state["random"]
