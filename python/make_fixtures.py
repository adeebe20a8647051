"""Writes `fixtures/`: values and gradients that both the Rust and the Python rules reproduce.

    PYTHONPATH=python python3 python/make_fixtures.py

All in double precision, but parameters are rounded to single, as both store them. Inputs are bell-shaped weights, and
a grid whose values lie on steps, roundings and ends of ranges where the step is a power of two.
"""

import json
from pathlib import Path

import torch

from rebias_torch.coalesce import Channels, coalesce
from rebias_torch.forms import PER_CHANNEL, WIDTHS, Rule, make_rule
from rebias_torch.layers import QuantActivation

FOLDER = Path(__file__).parent / "fixtures"
#: Widths that are kept, of those that a form has.
BITS = (1, 2, 3, 8)
#: Forms of a given step, whose edges the grid meets exactly; others choose their own.
TRAINED = ("biased", "symmetric", "lsq", "sign-magnitude", "ttq")


def bell() -> torch.Tensor:
    """Weights `[3, 8]` of different spread in each channel, some of them far out."""
    generator = torch.Generator().manual_seed(3)
    values = torch.randn(3, 8, generator=generator) * 0.08 * torch.tensor([[1.0], [2.0], [3.0]])
    values[:, 5] *= 4.0
    return values.double()


def grid() -> torch.Tensor:
    """Multiples of an eighth, `[3, 8]`: −1.5 … 1.375."""
    return (torch.arange(24).double() / 8 - 1.5).reshape(3, 8)


def upstream(like: torch.Tensor) -> torch.Tensor:
    """Gradients that come back to the quantised values."""
    return torch.sin(0.7 * torch.arange(like.numel())).double().reshape(like.shape) + 0.2


def gradients(outputs: torch.Tensor, inputs: "list[torch.Tensor]") -> "list[list[float]]":
    """Those of the inputs, flat."""
    found = torch.autograd.grad(outputs, inputs, upstream(outputs))
    return [gradient.flatten().tolist() for gradient in found]


def rule_case(rule: Rule, latent: torch.Tensor) -> "dict[str, object]":
    """What a rule makes of latent weights, and what comes back."""
    parameters = list(rule.parameters())
    leaf = latent.clone().requires_grad_()
    weights = rule(leaf)
    to_latent, *to_parameters = gradients(weights, [leaf, *parameters])
    codes = rule.codes(latent)
    return {
        "parameters": [parameter.detach().tolist() for parameter in parameters],
        "weights": weights.flatten().tolist(),
        "latent_gradient": to_latent,
        "parameter_gradients": to_parameters,
        "codes": codes.plus.flatten().tolist(),
        "minus": None if codes.minus is None else codes.minus.flatten().tolist(),
    }


def forms() -> "dict[str, object]":
    """Every form at some widths, on both inputs."""
    inputs = {"bell": bell(), "grid": grid()}
    cases = []
    for form, widths in WIDTHS.items():
        for bits in (bits for bits in BITS if bits in widths):
            for scales in ("layer", "channel") if form in PER_CHANNEL else ("layer",):
                for name, latent in inputs.items():
                    rule = make_rule(form, latent.float(), bits, scales).double()
                    if name == "grid" and form in TRAINED:
                        set_edges(rule)
                    case = {"form": form, "bits": bits, "scales": scales, "input": name}
                    cases.append({**case, **rule_case(rule, latent)})
    rows = {name: latent.tolist() for name, latent in inputs.items()}
    return {"inputs": rows, "upstream": upstream(bell()).flatten().tolist(), "cases": cases}


def set_edges(rule: Rule) -> None:
    """Steps of a quarter, and beta in the middle: the grid then has ties and both ends of the range."""
    with torch.no_grad():
        for name, parameter in rule.named_parameters():
            parameter.fill_(-0.5 * (2**rule.bits - 1) if name == "beta" else 0.25)


def activations() -> "dict[str, object]":
    """Both quantisers of activations."""
    values = torch.arange(-6, 34).double() / 8
    cases = []
    for trained in ("step", "clip"):
        for bits in BITS:
            quantiser = QuantActivation(bits, trained).double()
            with torch.no_grad():
                quantiser.size.fill_(0.5 if trained == "step" else 0.5 * (2**bits - 1))
                quantiser.set_extra_state(True)
            leaf = values.clone().requires_grad_()
            outputs = quantiser(leaf)
            to_input, to_size = gradients(outputs, [leaf, quantiser.size])
            case = {"trained": trained, "bits": bits, "size": float(quantiser.size.detach())}
            gradient = {"input_gradient": to_input, "size_gradient": to_size[0]}
            cases.append({**case, "outputs": outputs.tolist(), **gradient})
    return {"inputs": values.tolist(), "upstream": upstream(values).tolist(), "cases": cases}


def thresholds() -> "list[dict[str, object]]":
    """Coalesced channels of either slope, of none, and of one so flat that thresholds are out of reach."""
    generator = torch.Generator().manual_seed(5)
    random = torch.randn(12, 5, generator=generator).double().numpy()
    random[9, 0], random[10, 0], random[11, 0] = 0.0, 1e-19, -1e-300
    cases = []
    for bits in (1, 2, 4):
        gamma, beta, mean, bias, spread = random.T
        values = {"gamma": gamma, "beta": beta, "mean": mean, "bias": bias, "variance": spread**2}
        scalars = {"input_step": 1 / 255, "epsilon": 1e-5, "fraction_bits": 8}
        channels = Channels(alpha=0.01 + abs(spread), **values, **scalars)
        theta, direction = coalesce(channels, 0.21, bits)
        lists = {key: value.tolist() for key, value in {"alpha": channels.alpha, **values}.items()}
        found = {"thresholds": theta.tolist(), "direction": direction.tolist()}
        cases.append({"bits": bits, "step": 0.21, **scalars, **lists, **found})
    return cases


def all_fixtures() -> "dict[str, object]":
    """Contents by file name."""
    return {"forms.json": forms(), "activations.json": activations(), "thresholds.json": thresholds()}


def text(contents: object) -> str:
    """JSON with a line for each case."""
    if isinstance(contents, dict):
        parts = [f"{json.dumps(key)}: {text(value) if key == 'cases' else json.dumps(value)}" for key, value in contents.items()]
        return "{\n" + ",\n".join(parts) + "\n}"
    return "[\n" + ",\n".join(json.dumps(case) for case in contents) + "\n]"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, contents in all_fixtures().items():
        (FOLDER / name).write_text(text(contents) + "\n")
