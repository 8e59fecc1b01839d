"""The sweep over recipe choices that chose the defaults of the cvae: total scores of each, every number repeatable.

    python tests/benchmarks/sweep.py --recipes base drop0 --datasets pbmc kang --seeds 0

Every recipe is BASE with some parameters changed. Finished runs are lines of the table; a second call computes only
what is missing there. The table of the choice made is docs/benchmarks/sweep.tsv.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quality import DATASETS, ROOT, cvae, load, run_missing

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
    "batch_size": 128,
    "lr": 4e-3,
    "beta": 1.0,
}
RECIPES: dict[str, dict[str, Any]] = {
    "base": {},
    "normal": {"prior": "normal"},
    "vamp": {"prior": "vamp"},
    "components 10": {"n_components": 10},
    "components 50": {"n_components": 50},
    "latent 8": {"n_latent": 8},
    "latent 15": {"n_latent": 15},
    "latent 15, beta 1.5": {"n_latent": 15, "beta": 1.5},
    "latent 15, beta 2": {"n_latent": 15, "beta": 2.0},
    "latent 15, batch size 256": {"n_latent": 15, "batch_size": 256},
    "latent 15, batch size 256, lr 8e-3": {"n_latent": 15, "batch_size": 256, "lr": 8e-3},
    "latent 15, batch size 256, beta 2": {"n_latent": 15, "batch_size": 256, "beta": 2.0},
    "latent 15, batch size 256, hidden 256": {"n_latent": 15, "batch_size": 256, "n_hidden": 256},
    "latent 20, batch size 256": {"n_latent": 20, "batch_size": 256},
    "latent 15, steps 3000": {"n_latent": 15, "steps": 3000},
    "latent 15, components 10": {"n_latent": 15, "n_components": 10},
    "latent 15, lr 8e-3": {"n_latent": 15, "lr": 8e-3},
    "latent 15, raw input": {"n_latent": 15, "input_transform": "log1p"},
    "latent 20": {"n_latent": 20},
    "latent 30": {"n_latent": 30},
    "hidden 256": {"n_hidden": 256},
    "layers 1": {"n_layers": 1},
    "dropout 0": {"dropout_rate": 0.0},
    "dropout 0.2": {"dropout_rate": 0.2},
    "raw input": {"input_transform": "log1p"},
    "encode batch": {"encode_covariates": True},
    "beta 0.5": {"beta": 0.5},
    "beta 1.5": {"beta": 1.5},
    "beta 2": {"beta": 2.0},
    "lr 2e-3": {"lr": 2e-3},
    "lr 8e-3": {"lr": 8e-3},
    "batch size 64": {"batch_size": 64},
    "batch size 256": {"batch_size": 256},
    "steps 1000": {"steps": 1000},
    "steps 4000": {"steps": 4000},
    "dispersion gene-batch": {"dispersion": "gene-batch"},
}


def recipe(dataset: str, seed: int, *, steps: int = 2000, **parameters: Any) -> np.ndarray:
    """Train for a number of steps."""
    parameters["max_epochs"] = round(steps * parameters["batch_size"] / load(dataset).n_obs)
    return cvae(dataset, seed, **parameters)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=list(DATASETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "results" / "bench" / "sweep.tsv")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    methods = {name: partial(recipe, **BASE | RECIPES[name]) for name in options.recipes}
    present = [name for name in options.datasets if DATASETS[name].is_file()]
    run_missing(options.recipes, present, options.seeds, options.output, methods)


if __name__ == "__main__":
    main()
