"""Reads recipes and studies; `docs/reference/recipe.md` lists their keys, and `rebias check` explains mistakes in them."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from ..model import Quantisation

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    import tomli as tomllib

#: Channels of the convolutions between the pools of each family (Simonyan & Zisserman, ICLR 2015; HWGQ, CVPR 2017).
FAMILIES: Dict[str, List[List[int]]] = {
    "vgg-11": [[64], [128], [256] * 2, [512] * 2, [512] * 2],
    "vgg-13": [[64] * 2, [128] * 2, [256] * 2, [512] * 2, [512] * 2],
    "vgg-19": [[64] * 2, [128] * 2, [256] * 4, [512] * 4, [512] * 4],
    "vgg-small": [[128] * 2, [256] * 2, [512] * 2],
}


@dataclass(frozen=True)
class Data:
    """The data set, and how its images are varied."""

    set: str
    licence: str
    held_out: int
    shift_pixels: int
    mirror: str
    layout: str = "idx"
    sha256: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """A phase: linear warm-up, then half a cosine down to 0."""

    steps: int
    warm_up_steps: int
    learning_rate: float
    weight_decay: float

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 1."""
        if step <= self.warm_up_steps:
            return self.learning_rate * step / self.warm_up_steps
        done = (step - self.warm_up_steps) / max(self.steps - self.warm_up_steps, 1)
        return 0.5 * self.learning_rate * (1.0 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Distillation:
    """What the quantised network learns from its float twin."""

    weight: float
    temperature: float


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    name: str
    seed: int
    data: Data
    #: `conv N`, `pool`, `linear N`.
    layers: Tuple[str, ...]
    quantisation: Quantisation
    beta_fraction_bits: int
    batch: int
    evaluate_every: int
    checkpoint_every: Optional[int]
    float: Schedule
    fine_tune: Schedule
    fixed_beta_steps: int
    distillation: Optional[Distillation]
    #: As it was read.
    text: str


@dataclass(frozen=True)
class Study:
    """A recipe in several forms and with several seeds."""

    name: str
    recipe: Path
    forms: Tuple[str, ...]
    seeds: Tuple[int, ...]

    def run(self, recipe: Recipe, form: str, seed: int) -> Recipe:
        """One of its runs."""
        bits = 1 if form == "bwn" else recipe.quantisation.weight_bits
        quantisation = replace(recipe.quantisation, form=form, weight_bits=bits)
        return replace(recipe, name=f"{self.name}-{form}-s{seed}", seed=seed, quantisation=quantisation)


def read_recipe(path: Path) -> Recipe:
    """Raises `ValueError` for what a recipe lacks or what this trainer doesn't know."""
    text = path.read_text(encoding="utf-8")
    tables = _Table(tomllib.loads(text), str(path))
    if tables.pop("format_version") != 1:
        raise ValueError(f"{path}: this is format version 1")
    name, seed = tables.pop("name"), tables.pop("seed")
    data = tables.table("data")
    sha256 = tuple(data.pop("sha256", ()))
    data = Data(sha256=sha256, **data.rest(Data))
    layers = _layers(tables.table("network"))
    numbers = tables.table("quantisation")
    fraction_bits = numbers.pop("beta_fraction_bits")
    quantisation = Quantisation(**numbers.rest(Quantisation))
    training = tables.table("training")
    fine_tune = training.table("fine_tune")
    fixed_beta_steps = fine_tune.pop("fixed_beta_steps")
    distillation = training.table("distillation").rest(Distillation) if "distillation" in training.keys else None
    recipe = Recipe(
        name=name,
        seed=seed,
        data=data,
        layers=layers,
        quantisation=quantisation,
        beta_fraction_bits=fraction_bits,
        batch=training.pop("batch"),
        evaluate_every=training.pop("evaluate_every"),
        checkpoint_every=training.pop("checkpoint_every", None),
        float=Schedule(**training.table("float").rest(Schedule)),
        fine_tune=Schedule(**fine_tune.rest(Schedule)),
        fixed_beta_steps=fixed_beta_steps,
        distillation=distillation and Distillation(**distillation),
        text=text,
    )
    training.end()
    tables.end()
    return recipe


def read_study(path: Path, seeds: Optional[Tuple[int, ...]] = None) -> Study:
    """As `read_recipe`; `seeds` in place of the study's."""
    tables = _Table(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    if tables.pop("format_version") != 1:
        raise ValueError(f"{path}: this is format version 1")
    recipe = path.parent / tables.pop("recipe")
    study = Study(tables.pop("name"), recipe, tuple(tables.pop("forms")), seeds or tuple(tables.keys["seeds"]))
    tables.pop("seeds")
    tables.end()
    return study


def _layers(network: "_Table") -> Tuple[str, ...]:
    family = network.pop("family", None)
    if family is None:
        layers = tuple(network.pop("layers"))
    elif family not in FAMILIES:
        raise ValueError(f"{network.path}: `family` is `{family}`; there are {', '.join(FAMILIES)}")
    else:
        width = network.pop("width", 1.0)
        groups = [[f"conv {max(round(n * width), 1)}" for n in group] + ["pool"] for group in FAMILIES[family]]
        layers = (*sum(groups, []), f"linear {network.pop('classes')}")
    network.end()
    return layers


class _Table:
    """A table of which each key is asked for, so that those that nobody asks for are mistakes."""

    def __init__(self, keys: Dict[str, Any], path: str) -> None:
        self.keys, self.path = dict(keys), path

    def pop(self, key: str, *absent: Any) -> Any:
        if key not in self.keys and not absent:
            raise ValueError(f"{self.path}: `{key}` is missing")
        return self.keys.pop(key, *absent)

    def table(self, key: str) -> "_Table":
        return _Table(self.pop(key), f"{self.path}, [{key}]")

    def rest(self, into: type) -> Dict[str, Any]:
        """All keys that are left, which are fields of `into`."""
        unknown = self.keys.keys() - into.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"{self.path}: {', '.join(sorted(unknown))} unknown here")
        return self.keys

    def end(self) -> None:
        if self.keys:
            raise ValueError(f"{self.path}: {', '.join(sorted(self.keys))} unknown to the PyTorch trainer")
