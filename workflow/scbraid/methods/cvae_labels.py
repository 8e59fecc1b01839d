"""scbraid's CVAE with a label head: known labels shape the embedding, and the others are predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.cvae.parameters import json_schema
from scbraid.errors import UserError
from scbraid.methods.cvae import PARAMETERS as CVAE_PARAMETERS
from scbraid.methods.cvae import map_query, trained

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.methods.spec import Context, Result

__all__ = ["cvae_labels", "map_query"]
PARAMETERS = CVAE_PARAMETERS | {"classification_ratio": json_schema()["properties"]["classification_ratio"]}


def cvae_labels(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train as :func:`scbraid.methods.cvae.cvae` does, with ``obs["label"]``; cells without a label teach no label."""
    if adata.obs["label"].isna().all():
        raise UserError("cvae_labels: no cell has a label to learn from; take cvae, or name a column of labels")
    return trained(adata, context, label_key="label", **parameters)
