"""From a trained network to its exact integer form."""

from dataclasses import dataclass
from typing import List, Optional, Tuple, Union

import numpy as np
from torch import nn

from .coalesce import Channels, coalesce, logit
from .forms.rule import exact
from .integer import IntegerNetwork, Pool, Weighted, Window
from .layers import QuantActivation, QuantConv2d, QuantLinear

#: Modules that do nothing in evaluation, or that the quantiser behind them contains.
_IGNORED = (nn.Dropout, nn.Dropout2d, nn.Flatten, nn.Identity, nn.ReLU)


def integer_network(
    network: nn.Sequential, input_shape: Tuple[int, int, int], input_step: float = 1 / 255, fraction_bits: int = 8
) -> IntegerNetwork:
    """The integer form of a frozen network; batch norm, ReLU and quantisers become thresholds.

    Each `QuantConv2d` and `QuantLinear` but the last is followed by an optional batch norm and, before or after pools,
    by a `QuantActivation`. `input_step` is what code 1 of a pixel stands for. Raises `ValueError` for what has no
    integer form.
    """
    builder = _Builder(input_step, fraction_bits)
    modules = list(network.named_children())
    for at, (name, module) in enumerate(modules):
        if isinstance(module, (QuantConv2d, QuantLinear)):
            builder.weighted(module, _Behind.of([module for _, module in modules[at + 1 :]]))
        elif isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
            builder.pool(module)
        elif not isinstance(module, (QuantActivation, nn.BatchNorm1d, nn.BatchNorm2d, *_IGNORED)):
            raise ValueError(f"module `{name}` is a {type(module).__name__}, which has no integer form here")
    return IntegerNetwork(input_shape, builder.layers)


@dataclass(frozen=True)
class _Behind:
    """What goes into a layer's thresholds."""

    norm: Optional[Union[nn.BatchNorm1d, nn.BatchNorm2d]]
    activation: Optional[QuantActivation]

    @classmethod
    def of(cls, modules: "List[nn.Module]") -> "_Behind":
        norm = None
        for module in modules:
            if isinstance(module, QuantActivation):
                return cls(norm, module)
            if isinstance(module, (QuantConv2d, QuantLinear)):
                raise ValueError("each layer with weights but the last needs a `QuantActivation` behind it")
            if isinstance(module, nn.AvgPool2d):
                raise ValueError("an average pool stands behind the `QuantActivation`, not before it")
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                norm = module
        return cls(norm, None)


class _Builder:
    def __init__(self, input_step: float, fraction_bits: int) -> None:
        self.input_step, self.fraction_bits = input_step, fraction_bits
        self.layers: List[Union[Weighted, Pool]] = []

    def _name(self, stem: str) -> str:
        return f"{stem}{sum(layer.name.startswith(stem) for layer in self.layers) + 1}"

    def pool(self, module: Union[nn.MaxPool2d, nn.AvgPool2d]) -> None:
        window = Window(_pair(module.kernel_size), _one(module.stride), _one(module.padding))
        if isinstance(module, nn.AvgPool2d):
            self.input_step /= window.kernel[0] * window.kernel[1]
            self.layers.append(Pool(self._name("mean"), "sum-pool", window))
        else:
            self.layers.append(Pool(self._name("pool"), "max-pool", window))

    def weighted(self, module: Union[QuantConv2d, QuantLinear], behind: _Behind) -> None:
        codes = module.codes()
        channels = self._channels(module, behind, np.broadcast_to(codes.alpha, len(codes.plus)))
        window, stem = None, "linear"
        if isinstance(module, QuantConv2d):
            window, stem = Window(_pair(module.kernel_size), _one(module.stride), _one(module.padding)), "conv"
        activation = behind.activation
        thresholds = activation and (activation.bits, *coalesce(channels, activation.step, activation.bits))
        layer = Weighted(
            name=self._name(stem),
            codes=codes,
            window=window,
            shape=tuple(module.weight.shape),
            fraction_bits=self.fraction_bits,
            thresholds=thresholds,
            logits=None if activation else logit(channels),
        )
        layer.stored_beta()
        self.layers.append(layer)
        if activation:
            self.input_step = activation.step

    def _channels(self, module: nn.Module, behind: _Behind, alpha: np.ndarray) -> Channels:
        zeros, ones = np.zeros(len(alpha)), np.ones(len(alpha))
        norm = behind.norm
        is_affine = norm is not None and norm.affine
        return Channels(
            alpha=alpha,
            input_step=self.input_step,
            bias=zeros if module.bias is None else exact(module.bias),
            gamma=exact(norm.weight) if is_affine else ones,
            beta=exact(norm.bias) if is_affine else zeros,
            mean=zeros if norm is None else exact(norm.running_mean),
            variance=ones if norm is None else exact(norm.running_var),
            epsilon=0.0 if norm is None else norm.eps,
            fraction_bits=self.fraction_bits,
        )


def _pair(size: Union[int, Tuple[int, int]]) -> Tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _one(size: Union[int, Tuple[int, int]]) -> int:
    rows, columns = _pair(size)
    if rows != columns:
        raise ValueError(f"strides and paddings are equal in both directions, not {size}")
    return rows
