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
        if self.window is None:
            rows = x.reshape(len(x), -1, 1)
        else:
            windows = _windows(x, self.window)
            n, _, height, width = windows.shape[:4]
            rows = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, height * width)
        # Products of whole numbers in double precision, which is exact here and much faster than in integers.
        assert float(x.max(initial=0)) * 2.0**self.codes.bits * rows.shape[1] < 2.0**53
        rows = rows.astype(np.float64)
        n_units = self.stored_beta().astype(np.int64)
        of_codes = (self.codes.plus.astype(np.float64) @ rows).astype(np.int64) << self.fraction_bits
        if self.codes.minus is not None:
            return of_codes - n_units[:, None] * (self.codes.minus.astype(np.float64) @ rows).astype(np.int64)
        return of_codes + n_units[:, None] * rows.sum(1, keepdims=True).astype(np.int64)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Output codes `[n, out, rows, columns]`, or class scores `[n, out]`."""
        y = self.sums(x)
        if self.thresholds is None:
            scale, offset = self.logits
            return scale * y[:, :, 0] + offset
        bits, thresholds, direction = self.thresholds
        codes = np.zeros(y.shape, np.int64)
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
        x = images.astype(np.int64)
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
