"""From a float network to a quantised one, and how it is trained."""

import copy
from dataclasses import dataclass
from typing import Any, Dict, List

from torch import nn

from .layers import QuantActivation, QuantConv2d, QuantLinear

_WEIGHTED = (QuantConv2d, QuantLinear)


@dataclass(frozen=True)
class Quantisation:
    """What a network's numbers are to be like."""

    #: Form of the weights between first and last layer.
    form: str = "biased"
    #: Bits of their codes, k.
    weight_bits: int = 2
    #: Bits of activations, m.
    activation_bits: int = 2
    #: Bits of the first and the last layer's biased codes.
    edge_weight_bits: int = 8
    #: "layer" or "channel": which weights share alpha and beta.
    scales: str = "layer"
    #: "step" or "clip": what of an activation's range is trained.
    activation_range: str = "step"


def quantise(network: nn.Sequential, how: Quantisation) -> nn.Sequential:
    """A quantised copy of a float network of convolutions, linear layers, batch norm, ReLU, pools.

    Each ReLU becomes an unsigned quantiser, which contains it. The copy starts from the float weights.
    """
    network = copy.deepcopy(network)
    weighted = [name for name, module in network.named_children() if isinstance(module, (nn.Conv2d, nn.Linear))]
    for name, module in list(network.named_children()):
        is_edge = name in (weighted[0], weighted[-1]) if weighted else False
        rule = ("biased", how.edge_weight_bits, "layer") if is_edge else (how.form, how.weight_bits, how.scales)
        if isinstance(module, nn.Conv2d):
            setattr(network, name, QuantConv2d.from_float(module, *rule))
        elif isinstance(module, nn.Linear):
            setattr(network, name, QuantLinear.from_float(module, *rule))
        elif isinstance(module, nn.ReLU):
            setattr(network, name, QuantActivation(how.activation_bits, how.activation_range))
    return network


def freeze(network: nn.Module, fraction_bits: int = 8) -> None:
    """Rounds beta and ratios of scales to what is stored, and trains them no further.

    Call it before the last steps of training, so that export rounds nothing; optimisers made before go on as they are,
    but those parameters get no gradients any more.
    """
    for module in network.modules():
        if isinstance(module, _WEIGHTED):
            module.rule.freeze(fraction_bits)
            for parameter in module.rule.parameters():
                parameter.grad = None


def parameter_groups(network: nn.Module, lr: float, weight_decay: float) -> List[Dict[str, Any]]:
    """Groups for `torch.optim.AdamW`: weights decay, what belongs to channels does not, and a quantiser's scalars learn
    at a rate relative to their magnitude, as Adam's steps do not scale with the value.

    Activations must be fitted: run a batch through before.
    """
    scalars, weights, channels = [], [], []
    for module in network.modules():
        if isinstance(module, _WEIGHTED):
            weights.append(module.weight)
            scalars += list(module.rule.parameters())
            channels += [] if module.bias is None else [module.bias]
        elif isinstance(module, QuantActivation):
            scalars.append(module.size)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            weights.append(module.weight)
            channels += [] if module.bias is None else [module.bias]
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            channels += list(module.parameters(recurse=False))
    groups = [{"params": weights, "lr": lr, "weight_decay": weight_decay}, {"params": channels, "lr": lr}]
    groups += [{"params": [scalar], "lr": lr * float(scalar.detach().abs().mean())} for scalar in scalars]
    return [{"weight_decay": 0.0, **group} for group in groups if group["params"]]
