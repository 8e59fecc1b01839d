"""Steps that leave counts in a file and read them in chunks, for small data in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.data.standardize import standard_form
from scbraid.preprocess.qc import filter_cells

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def standardize(adata: AnnData, **options: Any) -> AnnData:
    """Bring data to scbraid's form and check them: :func:`standard_form` with counts in ``layers["counts"]``."""
    standard, counts = standard_form(adata, **options)
    standard.layers["counts"] = counts.read()
    return standard


def control_quality(adata: AnnData, settings: dict, *, name: str) -> tuple[AnnData, pd.DataFrame, pd.DataFrame]:
    """Measure and filter cells: :func:`filter_cells`, the kept cells with ``layers["counts"]``."""
    filtered, counts, cells, summary = filter_cells(adata, settings, name=name)
    filtered.layers["counts"] = counts.read()
    return filtered, cells, summary
