"""Trained biased codes: alpha·(q + beta), the trained biased number representation (Wang & Lin, JETC 2019)."""

import torch
from torch import Tensor, nn

from ..codes import Codes
from ..rounding import codes, least_squares, max_code
from .rule import Rule, column, exact, fix, levels


class Biased(Rule):
    """Coupled: alpha and beta also decide which code a weight gets (LSQ+, Bhalgat et al., CVPR Workshops 2020).

    With v = w/alpha − beta and I = 1 where 0 <= v <= 2^k − 1: dw = I·g, dalpha = Σ g·(q + beta − I·w/alpha),
    dbeta = alpha·Σ g·(1 − I).
    """

    def __init__(self, latent: Tensor, bits: int, scales: str) -> None:
        super().__init__()
        self.bits = bits
        groups = [latent] if scales == "layer" else list(latent)
        fits = torch.tensor([least_squares(group, bits) for group in groups], dtype=torch.float64)
        self.alpha = nn.Parameter(fits[:, 0].to(latent))
        self.beta = nn.Parameter(fits[:, 1].to(latent))

    def forward(self, latent: Tensor) -> Tensor:
        alpha, beta = column(self.alpha), column(self.beta)
        return (codes(latent / alpha - beta, max_code(self.bits)) + beta) * alpha

    def codes(self, latent: Tensor) -> Codes:
        alpha, beta = exact(self.alpha), exact(self.beta)
        return Codes(self.bits, levels(exact(latent), alpha, beta, max_code(self.bits)), alpha, beta)

    def freeze(self, fraction_bits: int) -> None:
        fix(self.beta, fraction_bits)


class Decoupled(Biased):
    """Decoupled: the float weights' levels go on deciding the codes, only what these mean is trained.

    With v = w/alpha0 − beta0: dw = I·g·alpha/alpha0, dalpha = Σ g·(q + beta), dbeta = alpha·Σ g.
    """

    def __init__(self, latent: Tensor, bits: int, scales: str) -> None:
        super().__init__(latent, bits, scales)
        self.register_buffer("assigned_alpha", self.alpha.detach().clone())
        self.register_buffer("assigned_beta", self.beta.detach().clone())

    def forward(self, latent: Tensor) -> Tensor:
        v = latent / column(self.assigned_alpha) - column(self.assigned_beta)
        return (codes(v, max_code(self.bits)) + column(self.beta)) * column(self.alpha)

    def codes(self, latent: Tensor) -> Codes:
        by = exact(self.assigned_alpha), exact(self.assigned_beta)
        return Codes(
            self.bits, levels(exact(latent), *by, max_code(self.bits)), exact(self.alpha), exact(self.beta)
        )
