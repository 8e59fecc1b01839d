"""A model of two batches of the demo data, and how cells are mapped onto it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.mapping.labels import predict_labels
from scbraid.mapping.map_onto import map_onto
from scbraid.mapping.reference import read_reference
from scbraid.methods.registry import parameter_schema
from scbraid.preprocess.features import select_features
from scbraid.runs.run import run_method

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference

N_LEFT_OUT = 30


def train(demo_standard: AnnData, folder: Path, method: str, **parameters: Any) -> Reference:
    """Train on all batches of the demo but one."""
    known = demo_standard[demo_standard.obs["batch"] != "pbmc10k_v3"].copy()
    known.obs["batch"] = known.obs["batch"].cat.remove_unused_categories()
    hvg, _ = select_features(known, name="pbmc", n_top_genes=300)
    defaults = {key: entry["default"] for key, entry in parameter_schema(method)["properties"].items()}
    reason = run_method(
        hvg,
        folder,
        run="demo",
        method=method,
        parameters=defaults | parameters,
        seed=0,
        accelerator="cpu",
        threads=1,
    )
    assert reason is None
    return read_reference(folder / "model")


def mapping(adata: AnnData, reference: Reference, *, known_batches: bool = False) -> MappedQuery:
    return map_onto(adata, reference, name="q", known_batches=known_batches, accelerator="cpu", threads=1)


def predictions_of(mapped: MappedQuery, reference: Reference, adata: AnnData | None = None) -> pd.DataFrame:
    return predict_labels(
        mapped.embedding,
        reference,
        probabilities=mapped.probabilities,
        truth=None if adata is None else adata.obs["label"].astype(object),
        n_neighbors=15,
        unknown_above=0.5,
    )
