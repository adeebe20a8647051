"""Levels of one trained step around a fixed zero: symmetric codes, LSQ, sign and magnitude.

w = alpha·(q + beta), q = clip(floor(w/alpha − beta + 1/2), 0, largest); with I = 1 where w/alpha − beta lies in
0 … largest: dw = I·g, dalpha = Σ g·(q + beta − I·w/alpha).
"""

import numpy as np
import torch
from torch import Tensor, nn

from ..codes import Codes
from ..rounding import codes, least_squares, max_code
from .rule import Rule, exact, levels, positive


class _Steps(Rule):
    def __init__(self, latent: Tensor, alpha: float, beta: float, largest: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([alpha], dtype=torch.float64).to(latent))
        self.beta, self.largest = beta, largest

    def forward(self, latent: Tensor) -> Tensor:
        return self._quantised(latent, self.alpha)

    def _quantised(self, latent: Tensor, alpha: Tensor) -> Tensor:
        return (codes(latent / alpha - self.beta, self.largest) + self.beta) * alpha

    def _assigned(self, latent: Tensor) -> np.ndarray:
        return levels(exact(latent), exact(self.alpha), self.beta, self.largest)

    def _pair(self, latent: Tensor) -> Codes:
        signed = self._assigned(latent).astype(np.int64) + int(self.beta)
        plus, minus = (np.maximum(side, 0).astype(np.uint16) for side in (signed, -signed))
        return Codes(self.bits, plus, exact(self.alpha), minus=minus)


class Symmetric(_Steps):
    """alpha·(q − (2^k − 1)/2), whose levels lie evenly around 0 without containing it."""

    def __init__(self, latent: Tensor, bits: int) -> None:
        beta = -0.5 * max_code(bits)
        super().__init__(latent, least_squares(latent, bits, beta)[0], beta, max_code(bits))
        self.bits = bits

    def codes(self, latent: Tensor) -> Codes:
        return Codes(self.bits, self._assigned(latent), exact(self.alpha), np.array([self.beta]))


class Lsq(_Steps):
    """Learned step size, codes −2^(k−1) … 2^(k−1) − 1 on pairs of cells (Esser et al., ICLR 2020).

    dalpha is multiplied by 1/√(n·(2^(k−1) − 1)), n the number of weights.
    """

    def __init__(self, latent: Tensor, bits: int) -> None:
        below_zero = 2 ** (bits - 1)
        mean = float(latent.double().abs().mean())
        super().__init__(latent, positive(2.0 * mean / (below_zero - 1) ** 0.5), -float(below_zero), max_code(bits))
        self.bits = bits

    def forward(self, latent: Tensor) -> Tensor:
        scale = 1.0 / (latent.numel() * (self.largest + self.beta)) ** 0.5
        # The value of alpha, and a part of its gradient.
        return self._quantised(latent, self.alpha * scale + self.alpha.detach() * (1.0 - scale))

    def codes(self, latent: Tensor) -> Codes:
        return self._pair(latent)


class SignMagnitude(_Steps):
    """A sign and k − 1 bits on pairs of cells: levels −(2^(k−1) − 1) … 2^(k−1) − 1."""

    def __init__(self, latent: Tensor, bits: int) -> None:
        largest = max_code(bits - 1)
        # Magnitudes have the same best step as signed weights whose levels are those and their opposites.
        alpha = least_squares(latent.abs(), bits - 1, 0.0)[0]
        super().__init__(latent, alpha, -float(largest), 2 * largest)
        self.bits = bits - 1

    def codes(self, latent: Tensor) -> Codes:
        return self._pair(latent)
