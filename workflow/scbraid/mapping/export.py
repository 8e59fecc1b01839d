"""Mapped cells as one AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

#: columns of the predictions that cells are given
NAMES, MEASURES = ("prediction", "decision"), ("probability", "uncertainty")


def mapped_cells(
    adata: AnnData,
    *,
    embedding: pd.DataFrame,
    layout: pd.DataFrame,
    predictions: pd.DataFrame,
    facts: dict[str, Any],
    source: dict[str, Any],
) -> AnnData:
    """Put what mapping gave beside the counts.

    Parameters
    ----------
    adata
        Query in the form of :func:`scbraid.data.standardize.standard_form`, with ``layers["counts"]``.
    embedding
        Its cells x dimensions.
    layout
        From :func:`scbraid.mapping.joint.joint_layout`.
    predictions
        From :func:`scbraid.mapping.labels.predict_labels`.
    facts
        Content of query.json.
    source
        Content of source.json.

    Returns
    -------
    anndata.AnnData
        All genes of the query, ``layers["counts"]``, ``obsm["X_<method>"]``, ``obsm["X_umap"]``, ``obs["batch"]`` as
        the model knows it, and for a reference with labels ``obs`` prediction, probability, uncertainty and decision
        (the prediction, or unknown). Columns of these names that stood there before are now ``<name>_original``.
        ``uns["scbraid"]`` has the facts.
    """
    result = adata.copy()
    result.obs["batch"] = result.obs["batch"].cat.rename_categories(facts["renamed_batches"])
    if len(predictions):
        by_cell = predictions.set_index("cell").loc[result.obs_names]
        result.obs = result.obs.rename(columns={name: f"{name}_original" for name in NAMES + MEASURES})
        result.obs[list(NAMES)] = by_cell[list(NAMES)].astype("category")
        result.obs[list(MEASURES)] = by_cell[list(MEASURES)]
    result.obsm[f"X_{facts['method']}"] = np.ascontiguousarray(embedding.loc[result.obs_names].to_numpy())
    of_query = layout.loc[layout["role"] == "query", ["0", "1"]]
    result.obsm["X_umap"] = np.ascontiguousarray(of_query.loc[result.obs_names].to_numpy())
    result.uns["scbraid"] = {"source": source, "query": facts}
    return result
