"""Small models that train in a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.cvae import CVAE

if TYPE_CHECKING:
    import anndata as ad

SMALL = {"n_latent": 4, "n_hidden": 16, "max_epochs": 3, "batch_size": 50, "accelerator": "cpu"}

RECIPES = {
    "plain": {"conditional": False},
    "zinb": {"likelihood": "zinb"},
    "poisson": {"likelihood": "poisson"},
    "gene-batch": {"dispersion": "gene-batch"},
    "encoder": {"encode_covariates": True, "deeply_inject_covariates": False, "use_layer_norm": "encoder"},
    "embedding": {"batch_representation": "embedding", "condition_output": True},
    "batch": {"prior": "batch", "use_batch_norm": "none"},
    "mog": {"prior": "mog", "input_transform": "log1p_normalized", "free_bits": 0.1},
    "vamp": {"prior": "vamp", "encode_covariates": True, "activation": "silu"},
    "widths": {"n_hidden": [24, 12], "lr_schedule": "cosine", "kl_schedule": "cyclic"},
}


def make(cells: ad.AnnData, **changes: object) -> CVAE:
    return CVAE(cells, **{"batch_key": "batch", **SMALL, **changes})


def all_covariates() -> dict[str, object]:
    return {"categorical_covariate_keys": ["sex"], "continuous_covariate_keys": ["age"], "label_key": "group"}


def with_obs(cells: ad.AnnData, **columns: object) -> ad.AnnData:
    other = cells.copy()
    for name, values in columns.items():
        other.obs[name] = values
    return other
