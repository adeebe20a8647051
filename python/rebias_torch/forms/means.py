"""Binary and ternary weights whose scale is a mean of magnitudes."""

import numpy as np
import torch
from torch import Tensor

from ..codes import Codes
from ..rounding import straight_through
from .rule import Rule, exact, positive


class Bwn(Rule):
    """Mean magnitude times sign(w), sign(0) = 1 (XNOR-Net, Rastegari et al., ECCV 2016).

    The sign's slope is 1 where |w| <= 1, and the mean is differentiated as the mean that it is.
    """

    bits = 1

    def __init__(self, scales: str) -> None:
        super().__init__()
        self.scales = scales

    def forward(self, latent: Tensor) -> Tensor:
        magnitude = latent.abs()
        mean = magnitude.mean() if self.scales == "layer" else magnitude.mean(1, keepdim=True)
        sign = (latent.detach() >= 0.0).to(latent) * 2.0 - 1.0
        return straight_through(latent.clamp(-1.0, 1.0), sign) * mean

    def codes(self, latent: Tensor) -> Codes:
        values = exact(latent)
        magnitude = np.abs(values)
        means = [magnitude.mean()] if self.scales == "layer" else magnitude.mean(1)
        alpha = np.array([positive(2.0 * mean) for mean in means])
        return Codes(1, (values >= 0.0).astype(np.uint16), alpha, np.array([-0.5]))


class Twn(Rule):
    """−alpha, 0, alpha: threshold 0.7·mean|w|, alpha the mean magnitude beyond it (Li & Liu, 2016); dw = g."""

    bits = 2

    def forward(self, latent: Tensor) -> Tensor:
        fixed = latent.detach()
        magnitude = fixed.abs()
        beyond = (magnitude > 0.7 * magnitude.mean()).to(latent)
        alpha = (magnitude * beyond).sum() / beyond.sum().clamp(min=1.0)
        return straight_through(latent, fixed.sign() * beyond * alpha)

    def codes(self, latent: Tensor) -> Codes:
        values = exact(latent)
        magnitude = np.abs(values)
        beyond = magnitude > 0.7 * magnitude.mean()
        alpha = np.array([positive(magnitude[beyond].mean() if beyond.any() else 0.0)])
        return Codes(2, (1 + np.sign(values) * beyond).astype(np.uint16), alpha, np.array([-1.0]))
