"""Unintegrated PCA: what the data look like when nothing is corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS: dict = {}


def pca(adata: AnnData, context: Context) -> Result:  # noqa: ARG001 - every method has this signature
    """Return the principal components of the ``pca`` step (section ``pca`` of the config)."""
    return Result(embedding=adata.obsm["X_pca"])
