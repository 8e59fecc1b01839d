"""Control: cells trade places within their label. Perfectly mixed batches, biology of the unintegrated PCA."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.methods.label_groups import label_groups
from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS: dict = {}


def control_mixed(adata: AnnData, context: Context) -> Result:
    """Permute the rows of ``obsm["X_pca"]`` within every label, and among the cells without a label.

    Raises
    ------
    UserError
        For data without labels.
    """
    groups = label_groups(adata.obs, method="control_mixed")
    rng = np.random.default_rng(context.seed)
    embedding = adata.obsm["X_pca"].copy()
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        embedding[rows] = embedding[rng.permutation(rows)]
    return Result(embedding=embedding)
