"""Whole runs: data, training, evaluation, export."""

import copy
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from torch import nn

from ..export import integer_network
from ..layers import QuantConv2d
from ..model import quantise
from ..trace import Provenance, Samples, write_trace
from .data import Batches, read, values
from .fit import Checkpoint, Fitted, HeldOut, Phase
from .recipe import Recipe, Study, read_recipe

#: Training images to which the first steps of activations are fitted.
_FIT_IMAGES = 500
#: Test images, and training images for ranges of converters, that go with a trace at most.
_SAMPLES, _CALIBRATION_IMAGES = 2000, 200
_EVALUATION_BATCH = 200


@dataclass(frozen=True)
class Options:
    """Where and how a run computes."""

    data: Path
    device: torch.device
    #: Whether PyTorch compiles the network, which needs a C++ compiler on a CPU.
    compiles: bool
    #: Whether steps compute in bfloat16, as far as beta is free.
    in_bf16: bool
    #: Whether images of the data set go with the trace.
    images: bool
    command: str


@dataclass
class _Floats:
    pretrained: nn.Sequential
    twin: Fitted
    _accuracy: Optional[float] = None

    def accuracy(self, test: Samples) -> float:
        """The twin's, on test images; the same for all forms of a seed."""
        if self._accuracy is None:
            found = _classes(copy.deepcopy(self.twin.network).cpu().double().eval(), test.images)
            self._accuracy = float((found == test.labels).mean())
        return self._accuracy


class _Trainer:
    """Trains the networks of a run, phase by phase."""

    def __init__(self, recipe: Recipe, options: Options, checkpoint: Checkpoint) -> None:
        self.recipe, self.options, self.checkpoint = recipe, options, checkpoint
        self.samples = read(options.data, recipe.data, "train")
        held_out = recipe.data.held_out
        if held_out >= len(self.samples.images):
            raise ValueError(f"held_out is {held_out}, of {len(self.samples.images)} training images")
        order = np.random.default_rng([recipe.seed, 0]).permutation(len(self.samples.images))
        self.trained_on = order[held_out:]
        self.held_out = HeldOut(self.samples, order[:held_out])

    def floats(self) -> _Floats:
        """Pre-trains a float network, and fine-tunes it in float."""
        recipe = self.recipe
        torch.manual_seed(recipe.seed)
        network = _float_network(recipe, self.samples.images.shape[1:]).to(self.options.device)
        network = network.to(memory_format=torch.channels_last)
        pretrained = self._finished("pre-training", network, 1, schedule=recipe.float).network
        twin = self._finished("float twin", copy.deepcopy(pretrained), 2, schedule=recipe.fine_tune)
        return _Floats(pretrained, twin)

    def quantised(self, recipe: Recipe, floats: _Floats) -> Fitted:
        """Fine-tunes the pre-trained network quantised, on the batches that its float twin saw."""
        network = quantise(floats.pretrained, recipe.quantisation).train()
        with torch.no_grad():
            # Its running statistics are put back: this pass is for the steps of activations only.
            norms = [(norm, copy.deepcopy(norm.state_dict())) for norm in network if isinstance(norm, nn.BatchNorm2d)]
            network(values(self.samples.images[self.trained_on[:_FIT_IMAGES]], self.options.device))
            for norm, state in norms:
                norm.load_state_dict(state)
        how = recipe.distillation
        return self._finished(
            f"quantised {recipe.quantisation.form}",
            network,
            2,
            schedule=recipe.fine_tune,
            fixed_beta=(recipe.fixed_beta_steps, recipe.beta_fraction_bits),
            teacher=how and (floats.twin.network.eval(), how),
        )

    def _finished(self, name: str, network: nn.Sequential, stream: int, **phase: object) -> Fitted:
        """A phase, or what a checkpoint has of it."""
        recipe, options, state = self.recipe, self.options, self.checkpoint.state
        if name in state["finished"]:
            return state["finished"][name]
        seed = np.random.SeedSequence([recipe.seed, stream]).generate_state(1)[0]
        phase = Phase(
            name=name,
            batches=Batches(self.samples, self.trained_on, recipe.batch, recipe.data, int(seed)),
            held_out=self.held_out,
            evaluate_every=recipe.evaluate_every,
            device=options.device,
            checkpoint=self.checkpoint,
            compiles=options.compiles,
            in_bf16=options.in_bf16,
            **phase,
        )
        fitted = phase.fit(network)
        state["finished"][name], state["running"] = fitted, None
        self.checkpoint.keep()
        return fitted


