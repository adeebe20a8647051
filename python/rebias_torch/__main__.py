"""`python -m rebias_torch train RECIPE` and `… study STUDY`."""

import argparse
import sys
from pathlib import Path

import torch

from .training.recipe import read_recipe, read_study
from .training.run import Options, study, train


def main() -> int:
    """Exit code 2 for what a user can mend."""
    parser = argparse.ArgumentParser(prog="python -m rebias_torch", description="Trains recipes of `rebias train`.")
    parser.add_argument("what", choices=["train", "study"])
    parser.add_argument("file", type=Path, help="the recipe, or the study")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trace, or of the study's traces")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="of the CPU; default: all")
    parser.add_argument("--no-images", action="store_true", help="leave the data set's images out of traces")
    parser.add_argument("--compile", action="store_true", help="compile networks first (on a CPU: needs a C++ compiler)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, but for steps with beta's stored value")
    parser.add_argument("--seeds", help="of a study, a part: 1,2,3")
    told = parser.parse_args()
    if told.threads:
        torch.set_num_threads(told.threads)
    flags = "".join(f" --{flag}" for flag in ("compile", "bf16", "no-images") if getattr(told, flag.replace("-", "_")))
    command = f"python -m rebias_torch {told.what} {told.file} --out {told.out}{flags}"
    options = Options(told.data, torch.device(told.device), told.compile, told.bf16, not told.no_images, command)
    try:
        if told.what == "train":
            train(read_recipe(told.file), options, told.out)
        else:
            seeds = told.seeds and tuple(int(seed) for seed in told.seeds.split(","))
            study(read_study(told.file, seeds), options, told.out)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


sys.exit(main())
