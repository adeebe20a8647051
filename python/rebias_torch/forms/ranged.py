"""Levels that follow the largest latent weight: offset binary, dynamic fixed point, DoReFa."""

import math

import numpy as np
import torch
from torch import Tensor

from ..codes import Codes
from ..rounding import codes, max_code
from .rule import Rule, exact, levels, positive, rounded


class OffsetBinary(Rule):
    """alpha·(q − 2^(k−1)), alpha = max|w|/2^(k−1), as ISAAC stores weights (Shafiee et al., ISCA 2016).

    dw = g inside of the range; alpha counts as a constant.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits, self.zero = bits, 2.0 ** (bits - 1)

    def step(self, largest: float) -> float:
        """The step for weights up to a magnitude."""
        return positive(largest / self.zero)

    def forward(self, latent: Tensor) -> Tensor:
        alpha = self.step(float(latent.detach().abs().max()))
        return (codes(latent / alpha + self.zero, max_code(self.bits)) - self.zero) * alpha

    def codes(self, latent: Tensor) -> Codes:
        values = exact(latent)
        alpha = np.array([self.step(float(np.abs(values).max()))])
        return Codes(self.bits, levels(values, alpha, -self.zero, max_code(self.bits)), alpha, np.array([-self.zero]))


class FixedPoint(OffsetBinary):
    """The same with a power of two as step, so that no weight overflows (Ristretto, Gysel et al., 2016)."""

    def step(self, largest: float) -> float:
        return 2.0 ** math.ceil(math.log2(positive(largest))) / self.zero


class DoReFa(Rule):
    """r = tanh w/(2·max|tanh w|) + 1/2, w = 2·q/(2^k − 1) − 1 with q of (2^k − 1)·r (Zhou et al., 2016).

    Gradients go through tanh; the largest value counts as a constant.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    def forward(self, latent: Tensor) -> Tensor:
        largest = max_code(self.bits)
        bent = torch.tanh(latent)
        scale = 2.0 * positive(float(bent.detach().abs().max()))
        return codes((bent / scale + 0.5) * largest, largest) * (2.0 / largest) - 1.0

    def codes(self, latent: Tensor) -> Codes:
        largest = max_code(self.bits)
        bent = np.tanh(exact(latent))
        scale = 2.0 * positive(float(np.abs(bent).max()))
        q = rounded((bent / scale + 0.5) * largest, largest)
        return Codes(self.bits, q, np.array([2.0 / largest]), np.array([-0.5 * largest]))
