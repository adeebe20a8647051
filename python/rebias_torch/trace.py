"""Writes the trace format; see `docs/trace-format.md`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Union

import numpy as np
from safetensors.numpy import save_file

from .integer import IntegerNetwork, Pool, Weighted, Window


@dataclass(frozen=True)
class Provenance:
    """Where a trace comes from."""

    data_set: str
    licence: str
    command: Optional[str] = None
    seed: Optional[int] = None
    notes: Optional[str] = None
    #: Text of the recipe.
    recipe: Optional[str] = None
    #: `images`, and fractions of them: `float`, `fake_quantised`, `integer`.
    accuracies: Optional[Dict[str, Union[int, float]]] = None


@dataclass(frozen=True)
class Samples:
    """Images `[n, channels, rows, columns]` of byte codes and their true classes `[n]`."""

    images: np.ndarray
    labels: np.ndarray
    #: What the integer network makes of them, if that is known.
    expected: Optional[np.ndarray] = None


def write_trace(
    folder: Union[str, Path],
    network: IntegerNetwork,
    provenance: Provenance,
    samples: Optional[Samples] = None,
    calibration: Optional[Samples] = None,
) -> None:
    """Writes a network, and test and training images if given, into `folder`; its name is the network's.

    Samples get the classes that the integer network finds, so that a reader can check that it computes the same.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trace.toml").write_text(_toml(folder.name, network, provenance), encoding="utf-8")
    save_file(_tensors(network), str(folder / "tensors.safetensors"))
    for name, images in (("samples", samples), ("calibration", calibration)):
        if images is not None:
            tensors = {"inputs": images.images.astype(np.uint8), "labels": images.labels.astype(np.uint16)}
            if name == "samples":
                is_known = images.expected is not None
                tensors["expected"] = images.expected if is_known else network.classes(images.images)
            contiguous = {key: np.ascontiguousarray(tensor) for key, tensor in tensors.items()}
            save_file(contiguous, str(folder / f"{name}.safetensors"))


def _tensors(network: IntegerNetwork) -> Dict[str, np.ndarray]:
    tensors: Dict[str, np.ndarray] = {}
    for layer in network.layers:
        if isinstance(layer, Weighted):
            tensors.update({f"{layer.name}.{key}": np.ascontiguousarray(t) for key, t in _of_layer(layer).items()})
    return tensors


def _of_layer(layer: Weighted) -> Dict[str, np.ndarray]:
    codes = layer.codes
    narrow = np.uint8 if codes.bits <= 8 else np.uint16
    shaped = {
        "codes" if codes.minus is None else "codes_pos": codes.plus.reshape(layer.shape).astype(narrow),
    }
    if codes.minus is None:
        shaped.update(alpha=codes.alpha, beta=layer.stored_beta())
    else:
        shaped["codes_neg"] = codes.minus.reshape(layer.shape).astype(narrow)
        two = {"alpha_pos": codes.alpha, "alpha_neg": codes.alpha * codes.ratio}
        shaped.update({"alpha": codes.alpha} if codes.ratio == 1.0 else two)
    if layer.thresholds is not None:
        _, shaped["thresholds"], shaped["direction"] = layer.thresholds
    if layer.logits is not None:
        shaped["scale"], shaped["offset"] = layer.logits
    return shaped


def _toml(name: str, network: IntegerNetwork, provenance: Provenance) -> str:
    stated = {key: value for key, value in vars(provenance).items() if value is not None}
    accuracies = stated.pop("accuracies", None)
    blocks = [
        _lines(format_version=1, name=name),
        ["[provenance]", *_lines(**stated)],
        *([["[provenance.accuracies]", *_lines(**accuracies)]] if accuracies else []),
        ["[input]", *_lines(shape=list(network.input_shape), bits=8, sign="unsigned")],
    ]
    blocks += [["[[layers]]", *_layer_lines(layer)] for layer in network.layers]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _layer_lines(layer: Union[Weighted, Pool]) -> List[str]:
    if isinstance(layer, Pool):
        return _lines(name=layer.name, op=layer.op, **_window(layer.window))
    form = "biased"
    if layer.codes.minus is not None:
        form = "pair" if layer.codes.ratio == 1.0 else "pair-two-scales"
    lines = _lines(
        name=layer.name,
        op="linear" if layer.window is None else "conv",
        out_channels=layer.shape[0],
        **({} if layer.window is None else _window(layer.window)),
        weight_bits=layer.codes.bits,
        representation=form,
        beta_fraction_bits=layer.fraction_bits,
    )
    return lines if layer.thresholds is None else lines + _lines(activation_bits=layer.thresholds[0])


def _window(window: Window) -> "Dict[str, object]":
    return {"kernel": list(window.kernel), "stride": window.stride, "padding": window.padding}


def _lines(**keys: object) -> List[str]:
    # Strings, whole numbers and lists of them are written alike in JSON and TOML.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
