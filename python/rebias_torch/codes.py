"""Weights as integers and scales: what training leaves and hardware holds."""

from dataclasses import dataclass
from typing import Optional

import numpy as np


@dataclass(frozen=True)
class Codes:
    """A layer's weights, exactly: alpha·(q + beta), or of a pair alpha·(q⁺ − ratio·q⁻)."""

    #: Bits of a code.
    bits: int
    #: q, of a pair q⁺; `[out, rows]`.
    plus: np.ndarray
    #: Alpha, of a pair alpha⁺; `[1]` or `[out]`.
    alpha: np.ndarray
    #: Beta of biased codes, `[1]` or `[out]`; absent in pairs.
    beta: Optional[np.ndarray] = None
    #: q⁻ of a pair, `[out, rows]`.
    minus: Optional[np.ndarray] = None
    #: alpha⁻/alpha⁺ of a pair.
    ratio: float = 1.0

    def weights(self) -> np.ndarray:
        """The real weights, `[out, rows]`."""
        if self.minus is not None:
            return self.alpha[:, None] * (self.plus - self.ratio * self.minus)
        return self.alpha[:, None] * (self.plus + self.beta[:, None])
