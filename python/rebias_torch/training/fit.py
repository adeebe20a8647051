"""The training loop of one phase."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import QuantActivation, QuantConv2d, QuantLinear
from ..model import freeze, parameter_groups
from ..trace import Samples
from .data import Batches, values
from .recipe import Distillation, Recipe, Schedule

#: A trained step never falls below this part of its first value.
_LEAST_PART = 0.01
#: Images of a batch in evaluation.
_EVALUATION_BATCH = 500


@dataclass(frozen=True)
class HeldOut:
    """Images by which weights are chosen."""

    samples: Samples
    indices: np.ndarray

    def accuracy(self, network: nn.Module, device: torch.device) -> float:
        """The part whose class is found."""
        right = 0
        network.eval()
        with torch.no_grad():
            for at in range(0, len(self.indices), _EVALUATION_BATCH):
                indices = self.indices[at : at + _EVALUATION_BATCH]
                found = network(values(self.samples.images[indices], device)).argmax(1).cpu().numpy()
                right += int((found == self.samples.labels[indices]).sum())
        network.train()
        return right / len(self.indices)


class Checkpoint:
    """What a killed run goes on from: finished phases, and the state of the one that was interrupted."""

    def __init__(self, path: Path, every: Optional[int], recipe: Recipe, in_bf16: bool) -> None:
        self.path, self.every = path, every
        self.state: Dict[str, Any] = {"run": repr((recipe, in_bf16)), "finished": {}, "running": None}
        if every and path.exists():
            state = torch.load(path, weights_only=False)
            if state.get("run") != self.state["run"]:
                raise ValueError(f"{path} is of another recipe, or one of both is without --bf16; remove it")
            self.state = state

    def keep(self) -> None:
        """Writes it whole or not at all."""
        if self.every:
            unfinished = self.path.with_suffix(".unfinished")
            torch.save(self.state, unfinished)
            os.replace(unfinished, self.path)

    def remove(self) -> None:
        """It has served."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Fitted:
    """A trained network, its accuracy on the held-out images, and the step whose weights it has."""

    network: nn.Sequential
    held_out_accuracy: float
    step: int


@dataclass
class Phase:
    """What one phase trains with."""

    name: str
    schedule: Schedule
    batches: Batches
    held_out: HeldOut
    evaluate_every: int
    device: torch.device
    checkpoint: Checkpoint
    #: Steps at the end in which beta has its stored value of so many fraction bits; absent in float.
    fixed_beta: Optional[Tuple[int, int]] = None
    teacher: Optional[Tuple[nn.Module, Distillation]] = None
    compiles: bool = False
    #: Whether steps compute in bfloat16. Those with beta's stored value never do: they settle on what will be exported.
    in_bf16: bool = False
    tell: Callable[[str], None] = print

    def fit(self, network: nn.Sequential) -> Fitted:
        """Trains `network` and gives the best weights by held-out images, the later of equals."""
        network.train()
        optimiser = self._optimiser(network)
        least = _least_steps(network)
        best, start = {"accuracy": -1.0, "step": 0, "network": None}, 0
        running = self.checkpoint.state["running"]
        if running and running["phase"] == self.name:
            start, best = running["step"], running["best"]
            if self.fixed_beta and start > self._free_steps():
                freeze(network, self.fixed_beta[1])
            network.load_state_dict(running["network"])
            optimiser.load_state_dict(running["optimiser"])
            self.batches.restore(running["batches"])
            self.tell(f"{self.name}: goes on after step {start}")
        if self.compiles:
            # What was compiled for other networks counts towards a limit, beyond which nothing is compiled any more.
            torch._dynamo.reset()
        forward = torch.compile(network) if self.compiles else network
        if self.teacher and self.compiles:
            self.teacher = (torch.compile(self.teacher[0]), self.teacher[1])
        for step in range(start + 1, self.schedule.steps + 1):
            if self.fixed_beta and step == self._free_steps() + 1:
                freeze(network, self.fixed_beta[1])
            loss = self._step(forward, optimiser, step)
            with torch.no_grad():
                for parameter, lowest in least:
                    parameter.clamp_(min=lowest)
            if step % self.evaluate_every == 0 or step == self.schedule.steps:
                self._evaluate(network, step, loss, best)
            if self.checkpoint.every and step % self.checkpoint.every == 0 and step < self.schedule.steps:
                self._keep(network, optimiser, step, best)
        network.load_state_dict(best["network"])
        return Fitted(network, best["accuracy"], best["step"])

    def _free_steps(self) -> int:
        return self.schedule.steps - self.fixed_beta[0]

    def _optimiser(self, network: nn.Sequential) -> torch.optim.Optimizer:
        # Rates are relative to that of the schedule, which the steps set.
        groups = parameter_groups(network, 1.0, self.schedule.weight_decay)
        optimiser = torch.optim.AdamW(groups, lr=1.0)
        for group in optimiser.param_groups:
            group["part"] = group["lr"]
        return optimiser

    def _step(self, forward: Callable[[Tensor], Tensor], optimiser: torch.optim.Optimizer, step: int) -> float:
        rate = self.schedule.rate(step)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["part"]
        images, labels = self.batches.next(self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        settles = self.fixed_beta is not None and step > self._free_steps()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.in_bf16 and not settles):
            loss = self._loss(forward, images, labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        value = float(loss.detach())
        if not np.isfinite(value):
            raise ValueError(f"{self.name}: the loss of step {step} is {value}")
        return value

    def _loss(self, forward: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
        scores = forward(images).float()
        loss = F.cross_entropy(scores, labels)
        if not self.teacher:
            return loss
        teacher, how = self.teacher
        with torch.no_grad():
            wanted = F.softmax(teacher(images).float() / how.temperature, 1)
        soft = -(F.log_softmax(scores / how.temperature, 1) * wanted).sum(1).mean()
        return loss * (1.0 - how.weight) + soft * how.temperature**2 * how.weight

    def _evaluate(self, network: nn.Sequential, step: int, loss: float, best: Dict[str, Any]) -> None:
        accuracy = self.held_out.accuracy(network, self.device)
        self.tell(f"{self.name}: step {step}, loss {loss:.4f}, {accuracy:.2%} of the held-out images")
        if (not self.fixed_beta or step > self._free_steps()) and accuracy >= best["accuracy"]:
            best.update(accuracy=accuracy, step=step, network=copy.deepcopy(network.state_dict()))

    def _keep(self, network: nn.Sequential, optimiser: torch.optim.Optimizer, step: int, best: Dict[str, Any]) -> None:
        self.checkpoint.state["running"] = {
            "phase": self.name,
            "step": step,
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "best": best,
            "batches": self.batches.state(),
        }
        self.checkpoint.keep()


def _least_steps(network: nn.Sequential) -> "list[Tuple[nn.Parameter, float]]":
    """What trained steps may not fall below."""
    steps = []
    for module in network.modules():
        if isinstance(module, QuantActivation):
            steps.append(module.size)
        elif isinstance(module, (QuantConv2d, QuantLinear)):
            steps += [parameter for name, parameter in module.rule.named_parameters() if name != "beta"]
    return [(step, _LEAST_PART * float(step.detach().min())) for step in steps]