def train(recipe: Recipe, options: Options, out: Path) -> None:
    """One run; the test set is read once, at export."""
    if out.exists():
        raise ValueError(f"{out} exists")
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.with_name(f"{out.name}.checkpoint")
    checkpoint = Checkpoint(path, recipe.checkpoint_every, recipe, options.in_bf16)
    trainer = _Trainer(recipe, options, checkpoint)
    floats = trainer.floats()
    _finish(recipe, options, trainer, floats, out)
    checkpoint.remove()


def study(plan: Study, options: Options, out: Path) -> None:
    """All runs of a study that are not in `out` yet; `rebias study` makes its tables of them."""
    recipe = read_recipe(plan.recipe)
    out.mkdir(parents=True, exist_ok=True)
    for seed in plan.seeds:
        runs = [plan.run(recipe, form, seed) for form in plan.forms]
        runs = [run for run in runs if not (out / run.name).exists()]
        if not runs:
            continue
        # Within a seed, nothing but finished runs is kept.
        trainer = _Trainer(runs[0], options, Checkpoint(out / "none", None, runs[0], options.in_bf16))
        floats = trainer.floats()
        for run in runs:
            print(f"== {run.name}", flush=True)
            _finish(run, options, trainer, floats, out / run.name)


def _float_network(recipe: Recipe, shape: "tuple[int, int, int]") -> nn.Sequential:
    """Channels, rows, columns of the images to class scores."""
    layers: "list[nn.Module]" = []
    channels = shape[0]
    for layer in recipe.layers:
        kind, _, size = layer.partition(" ")
        if kind == "conv":
            conv = nn.Conv2d(channels, int(size), 3, padding=1, bias=False)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            channels = int(size)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
        elif kind == "pool":
            layers.append(nn.MaxPool2d(2))
        elif kind == "linear":
            # Of as many inputs as the last pool leaves.
            layers += [nn.Flatten(), nn.LazyLinear(int(size))]
        else:
            raise ValueError(f"`{layer}` is none of `conv N`, `pool`, `linear N`")
    network = nn.Sequential(*layers)
    with torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    nn.init.kaiming_normal_(network[-1].weight, nonlinearity="linear")
    nn.init.zeros_(network[-1].bias)
    return network


def _finish(recipe: Recipe, options: Options, trainer: _Trainer, floats: _Floats, out: Path) -> None:
    fitted = trainer.quantised(recipe, floats)
    test = read(options.data, recipe.data, "test")
    network = copy.deepcopy(fitted.network).cpu().double().eval()
    exact = integer_network(network, test.images.shape[1:], fraction_bits=recipe.beta_fraction_bits)
    classes = exact.classes(test.images)
    of_torch = _classes(network, test.images)
    accuracies = {
        "float": floats.accuracy(test),
        "fake_quantised": float((of_torch == test.labels).mean()),
        "integer": float((classes == test.labels).mean()),
    }
    agreeing = int((classes == of_torch).sum())
    print(f"{recipe.name}: " + ", ".join(f"{key} {value:.2%}" for key, value in accuracies.items()), flush=True)
    notes = (
        f"trained by rebias_torch: {recipe.float.steps} float and {recipe.fine_tune.steps} quantised steps of batch "
        f"{recipe.batch}; weights of quantised step {fitted.step}, with {fitted.held_out_accuracy:.4f} of "
        f"{recipe.data.held_out} held-out training images right; the float twin had {recipe.float.steps} + "
        f"{recipe.fine_tune.steps} float steps; integer and fake-quantised network give the same class to {agreeing} "
        f"of {len(classes)} test images"
    )
    provenance = Provenance(
        recipe.data.set,
        recipe.data.licence,
        command=options.command,
        recipe=recipe.text,
        seed=recipe.seed,
        notes=notes,
        accuracies={"images": len(classes), **accuracies},
    )
    calibration = trainer.trained_on[:_CALIBRATION_IMAGES]
    images = [
        Samples(test.images[:_SAMPLES], test.labels[:_SAMPLES], classes[:_SAMPLES]),
        Samples(trainer.samples.images[calibration], trainer.samples.labels[calibration]),
    ]
    unfinished = out.with_name(f".{out.name}.unfinished") / out.name
    shutil.rmtree(unfinished.parent, ignore_errors=True)
    write_trace(unfinished, exact, provenance, *(images if options.images else []))
    os.replace(unfinished, out)
    unfinished.parent.rmdir()


def _classes(network: nn.Module, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        parts = [images[at : at + _EVALUATION_BATCH] for at in range(0, len(images), _EVALUATION_BATCH)]
        scores = [network(torch.from_numpy(part).double() / 255.0) for part in parts]
    return torch.cat(scores).argmax(1).numpy()
