"""Quantisation-aware training for Rebias in PyTorch, and export to its trace format.

    float network -> quantise -> train -> freeze -> train -> export -> rebias simulate

Rules are those of `docs/representations.md`, the integer form is that of `docs/trace-format.md`; fixtures that Rust and
Python both reproduce hold the two together.
"""

from .codes import Codes
from .coalesce import coalesce, logit
from .export import integer_network
from .forms import FORMS, make_rule
from .integer import IntegerNetwork
from .layers import QuantActivation, QuantConv2d, QuantLinear
from .model import Quantisation, freeze, parameter_groups, quantise
from .trace import Provenance, Samples, write_trace

__all__ = [
    "FORMS",
    "Codes",
    "IntegerNetwork",
    "Provenance",
    "QuantActivation",
    "QuantConv2d",
    "QuantLinear",
    "Quantisation",
    "Samples",
    "coalesce",
    "freeze",
    "integer_network",
    "logit",
    "make_rule",
    "parameter_groups",
    "quantise",
    "write_trace",
]
