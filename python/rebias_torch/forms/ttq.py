"""Trained ternary weights (TTQ, Zhu et al., ICLR 2017)."""

import math
from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from ..codes import Codes
from .rule import Rule, exact, positive

#: The threshold in largest magnitudes.
THRESHOLD = 0.05


class Ttq(Rule):
    """alpha⁺, 0 or −alpha⁻ on pairs of 1-bit cells, both scales trained, threshold 0.05·max|w|.

    dalpha⁺ = Σ g above it, dalpha⁻ = −Σ g below its negative, dw = g times the scale of its side, or g between.
    """

    bits = 1

    def __init__(self, latent: Tensor) -> None:
        super().__init__()
        values = latent.double()
        threshold = THRESHOLD * values.abs().max()

        def scale(side: Tensor) -> nn.Parameter:
            mean = positive(float(side.abs().mean()) if side.numel() else 0.0)
            return nn.Parameter(torch.tensor([mean], dtype=torch.float64).to(latent))

        self.plus: nn.Parameter = scale(values[values > threshold])
        self.minus: Optional[nn.Parameter] = scale(values[values < -threshold])
        self._ratio = 1.0

    def ratio(self) -> float:
        """alpha⁻/alpha⁺."""
        return self._ratio if self.minus is None else float(self.minus.double() / self.plus.double())

    def forward(self, latent: Tensor) -> Tensor:
        fixed = latent.detach()
        threshold = THRESHOLD * fixed.abs().max()
        above, below = (fixed > threshold).to(latent), (fixed < -threshold).to(latent)
        minus = self.plus * self._ratio if self.minus is None else self.minus
        slope = above * self.plus.detach() + below * minus.detach() + (1.0 - above - below)
        sloped = latent * slope
        return above * self.plus - below * minus + (sloped - sloped.detach())

    def codes(self, latent: Tensor) -> Codes:
        values = exact(latent)
        threshold = THRESHOLD * np.abs(values).max()
        plus, minus = ((side > threshold).astype(np.uint16) for side in (values, -values))
        return Codes(1, plus, exact(self.plus), minus=minus, ratio=self.ratio())

    def freeze(self, fraction_bits: int) -> None:
        """Rounds the ratio of the scales."""
        one = 2.0**fraction_bits
        self._ratio = max(math.floor(self.ratio() * one + 0.5), 1) / one
        self.minus = None

    # The fixed ratio is no parameter, and still has to be saved with them.
    def get_extra_state(self) -> "Optional[float]":
        return self._ratio if self.minus is None else None

    def set_extra_state(self, state: "Optional[float]") -> None:
        if state is not None:
            self._ratio, self.minus = state, None
