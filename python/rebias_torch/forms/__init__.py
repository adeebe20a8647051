"""Number representations: how latent weights become codes and scales, and how gradients come back."""

from typing import Callable, Dict

from torch import Tensor

from .biased import Biased, Decoupled
from .means import Bwn, Twn
from .ranged import DoReFa, FixedPoint, OffsetBinary
from .rule import Rule
from .steps import Lsq, SignMagnitude, Symmetric
from .ttq import Ttq

__all__ = ["FORMS", "Rule", "WIDTHS", "make_rule"]

#: Constructors by name: of latent weights `[out, rows]`, bits, and whether channels have scales of their own.
FORMS: Dict[str, Callable[[Tensor, int, str], Rule]] = {
    "biased": Biased,
    "biased-decoupled": Decoupled,
    "offset-binary": lambda latent, bits, scales: OffsetBinary(bits),
    "symmetric": lambda latent, bits, scales: Symmetric(latent, bits),
    "lsq": lambda latent, bits, scales: Lsq(latent, bits),
    # With one bit DoReFa is, as its authors have it, the sign times the layer's mean magnitude.
    "dorefa": lambda latent, bits, scales: Bwn("layer") if bits == 1 else DoReFa(bits),
    "fixed-point": lambda latent, bits, scales: FixedPoint(bits),
    "bwn": lambda latent, bits, scales: Bwn("channel"),
    "twn": lambda latent, bits, scales: Twn(),
    "ttq": lambda latent, bits, scales: Ttq(latent),
    "sign-magnitude": lambda latent, bits, scales: SignMagnitude(latent, bits),
}

#: Widths k of each form.
WIDTHS: Dict[str, range] = {
    **dict.fromkeys(["biased", "biased-decoupled", "symmetric", "dorefa"], range(1, 9)),
    **dict.fromkeys(["offset-binary", "lsq", "fixed-point", "sign-magnitude"], range(2, 9)),
    "bwn": range(1, 2),
    **dict.fromkeys(["twn", "ttq"], range(2, 3)),
}

#: Forms whose channels may have scales of their own.
PER_CHANNEL = ("biased", "biased-decoupled")


def make_rule(form: str, latent: Tensor, bits: int, scales: str = "layer") -> Rule:
    """The quantiser of a layer, fitted to its latent weights `[out, rows]`.

    Raises `ValueError` for a form, width or `scales` ("layer" or "channel") that does not exist.
    """
    if form not in FORMS:
        raise ValueError(f"form is `{form}`; there are {', '.join(FORMS)}")
    if bits not in WIDTHS[form]:
        raise ValueError(f"`{form}` has {WIDTHS[form][0]} to {WIDTHS[form][-1]} bits, not {bits}")
    if scales not in ("layer", "channel"):
        raise ValueError(f"scales is `{scales}`; it is `layer` or `channel`")
    if scales == "channel" and form not in PER_CHANNEL:
        raise ValueError(f"`{form}` has no scales for each channel; {' and '.join(PER_CHANNEL)} have")
    return FORMS[form](latent.detach(), bits, scales)
