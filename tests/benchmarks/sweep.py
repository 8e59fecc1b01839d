"""The sweep over recipe choices that chose the defaults of the cvae: total scores of each, every number repeatable.

    python tests/benchmarks/sweep.py --datasets pbmc kang --seeds 0
    python tests/benchmarks/sweep.py --recipes "n_latent 15, normal_share 0.4, steps 3000"

Every recipe is BASE with some parameters changed, and is named after them. Finished runs are lines of the table; a
second call computes only what is missing there. The runs behind the choice are in docs/benchmarks/sweep.tsv.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from quality import cvae, load, run_command

if TYPE_CHECKING:
    import numpy as np

BASE = {
    "prior": "mog",
    "n_components": 20,
    "n_latent": 10,
    "n_hidden": 128,
    "n_layers": 2,
    "dropout_rate": 0.1,
    "input_transform": "log1p_normalized",
    "normal_share": 0.0,
    "batch_size": 128,
    "lr": 4e-3,
    "beta": 1.0,
    "steps": 2000,
}
CHANGES: list[dict[str, Any]] = [
    {},
    {"steps": 4000},
    {"batch_size": 256},
    {"batch_size": 64},
    {"lr": 0.008},
    {"beta": 1.5},
    {"beta": 2.0},
    {"input_transform": "log1p"},
    {"dropout_rate": 0.2},
    {"n_latent": 15},
    {"n_latent": 15, "steps": 3000},
    {"n_latent": 15, "batch_size": 256},
    {"n_latent": 15, "lr": 0.008},
    {"n_latent": 15, "lr": 0.008, "batch_size": 256},
    {"n_latent": 15, "beta": 2.0},
    {"n_latent": 15, "normal_share": 0.2, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.2, "beta": 0.5, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.3},
    {"n_latent": 15, "normal_share": 0.3, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.3, "batch_size": 256},
    {"n_latent": 15, "normal_share": 0.3, "lr": 0.006, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.4, "steps": 2500},
    {"n_latent": 15, "normal_share": 0.4, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.5},
    {"n_latent": 15, "normal_share": 0.5, "steps": 3000},
    {"n_latent": 15, "normal_share": 0.5, "batch_size": 256},
    {"n_latent": 15, "normal_share": 0.5, "lr": 0.008},
    {"n_latent": 15, "normal_share": 0.5, "lr": 0.008, "batch_size": 256},
    {"n_latent": 15, "normal_share": 0.8},
    {"n_latent": 15, "dropout_rate": 0.0, "normal_share": 0.5, "batch_size": 256},
    {"n_latent": 20, "batch_size": 256},
    {"n_latent": 20, "normal_share": 0.2, "steps": 3000},
    {"n_latent": 20, "normal_share": 0.3, "batch_size": 256},
    {"n_latent": 20, "normal_share": 0.3, "lr": 0.008, "batch_size": 256},
    {"n_latent": 20, "normal_share": 0.4, "batch_size": 256},
    {"n_latent": 20, "normal_share": 0.5, "batch_size": 256},
    {"n_components": 10},
    {"n_components": 10, "n_latent": 15},
    {"n_components": 10, "n_latent": 15, "steps": 3000},
    {"n_components": 10, "n_latent": 15, "normal_share": 0.2},
    {"n_components": 10, "n_latent": 15, "normal_share": 0.2, "steps": 3000},
    {"n_components": 10, "n_latent": 15, "normal_share": 0.3},
    {"n_components": 10, "n_latent": 15, "normal_share": 0.5},
    {"n_components": 5, "n_latent": 15},
    {"n_components": 50},
    {"n_components": 50, "n_latent": 15, "normal_share": 0.5, "batch_size": 256},
    {"prior": "normal", "n_latent": 15},
]
RECIPES = {", ".join(f"{name} {value}" for name, value in changes.items()) or "base": changes for changes in CHANGES}


def recipe(dataset: str, seed: int, *, steps: int, **parameters: Any) -> np.ndarray:
    """Train for a number of steps."""
    parameters["max_epochs"] = round(steps * parameters["batch_size"] / load(dataset).n_obs)
    return cvae(dataset, seed, **parameters)


def main() -> None:
    """Run from the command line."""
    methods = {name: partial(recipe, **BASE | changes) for name, changes in RECIPES.items()}
    run_command(__doc__, methods, called="recipes", table_name="sweep.tsv", seeds=[0])


if __name__ == "__main__":
    main()
