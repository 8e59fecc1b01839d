"""The family of scvi-tools: small models, how one is trained and how cells are mapped onto it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scvi

from scbraid.methods.registry import load_mapping, parameter_schema
from scbraid.methods.spec import Context
from unit.methods.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Mapped, Result

CLASSES = {
    "scvi": scvi.model.SCVI,
    "scanvi": scvi.model.SCANVI,
    "linear_scvi": scvi.model.LinearSCVI,
    "sysvi": scvi.external.SysVI,
    "mrvi": scvi.external.TorchMRVI,
}
SMALL = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2}
TINY: dict[str, dict[str, Any]] = {
    "scvi": SMALL,
    "scanvi": SMALL | {"max_epochs_scanvi": 2},
    "linear_scvi": SMALL,
    "sysvi": SMALL,
    "mrvi": {"encoder_n_hidden": 16, "encoder_n_layers": 1, "n_latent": 6, "n_latent_u": 5, "max_epochs": 2},
}
#: long enough to tell the planted groups apart
SHORT: dict[str, dict[str, Any]] = {
    "scvi": {"n_latent": 5, "n_layers": 1, "batch_size": 32, "max_epochs": 20},
    "scanvi": {"n_latent": 5, "n_layers": 1, "batch_size": 32, "max_epochs": 15, "max_epochs_scanvi": 5},
}
COVARIATES = {"categorical_covariates": ["sex"], "continuous_covariates": ["age"]}
QUERY_BATCH = "batch2"


def parameters(name: str, **changed: Any) -> dict[str, Any]:
    return {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()} | changed


def context(folder: Path) -> Context:
    folder.mkdir(exist_ok=True, parents=True)
    return Context(seed=0, accelerator="cpu", threads=1, model_dir=folder)


def train(name: str, adata: AnnData, folder: Path, *, accelerator: str = "cpu", **changed: Any) -> Result:
    folder.mkdir(exist_ok=True, parents=True)
    return run(name, adata, accelerator=accelerator, model_dir=folder, **TINY[name] | changed)


def map_onto(name: str, adata: AnnData, folder: Path, **changed: Any) -> Mapped:
    query = adata.copy()
    query.obs["label"] = query.obs["label"].cat.set_categories([])
    return load_mapping(name)(query, context(folder), **parameters(name, **changed))
