"""Layers whose weights or outputs are quantised in the forward pass."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .codes import Codes
from .forms import make_rule
from .rounding import clip, codes, least_squares, max_code, straight_through

#: Values from which an activation's first step is fitted, at most.
_FIT_VALUES = 50_000


class _Quantised:
    """Latent float weights and the rule that quantises them."""

    weight: nn.Parameter

    def set_rule(self, form: str, bits: int, scales: str = "layer") -> None:
        """Fits a number representation to the weights as they are."""
        self.form = form
        self.rule = make_rule(form, self._latent(), bits, scales)

    def _latent(self) -> Tensor:
        return self.weight.flatten(1)

    def quantised_weight(self) -> Tensor:
        """The weights of the forward pass, shaped as the latent ones."""
        return self.rule(self._latent()).reshape(self.weight.shape)

    def codes(self) -> Codes:
        """The exact integer form of the weights."""
        return self.rule.codes(self._latent())


class QuantConv2d(_Quantised, nn.Conv2d):
    """`nn.Conv2d` with quantised weights: padding with zeros, one group, no dilation."""

    @classmethod
    def from_float(cls, conv: nn.Conv2d, form: str, bits: int, scales: str = "layer") -> "QuantConv2d":
        """A convolution with the float one's weights as its latent ones."""
        if conv.groups != 1 or conv.dilation != (1, 1) or conv.padding_mode != "zeros":
            raise ValueError("only convolutions of one group, without dilation, padded with zeros can be exported")
        shape = (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)
        new = cls(*shape, bias=conv.bias is not None)
        new.load_state_dict(conv.state_dict())
        new.to(conv.weight)
        new.set_rule(form, bits, scales)
        return new

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.quantised_weight(), self.bias, self.stride, self.padding)


class QuantLinear(_Quantised, nn.Linear):
    """`nn.Linear` with quantised weights."""

    @classmethod
    def from_float(cls, linear: nn.Linear, form: str, bits: int, scales: str = "layer") -> "QuantLinear":
        """A linear layer with the float one's weights as its latent ones."""
        new = cls(linear.in_features, linear.out_features, bias=linear.bias is not None)
        new.load_state_dict(linear.state_dict())
        new.to(linear.weight)
        new.set_rule(form, bits, scales)
        return new

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.quantised_weight(), self.bias)


class QuantActivation(nn.Module):
    """ReLU and unsigned codes of `bits` bits: d·clip(floor(x/d + 1/2), 0, 2^bits − 1).

    `trained = "step"` trains d as LSQ does; `"clip"` trains c = d·(2^bits − 1), whose gradient is that of the outputs
    above it (PACT, Choi et al., 2018). The first batch that comes through sets it by least squares.
    """

    def __init__(self, bits: int, trained: str = "step") -> None:
        super().__init__()
        if trained not in ("step", "clip"):
            raise ValueError(f"trained is `{trained}`; it is `step` or `clip`")
        self.bits, self.trained = bits, trained
        self.size = nn.Parameter(torch.ones(1))
        # No tensor, as a branch on one would keep PyTorch from compiling networks as a whole.
        self._is_fitted = False

    @property
    def step(self) -> float:
        """What code 1 stands for."""
        size = float(self.size.detach())
        return size if self.trained == "step" else size / max_code(self.bits)

    def forward(self, x: Tensor) -> Tensor:
        if not self._is_fitted:
            self._fit(x.detach())
        largest = max_code(self.bits)
        if self.trained == "step":
            return codes(x / self.size, largest) * self.size
        step = self.size.detach() / largest
        bounded = clip(x, 0.0, math.inf) - clip(x - self.size, 0.0, math.inf)
        return straight_through(bounded, torch.floor(bounded.detach() / step + 0.5) * step)

    def _fit(self, x: Tensor) -> None:
        every = -(-x.numel() // _FIT_VALUES)
        step, _ = least_squares(x.flatten()[::every].clamp(min=0.0), self.bits, 0.0)
        with torch.no_grad():
            self.size.fill_(step if self.trained == "step" else step * max_code(self.bits))
        self._is_fitted = True

    def get_extra_state(self) -> bool:
        return self._is_fitted

    def set_extra_state(self, state: bool) -> None:
        self._is_fitted = state

    def extra_repr(self) -> str:
        return f"bits={self.bits}, trained={self.trained!r}"
