"""One call of a method with its defaults, and what tests ask of its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.spatial.distance import pdist

from scbraid.methods.registry import load, parameter_schema
from scbraid.methods.spec import Context

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Result

#: long enough trained to mix the planted batches; of the scvi-tools family one with its own width, the others small
PLANTED_PARAMETERS = {
    "scvi": {"n_latent": 10, "batch_size": 32, "max_epochs": 60},
    "scanvi": {
        "n_hidden": 16,
        "n_latent": 5,
        "n_layers": 1,
        "batch_size": 32,
        "max_epochs": 15,
        "max_epochs_scanvi": 5,
        "lr": 0.004,
    },
    "linear_scvi": {"n_hidden": 32, "n_latent": 4, "n_layers": 1, "batch_size": 32, "max_epochs": 25, "lr": 0.01},
    "sysvi": {
        "n_hidden": 64,
        "n_latent": 5,
        "batch_size": 32,
        "max_epochs": 30,
        "kl_weight": 3,
        "z_distance_cycle_weight": 10,
    },
    "mrvi": {
        "encoder_n_hidden": 32,
        "encoder_n_layers": 1,
        "n_latent": 8,
        "n_latent_u": 5,
        "batch_size": 32,
        "max_epochs": 20,
        "lr": 0.002,
    },
    "cvae": {"max_epochs": 100},
    "cvae_labels": {"max_epochs": 100},
}


class Trained(NamedTuple):
    """What a method gave, and the folder of its model."""

    result: Result
    folder: Path


def run(
    name: str, adata: AnnData, *, seed: int = 0, accelerator: str = "cpu", model_dir: Path | None = None, **changed: Any
) -> Result:
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    context = Context(seed=seed, accelerator=accelerator, threads=1, model_dir=model_dir)
    return load(name)[0](adata.copy(), context, **defaults | changed)


def correlation_of_distances(*embeddings: np.ndarray) -> float:
    return float(np.corrcoef([pdist(embedding) for embedding in embeddings])[0, 1])
