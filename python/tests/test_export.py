"""The integer network gives what the fake-quantised one gives, and its trace is complete."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from rebias_torch import Provenance, Quantisation, Samples, freeze, integer_network, parameter_groups, quantise, write_trace
from rebias_torch.forms import WIDTHS

IMAGES = np.random.default_rng(1).integers(0, 256, (60, 1, 8, 8), np.uint8)
PIXELS = torch.from_numpy(IMAGES).double() / 255


def float_network() -> nn.Sequential:
    """Strides, padding, pools of both kinds, a bias, batch norm with gammas of both signs."""
    torch.manual_seed(2)
    layers = [
        *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Conv2d(8, 8, 1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 5)),
    ]
    network = nn.Sequential(*layers)
    for norm in (network[1], network[5]):
        nn.init.normal_(norm.weight)
    network(PIXELS.float())
    return network


def trained(how: Quantisation) -> nn.Sequential:
    """A few steps of training, the last with stored values."""
    network = quantise(float_network(), how)
    labels = torch.arange(len(IMAGES)) % 5
    network(PIXELS.float())
    optimiser = torch.optim.AdamW(parameter_groups(network, 5e-3, 0.01))
    for step in range(6):
        if step == 4:
            freeze(network)
        optimiser.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(PIXELS.float()), labels).backward()
        optimiser.step()
    return network.double().eval()


@pytest.mark.parametrize("form", WIDTHS)
@pytest.mark.parametrize("trained_range", ["step", "clip"])
def test_integer_network_is_the_trained_one(form: str, trained_range: str) -> None:
    bits = 2 if 2 in WIDTHS[form] else 1
    how = Quantisation(form=form, weight_bits=bits, edge_weight_bits=6, activation_range=trained_range)
    network = trained(how)
    exact = integer_network(network, (1, 8, 8))
    with torch.no_grad():
        scores = network(PIXELS).numpy()
    found = exact._logits(IMAGES)
    # A sum within an ulp of a threshold may fall on its other side in floating point.
    agree = np.isclose(found, scores, rtol=1e-9, atol=1e-9).all(1)
    assert agree.mean() >= 0.98, f"{agree.mean()}"
    assert (exact.classes(IMAGES) == found.argmax(1)).all()


def test_channels_have_levels_of_their_own() -> None:
    network = trained(Quantisation(scales="channel"))
    codes = network[4].codes()
    assert codes.alpha.shape == (8,) and codes.beta.shape == (8,)
    weights = network[4].quantised_weight().detach().flatten(1).numpy()
    np.testing.assert_allclose(codes.weights(), weights, rtol=1e-12)
    integer_network(network, (1, 8, 8))


def test_trace_holds_all_tensors(tmp_path: Path) -> None:
    exact = integer_network(trained(Quantisation(form="ttq")), (1, 8, 8))
    samples = Samples(IMAGES, np.zeros(len(IMAGES)))
    write_trace(tmp_path / "net", exact, Provenance("random", "CC0-1.0"), samples, samples)
    tensors = load_file(tmp_path / "net" / "tensors.safetensors")
    keys = {"conv2.codes_pos", "conv2.codes_neg", "conv2.alpha_pos", "conv2.alpha_neg", "conv1.beta", "linear1.scale"}
    assert keys < tensors.keys()
    assert tensors["conv1.thresholds"].dtype == np.int64 and tensors["conv1.direction"].dtype == np.int8
    assert "expected" in load_file(tmp_path / "net" / "samples.safetensors")
    assert "expected" not in load_file(tmp_path / "net" / "calibration.safetensors")


def test_beta_must_be_frozen() -> None:
    network = quantise(float_network(), Quantisation())
    network(PIXELS.float())
    with pytest.raises(ValueError, match="freeze"):
        integer_network(network.double().eval(), (1, 8, 8))


@pytest.mark.parametrize(
    "how, what",
    [
        (Quantisation(form="bised"), "form is `bised`"),
        (Quantisation(form="bwn"), "`bwn` has 1 to 1 bits"),
        (Quantisation(form="lsq", scales="channel"), "no scales for each channel"),
        (Quantisation(activation_range="max"), "trained is `max`"),
    ],
)
def test_mistakes_are_told(how: Quantisation, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        quantise(float_network(), how)


def test_networks_without_integer_form_are_refused() -> None:
    with pytest.raises(ValueError, match="Sigmoid"):
        integer_network(nn.Sequential(nn.Sigmoid()), (1, 8, 8))
