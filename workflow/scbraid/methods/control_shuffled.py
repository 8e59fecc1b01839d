"""Control: all cells trade places. Lower bound of bio conservation; batches are mixed, and so is everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS: dict = {}


def control_shuffled(adata: AnnData, context: Context) -> Result:
    """Permute the rows of ``obsm["X_pca"]``."""
    return Result(embedding=np.random.default_rng(context.seed).permutation(adata.obsm["X_pca"]))
