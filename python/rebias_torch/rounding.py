"""Rounding with straight-through gradients."""

import torch
from torch import Tensor


def straight_through(x: Tensor, rounded: Tensor) -> Tensor:
    """The value of `rounded`, the gradient of `x`."""
    return x + (rounded - x).detach()


def codes(v: Tensor, largest: float) -> Tensor:
    """clip(floor(v + 1/2), 0, largest), straight-through inside of the range."""
    clipped = v.clamp(0.0, largest)
    return straight_through(clipped, torch.floor(clipped.detach() + 0.5))


def max_code(bits: int) -> int:
    """The largest code of `bits` bits."""
    return 2**bits - 1


def least_squares(values: Tensor, bits: int, beta: "float | None" = None) -> "tuple[float, float]":
    """Alpha and beta of the levels alpha·(q + beta) with the least squared error over `values`.

    Codes and levels are fitted in turn from several parts of the values' range, and the best end wins. With `beta` given
    only alpha is fitted. Constant values get steps of 1.
    """
    values = values.detach().double().flatten()
    largest = max_code(bits)
    empty = values.numel() == 0
    low, high = (0.0, 0.0) if empty else (float(values.min()), float(values.max()))
    at = low
    if beta is not None:
        low, high, at = 0.0, max(high, -low), beta
    if not high > low:
        return 1.0, at
    centre, spread = 0.5 * (low + high), high - low
    fits = []
    for part in (1.0, 0.8, 0.6, 0.45, 0.3, 0.2):
        if beta is None:
            alpha = part * spread / largest
            start = (alpha, (centre - 0.5 * part * spread) / alpha)
        else:
            start = (part * high / max(largest + beta, -beta), beta)
        fits.append(_fit(values, largest, start, beta))
    return min(fits, key=lambda fit: fit[0])[1]


def _fit(
    values: Tensor, largest: int, levels: "tuple[float, float]", beta: "float | None"
) -> "tuple[float, tuple[float, float]]":
    """Lloyd's method with equidistant levels: the squared error, alpha and beta."""

    def assigned() -> Tensor:
        alpha, shift = levels
        return torch.floor(values / alpha - shift + 0.5).clamp(0.0, float(largest))

    for _ in range(60):
        q = assigned() + (beta or 0.0)
        n, sum_q, sum_w = values.numel(), float(q.sum()), float(values.sum())
        sum_qq, sum_qw = float((q * q).sum()), float((q * values).sum())
        denominator = n * sum_qq - sum_q * sum_q if beta is None else sum_qq
        if denominator == 0.0:
            break
        alpha = (n * sum_qw - sum_q * sum_w if beta is None else sum_qw) / denominator
        if not alpha > 0.0:
            break
        fitted = (alpha, (sum_w - alpha * sum_q) / n / alpha if beta is None else beta)
        if fitted == levels:
            break
        levels = fitted
    error = levels[0] * (assigned() + levels[1]) - values
    return float((error * error).sum()), levels
