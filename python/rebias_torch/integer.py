"""The exact integer network: what a trace holds, and what a chip that loses nothing computes."""

from dataclasses import dataclass
from typing import List, Optional, Tuple, Union

import numpy as np

from .codes import Codes


@dataclass(frozen=True)
class Window:
    """Where a convolution or a pool looks: (rows, columns), stride, padding with code 0."""

    kernel: Tuple[int, int]
    stride: int
    padding: int


@dataclass(frozen=True)
class Pool:
    """A max-pool, or the sums of an average pool whose division is in the next layer's input step."""

    name: str
    #: "max-pool" or "sum-pool".
    op: str
    window: Window

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Codes `[n, channels, rows, columns]` to pooled ones."""
        windows = _windows(x, self.window)
        return windows.max((-2, -1)) if self.op == "max-pool" else windows.sum((-2, -1))


@dataclass(frozen=True)
class Weighted:
    """A convolution or linear layer, with thresholds or, at the end, class scores."""

    name: str
    codes: Codes
    #: Absent in a linear layer.
    window: Optional[Window]
    #: [out, in, rows, columns] or [out, in].
    shape: Tuple[int, ...]
    fraction_bits: int
    #: m, thresholds `[out, 2^m − 1]` and directions `[out]`; or absent.
    thresholds: Optional[Tuple[int, np.ndarray, np.ndarray]]
    #: Scale and offset `[out]` of class scores; or absent.
    logits: Optional[Tuple[np.ndarray, np.ndarray]]

    def stored_beta(self) -> np.ndarray:
        """n = 2^F·beta, or 2^F·ratio of a pair, i32; raises `ValueError` if it is not whole."""
        one = 2.0**self.fraction_bits
        real = np.array([self.codes.ratio]) if self.codes.beta is None else self.codes.beta
        whole = np.round(real * one)
        if (whole != real * one).any():
            raise ValueError(f"{self.name}: beta is no multiple of 2^-{self.fraction_bits}; call `freeze` first")
        return whole.astype(np.int32)

    def sums(self, x: np.ndarray) -> np.ndarray:
        """Y of input codes, `[n, out, positions]`, i64."""
        rows, positions = self._rows(x)
        # Products of whole numbers in floating point, which is exact below these bounds and much faster than in integers.
        largest = float(x.max(initial=0)) * 2.0**self.codes.bits * len(rows)
        assert largest < 2.0**53
        real = np.float32 if largest < 2.0**24 else np.float64
        rows = rows.astype(real)

        def of(factors: np.ndarray) -> np.ndarray:
            sums = (factors.astype(real) @ rows).astype(np.int64).reshape(len(factors), len(x), positions)
            return sums.transpose(1, 0, 2)

        n_units = self.stored_beta().astype(np.int64)[:, None]
        of_codes = of(self.codes.plus) << self.fraction_bits
        if self.codes.minus is not None:
            return of_codes - n_units * of(self.codes.minus)
        return of_codes + n_units * of(np.ones((1, len(rows))))

    def _rows(self, x: np.ndarray) -> Tuple[np.ndarray, int]:
        """What meets each weight of an output, `[rows, n · positions]`, and the number of positions."""
        if self.window is None:
            return x.reshape(len(x), -1).T, 1
        windows = _windows(x, self.window)
        n, _, height, width = windows.shape[:4]
        return windows.transpose(1, 4, 5, 0, 2, 3).reshape(-1, n * height * width), height * width

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Output codes `[n, out, rows, columns]`, or class scores `[n, out]`."""
        y = self.sums(x)
        if self.thresholds is None:
            scale, offset = self.logits
            return scale * y[:, :, 0] + offset
        bits, thresholds, direction = self.thresholds
        codes = np.zeros(y.shape, np.uint16 if bits > 8 else np.uint8)
        rises = direction[:, None] > 0
        for theta in thresholds.T:
            codes += np.where(rises, y >= theta[:, None], y <= theta[:, None])
        if self.window is None:
            return codes[..., None]
        size = (_extent(x.shape[2 + axis], self.window, axis) for axis in (0, 1))
        return codes.reshape(*codes.shape[:2], *size)


@dataclass(frozen=True)
class IntegerNetwork:
    """Layers in order, each reading the one before."""

    #: Channels, rows, columns of the images.
    input_shape: Tuple[int, int, int]
    layers: List[Union[Weighted, Pool]]

    def classes(self, images: np.ndarray, batch: int = 100) -> np.ndarray:
        """The classes of images `[n, channels, rows, columns]` of byte codes, u16; the lowest among equal scores."""
        found = [self._logits(images[at : at + batch]).argmax(1) for at in range(0, len(images), batch)]
        return np.concatenate(found).astype(np.uint16)

    def _logits(self, images: np.ndarray) -> np.ndarray:
        x = images
        for layer in self.layers:
            x = layer.forward(x)
        return x


def _extent(size: int, window: Window, axis: int) -> int:
    return (size + 2 * window.padding - window.kernel[axis]) // window.stride + 1


def _windows(x: np.ndarray, window: Window) -> np.ndarray:
    """`[n, channels, rows, columns, window rows, window columns]`."""
    pad = (window.padding, window.padding)
    padded = np.pad(x, ((0, 0), (0, 0), pad, pad))
    views = np.lib.stride_tricks.sliding_window_view(padded, window.kernel, axis=(2, 3))
    return views[:, :, :: window.stride, :: window.stride]
