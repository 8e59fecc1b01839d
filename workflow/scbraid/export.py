"""One .h5ad file with everything: filtered cells, all embeddings and layouts, predictions, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scanpy as sc

from scbraid.features import TARGET_SUM

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


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
        Filtered data with ``layers["counts"]``.
    selected_genes
        Names of the HVG.
    embeddings, layouts
        Cells x dimensions and cells x 2, under the names of their runs.
    predictions
        Tables with cell, prediction and probability, under the names of their classifier and run.
    provenance
        JSON-able facts for ``uns["scbraid"]``.

    Returns
    -------
    anndata.AnnData
        ``X`` = log1p of counts per 10,000, ``layers["counts"]``, ``var["highly_variable"]``, ``obsm["X_<run>"]``,
        ``obsm["X_umap_<run>"]``, ``obs["prediction_<name>"]`` and ``obs["probability_<name>"]`` (missing for cells
        that were not in a query).
    """
    result = adata.copy()
    result.X = result.layers["counts"].copy()
    sc.pp.normalize_total(result, target_sum=TARGET_SUM)
    sc.pp.log1p(result)
    result.uns.clear()
    result.uns["scbraid"] = provenance
    result.var["highly_variable"] = result.var_names.isin(selected_genes)
    for prefix, tables in (("X_", embeddings), ("X_umap_", layouts)):
        for name, table in tables.items():
            result.obsm[f"{prefix}{name}"] = np.ascontiguousarray(table.loc[result.obs_names].to_numpy())
    for name, table in predictions.items():
        by_cell = table.set_index("cell")
        result.obs[f"prediction_{name}"] = by_cell["prediction"].reindex(result.obs_names).astype("category")
        result.obs[f"probability_{name}"] = by_cell["probability"].reindex(result.obs_names)
    return result


def run_keys(runs: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Name runs for ``obsm``: the first seed of a method by the method alone, further ones with their seed."""
    keys: dict[tuple[str, int], str] = {}
    for name, seed in runs:
        first = all(known != name for known, _ in keys)
        keys[name, seed] = name if first else f"{name}_seed{seed}"
    return keys
