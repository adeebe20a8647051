"""What all number representations have in common."""

from typing import Union

import numpy as np
import torch
from torch import Tensor, nn

from ..codes import Codes


class Rule(nn.Module):
    """A layer's quantiser in training. Its parameters are what is trained beside the latent weights."""

    #: Bits of a code.
    bits: int

    def forward(self, latent: Tensor) -> Tensor:
        """The weights of the forward pass, from latent ones; both `[out, rows]`."""
        raise NotImplementedError

    def codes(self, latent: Tensor) -> Codes:
        """The exact codes of latent weights `[out, rows]`, in double precision."""
        raise NotImplementedError

    def freeze(self, fraction_bits: int) -> None:
        """Rounds what is stored with `fraction_bits` bits after the point, and trains it no further."""


def column(values: Tensor) -> Tensor:
    """One number for a layer, or one for each channel, so that it meets `[out, rows]`."""
    return values.reshape(-1, 1)


def exact(values: Tensor) -> np.ndarray:
    """The values as `f64`."""
    return values.detach().cpu().double().numpy()


def rounded(v: np.ndarray, largest: float) -> np.ndarray:
    """clip(floor(v + 1/2), 0, largest)."""
    return np.clip(np.floor(v + 0.5), 0, largest).astype(np.uint16)


def levels(values: np.ndarray, alpha: np.ndarray, beta: Union[np.ndarray, float], largest: float) -> np.ndarray:
    """The codes of weights `[out, rows]` with the levels alpha·(q + beta), `[1]` or `[out]`."""
    shift = beta[:, None] if isinstance(beta, np.ndarray) else beta
    return rounded(values / alpha[:, None] - shift, largest)


def positive(step: float) -> float:
    """Steps are never 0: a layer whose weights are all 0 gets steps of 1."""
    return step if step > 0.0 else 1.0


def fix(parameter: nn.Parameter, fraction_bits: int) -> None:
    """Rounds a parameter to multiples of 2^-fraction_bits and trains it no further."""
    one = 2.0**fraction_bits
    with torch.no_grad():
        magnitude = torch.floor(parameter.double().abs() * one + 0.5) / one
        parameter.copy_(torch.sign(parameter) * magnitude)
    parameter.requires_grad_(False)
