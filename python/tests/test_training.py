"""Recipes run from files to traces, on tiny data sets that are made here."""

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rebias_torch.training import run
from rebias_torch.training.data import Batches, read
from rebias_torch.training.recipe import Data, Recipe, read_recipe, read_study
from safetensors.numpy import load_file

RECIPES = Path(__file__).parents[2] / "traces" / "recipes"

RECIPE = """
format_version = 1
name = "tiny"
seed = 3
[data]
set = "squares"
licence = "CC0-1.0"
held_out = 40
shift_pixels = 1
mirror = "horizontal"
[network]
layers = ["conv 6", "pool", "conv 8", "pool", "linear 10"]
[quantisation]
weight_bits = 2
activation_bits = 2
edge_weight_bits = 8
beta_fraction_bits = 8
[training]
batch = 20
evaluate_every = 10
checkpoint_every = 10
float = { steps = 30, warm_up_steps = 3, learning_rate = 4e-3, weight_decay = 0.02 }
fine_tune = { steps = 40, warm_up_steps = 3, learning_rate = 2e-3, weight_decay = 0.02, fixed_beta_steps = 15 }
distillation = { weight = 0.3, temperature = 2.0 }
"""


def idx(values: np.ndarray) -> bytes:
    """An IDX file of bytes."""
    return struct.pack(f">{1 + values.ndim}I", 0x0800 + values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def squares(n: int, seed: int) -> "tuple[np.ndarray, np.ndarray]":
    """Noisy images of 12 × 12 pixels: class c has a bright square at place c."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, n)
    images = random.integers(0, 60, (n, 12, 12))
    for image, label in zip(images, labels):
        row, column = 1 + label // 4 * 4, 1 + label % 4 * 3
        image[row : row + 2, column : column + 2] += 180
    return images, labels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in the IDX layout."""
    folder = tmp_path / "data"
    folder.mkdir()
    for part, n in (("train", 240), ("t10k", 60)):
        images, labels = squares(n, n)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """The tiny recipe."""
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return read_recipe(path)


def options(data: Path, images: bool = True) -> run.Options:
    return run.Options(data, torch.device("cpu"), compiles=False, in_bf16=False, images=images, command="a test")


def test_shipped_recipes_are_understood_but_for_chips() -> None:
    for path in sorted(RECIPES.glob("*.toml")):
        text = path.read_text()
        if "[hardware]" in text:
            with pytest.raises(ValueError, match="hardware unknown to the PyTorch trainer"):
                read_recipe(path)
        elif "seeds = " in text:
            assert read_study(path).forms
        else:
            assert read_recipe(path).layers[-1].startswith("linear ")


def test_a_run_leaves_a_trace_that_computes_what_was_trained(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    run.train(recipe, options(data), tmp_path / "out")
    told = (tmp_path / "out" / "trace.toml").read_text()
    assert "same class to 60 of 60 test images" in told
    accuracies = dict(line.split(" = ") for line in told.split("[provenance.accuracies]\n")[1].split("\n")[:4])
    assert float(accuracies["integer"]) == float(accuracies["fake_quantised"]) > 0.5
    samples = load_file(tmp_path / "out" / "samples.safetensors")
    right = (samples["expected"] == samples["labels"]).mean()
    assert right == pytest.approx(float(accuracies["integer"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out", "tiny.toml"]


def test_bfloat16_ends_where_beta_has_its_stored_value(
    data: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {}
    whole_loss = run.Phase._loss

    def observed(self: run.Phase, *arguments: object) -> torch.Tensor:
        steps.setdefault(self.name, []).append(torch.is_autocast_enabled("cpu"))
        return whole_loss(self, *arguments)

    monkeypatch.setattr(run.Phase, "_loss", observed)
    run.train(recipe, replace(options(data), in_bf16=True), tmp_path / "out")
    assert steps == {
        "pre-training": [True] * 30,
        "float twin": [True] * 40,
        "quantised biased": [True] * 25 + [False] * 15,
    }


def test_a_killed_run_ends_with_the_same_bytes(
    data: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.train(recipe, options(data), tmp_path / "whole" / "net")
    for phase, step in (("float twin", 25), ("quantised biased", 12), ("quantised biased", 37)):
        out = tmp_path / f"{phase}-{step}" / "net"
        whole_step = run.Phase._step

        def killed(self: run.Phase, forward: object, optimiser: object, at: int) -> float:
            if (self.name, at) == (phase, step):
                raise KeyboardInterrupt
            return whole_step(self, forward, optimiser, at)

        with monkeypatch.context() as patched:
            patched.setattr(run.Phase, "_step", killed)
            with pytest.raises(KeyboardInterrupt):
                run.train(recipe, options(data), out)
        assert not out.exists()
        with pytest.raises(ValueError, match="without --bf16"):
            run.train(recipe, replace(options(data), in_bf16=True), out)
        run.train(recipe, options(data), out)
        for file in ("trace.toml", "tensors.safetensors"):
            assert (out / file).read_bytes() == (tmp_path / "whole" / "net" / file).read_bytes(), (phase, step)


def test_a_study_trains_what_is_missing(data: Path, tmp_path: Path) -> None:
    short = RECIPE.replace("steps = 30", "steps = 8").replace("steps = 40", "steps = 20")
    (tmp_path / "tiny.toml").write_text(short)
    study = tmp_path / "study.toml"
    study.write_text('format_version = 1\nname = "s"\nrecipe = "tiny.toml"\nforms = ["biased", "bwn"]\nseeds = [1]\n')
    out = tmp_path / "out"
    run.study(read_study(study), options(data, images=False), out)
    assert sorted(path.name for path in out.iterdir()) == ["s-biased-s1", "s-bwn-s1"]
    tensors = {name: load_file(out / name / "tensors.safetensors") for name in ("s-biased-s1", "s-bwn-s1")}
    assert tensors["s-bwn-s1"]["conv2.codes"].max() <= 1 < tensors["s-biased-s1"]["conv2.codes"].max()
    assert not (out / "s-bwn-s1" / "samples.safetensors").exists()
    before = (out / "s-bwn-s1" / "trace.toml").stat().st_mtime_ns
    run.study(read_study(study, seeds=(1,)), options(data, images=False), out)
    assert (out / "s-bwn-s1" / "trace.toml").stat().st_mtime_ns == before


def test_batches_hold_each_image_once_a_round_and_move_it(data: Path, recipe: Recipe) -> None:
    samples = read(data, recipe.data, "train")
    assert samples.images.shape == (240, 1, 12, 12)
    batches = Batches(samples, np.arange(240), 48, recipe.data, 1)
    labels = torch.cat([batches.next(torch.device("cpu"))[1] for _ in range(5)])
    assert torch.equal(labels.sort()[0], torch.from_numpy(np.sort(samples.labels).astype(np.int64)))
    still = Data("squares", "CC0-1.0", held_out=1, shift_pixels=0, mirror="never")
    images, _ = Batches(samples, np.arange(240), 240, still, 1).next(torch.device("cpu"))
    plain = sorted(image.tobytes() for image in samples.images)
    assert sorted((image * 255).round().to(torch.uint8).numpy().tobytes() for image in images) == plain


def test_cifar_records_become_images(tmp_path: Path) -> None:
    records = np.zeros((3, 3074), np.uint8)
    records[:, 0], records[:, 1], records[:, 2] = 7, (1, 98, 3), 200
    (tmp_path / "test.bin").write_bytes(records.tobytes())
    samples = read(tmp_path, Data("c", "l", 1, 0, "never", layout="cifar-100"), "test")
    assert samples.images.shape == (3, 3, 32, 32) and list(samples.labels) == [1, 98, 3]
    assert (samples.images[:, 0, 0, 0] == 200).all() and samples.images.sum() == 600


@pytest.mark.parametrize(
    "change, what",
    [
        (("held_out = 40", "held_out = 240"), "held_out is 240, of 240"),
        (('mirror = "horizontal"', 'mirror = "vertical"'), "mirror is `vertical`"),
        (("seed = 3", "seed = 3\nsped = 4"), "sped unknown"),
        (('"pool", "conv 8"', '"poll", "conv 8"'), "`poll` is none of"),
        (("weight_bits = 2", 'weight_bits = 2\nform = "twin"'), "form is `twin`"),
        (("batch = 20", ""), "`batch` is missing"),
        (('licence = "CC0-1.0"', 'licence = "CC0-1.0"\nsha256 = ["00 train-images-idx3-ubyte"]'), "SHA-256"),
    ],
)
def test_mistakes_are_told(data: Path, tmp_path: Path, change: "tuple[str, str]", what: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(RECIPE.replace(*change))
    with pytest.raises(ValueError, match=what):
        run.train(read_recipe(path), options(data), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_files_are_told(data: Path, recipe: Recipe) -> None:
    images = data / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(ValueError, match="holds 34559 values"):
        read(data, recipe.data, "train")
    images.unlink()
    with pytest.raises(ValueError, match="neither train-images"):
        read(data, recipe.data, "train")
