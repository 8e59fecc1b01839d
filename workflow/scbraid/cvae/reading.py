"""Checked reading of counts and columns from an AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

VALUES_AT_ONCE = 2**24


def counts_of(adata: AnnData) -> sparse.csr_matrix:
    """Return layers["counts"], or X where there is no such layer, in compressed rows.

    The data are shared with the AnnData where they are in canonical form (sorted, without stored zeros), else copied.

    Raises
    ------
    UserError
        If a value is negative, fractional or not finite.
    """
    where = 'layers["counts"]' if "counts" in adata.layers else "X"
    stored = adata.layers.get("counts", adata.X)
    if stored is None:
        raise UserError('cvae: the data have neither layers["counts"] nor X; raw counts are needed')
    counts = sparse.csr_matrix(stored)
    _check_counts(counts.data, where)
    if not counts.has_canonical_format or (counts.data == 0).any():
        counts = counts.copy()
        counts.sum_duplicates()
        counts.eliminate_zeros()
    return counts


def column(adata: AnnData, key: str | None, *, missing: str | None = None) -> np.ndarray:
    """Return a column of obs as text; without a key, one value for all cells.

    Parameters
    ----------
    adata
        Data.
    key
        Name of the column, or None.
    missing
        Text for missing values; None allows none.

    Raises
    ------
    UserError
        If the column is absent, or has missing values that are not allowed.
    """
    if key is None:
        return np.full(adata.n_obs, "all", dtype=object)
    values = _obs(adata, key)
    absent = values.isna().to_numpy()
    if absent.any() and missing is None:
        raise UserError(f"cvae: obs['{key}'] is missing for {absent.sum()} of {len(absent)} cells; fill or drop them")
    texts = values.astype(object).where(~absent, missing).astype(str)
    return texts.to_numpy(object)


def numbers_of(adata: AnnData, keys: Sequence[str]) -> np.ndarray:
    """Return columns of obs as numbers, cells x keys.

    Raises
    ------
    UserError
        If a column is absent, or not all of it finite numbers.
    """
    numbers = np.empty((adata.n_obs, len(keys)))
    for i, key in enumerate(keys):
        try:
            numbers[:, i] = _obs(adata, key).astype(float)
        except ValueError:
            raise UserError(f"cvae: obs['{key}'] has values that are not numbers; give it as categorical") from None
        if not np.isfinite(numbers[:, i]).all():
            raise UserError(f"cvae: obs['{key}'] has missing or infinite values; fill or drop them")
    return numbers


def _obs(adata: AnnData, key: str) -> pd.Series:
    if key not in adata.obs:
        raise UserError(f"cvae: no column '{key}' in obs; {suggest(key, adata.obs.columns)}")
    return adata.obs[key]


def _check_counts(values: np.ndarray, where: str) -> None:
    for first in range(0, len(values), VALUES_AT_ONCE):
        part = values[first : first + VALUES_AT_ONCE]
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            problem = "values that are missing or infinite"
        elif part.dtype.kind in "fi" and part.min() < 0:
            problem = f"negative values, such as {part.min():g}"
        elif part.dtype.kind == "f" and (part != np.rint(part)).any():
            problem = f"fractional values, such as {part[part != np.rint(part)][0]:g}"
        else:
            continue
        raise UserError(f"cvae: {where} has {problem}; raw counts are needed")
