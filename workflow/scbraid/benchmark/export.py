"""One .h5ad file with everything: filtered cells, all embeddings and layouts, predictions, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from anndata import AnnData

from scbraid.data.counts import Counts
from scbraid.preprocess.expression import LogNormalised

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.data.counts import Chunked


def integrated(
    adata: AnnData,
    *,
    selected_genes: pd.Index,
    embeddings: dict[str, pd.DataFrame],
    layouts: dict[str, pd.DataFrame],
    predictions: dict[str, pd.DataFrame],
    provenance: dict[str, Any],
) -> AnnData:
    """Assemble the reference.

    Parameters
    ----------
    adata
        Filtered data.
    selected_genes
        Names of the HVG.
    embeddings, layouts
        Cells x dimensions and cells x 2, under the names of their runs; those without dimensions are left out.
    predictions
        Tables with cell, decision, probability and uncertainty, under the names of their classifier and run.
    provenance
        JSON-able facts for ``uns["scbraid"]``.

    Returns
    -------
    anndata.AnnData
        Everything but the :func:`matrices`: ``var["highly_variable"]``, ``obsm["X_<run>"]``, ``obsm["X_umap_<run>"]``,
        ``obs["prediction_<name>"]`` (a label or unknown), ``obs["probability_<name>"]`` and
        ``obs["uncertainty_<name>"]`` (missing for cells that were not held out).
    """
    result = AnnData(obs=adata.obs.copy(), var=adata.var.copy(), uns={"scbraid": provenance})
    result.var["highly_variable"] = result.var_names.isin(selected_genes)
    for prefix, tables in (("X_", embeddings), ("X_umap_", layouts)):
        for name, table in ((name, table) for name, table in tables.items() if table.shape[1]):
            result.obsm[f"{prefix}{name}"] = np.ascontiguousarray(table.loc[result.obs_names].to_numpy())
    for name, table in predictions.items():
        by_cell = table.set_index("cell")
        result.obs[f"prediction_{name}"] = by_cell["decision"].reindex(result.obs_names).astype("category")
        for measure in ("probability", "uncertainty"):
            result.obs[f"{measure}_{name}"] = by_cell[measure].reindex(result.obs_names)
    return result


def matrices(adata: AnnData) -> dict[str, Chunked]:
    """Matrices of the file, read a chunk at a time: ``X`` = log1p of counts per 10,000, and ``layers["counts"]``."""
    counts = Counts(adata.layers["counts"])
    return {"X": LogNormalised(counts), "layers/counts": counts}


def run_keys(names_and_seeds: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Name runs for ``obsm``: the first seed of a method by the method alone, further ones with their seed."""
    keys: dict[tuple[str, int], str] = {}
    for name, seed in names_and_seeds:
        first = all(known != name for known, _ in keys)
        keys[name, seed] = name if first else f"{name}_seed{seed}"
    return keys
