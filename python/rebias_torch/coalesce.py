"""Batch norm, bias, ReLU and quantiser as whole thresholds on the sums Y; see `docs/definitions.md`."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

_LEAST, _LARGEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Channels:
    """What follows the sums of a layer's output channels in floating point; `[out]` each, in `f64`."""

    #: Step of the weight codes.
    alpha: np.ndarray
    #: What an input code of 1 stands for.
    input_step: float
    #: The layer's own bias.
    bias: np.ndarray
    #: Batch norm; `gamma` of either sign.
    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    epsilon: float
    #: Fraction bits of the weights' beta.
    fraction_bits: int

    def line(self) -> Tuple[np.ndarray, np.ndarray]:
        """Slope and intercept of the output over y = Y/2^F. Raises `ValueError` where they are not finite."""
        with np.errstate(all="ignore"):
            sigma = np.sqrt(self.variance + self.epsilon)
            slope = self.gamma * self.alpha * self.input_step / sigma
            intercept = self.beta + self.gamma * (self.bias - self.mean) / sigma
        _check_finite(slope, intercept)
        return slope, intercept


def coalesce(channels: Channels, step: float, bits: int) -> Tuple[np.ndarray, np.ndarray]:
    """Thresholds `[out, 2^bits − 1]` (i64) and directions `[out]` (i8) of output codes whose step is `step`."""
    with np.errstate(all="ignore"):
        slope, intercept = (values / step for values in channels.line())
        _check_finite(slope, intercept)
        codes = np.arange(1, 2**bits)
        slope, intercept = slope[:, None], intercept[:, None]
        theta = (codes - 0.5 - intercept) / slope * 2.0**channels.fraction_bits
        theta = np.where(slope > 0, np.ceil(theta), np.floor(theta))
        # A channel without slope is a constant: thresholds that are always or never passed.
        theta = np.where(slope == 0, np.where(codes <= np.floor(intercept + 0.5), -np.inf, np.inf), theta)
        inside = np.abs(theta) < 2.0**63
        whole = np.where(inside, theta, 0.0).astype(np.int64)
    thresholds = np.where(inside, whole, np.where(theta > 0, _LARGEST, _LEAST))
    return thresholds, np.where(slope[:, 0] < 0, -1, 1).astype(np.int8)


def logit(channels: Channels) -> Tuple[np.ndarray, np.ndarray]:
    """Scale and offset of the class scores, `[out]`: logit = scale·Y + offset."""
    slope, intercept = channels.line()
    return slope / 2.0**channels.fraction_bits, intercept


def _check_finite(*values: np.ndarray) -> None:
    if not all(np.isfinite(value).all() for value in values):
        raise ValueError("a channel's slope or intercept is not finite")
