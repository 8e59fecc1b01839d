"""Control: every label a corner of a simplex. Upper bound of bio conservation (after Luecken et al. 2022, scIB)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.methods.label_groups import label_groups
from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS = {
    "jitter": {
        "description": "Standard deviation of the noise around a corner; corners are 1.4 apart.",
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 0.05,
    },
}


def control_labels(adata: AnnData, context: Context, *, jitter: float) -> Result:
    """Embed every cell at the unit vector of its label with a little noise, so that neighbours are no ties.

    Cells without a label share a unit vector of their own.

    Raises
    ------
    UserError
        For data without labels.
    """
    groups = label_groups(adata.obs, method="control_labels")
    corners = np.eye(groups.max() + 1)[groups]
    return Result(embedding=corners + np.random.default_rng(context.seed).normal(0, jitter, corners.shape))
