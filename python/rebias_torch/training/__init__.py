"""Recipes of `rebias train`, run in PyTorch: on a GPU where there is one, and faster than the Rust trainer on a CPU.

    python -m rebias_torch train RECIPE.toml --data DIR --out DIR
    python -m rebias_torch study STUDY.toml --data DIR --out DIR

The same phases, rules and schedules; random numbers and the order of additions differ, so weights do too. Recipes with
`[hardware]` need the Rust trainer, which has the chips.
"""
