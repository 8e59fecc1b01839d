"""A small source of counts, and how it is brought into the standard form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scbraid.data.standardize import standardize
from scbraid.errors import UserError

if TYPE_CHECKING:
    import anndata as ad
    import numpy as np

N_CELLS, N_GENES = 30, 6


def run(adata: ad.AnnData, **options: Any) -> ad.AnnData:
    return standardize(adata, source="x.h5ad", **{"batch": "donor", "label": "type"} | options)


def mistake(adata: ad.AnnData, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        run(adata, **options)
    message = str(caught.value)
    assert message.startswith("x.h5ad: ")
    assert len(message.splitlines()) == 1
    return message.removeprefix("x.h5ad: ")


def dense(adata: ad.AnnData) -> np.ndarray:
    return adata.layers["counts"].toarray()
