"""Which batches of a query are new to its reference."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection


def name_batches(batch: pd.Series, known: Collection[str], *, known_batches: bool) -> tuple[pd.Series, dict[str, str]]:
    """Keep batches of a query apart from those of the reference that happen to have the same name.

    Parameters
    ----------
    batch
        Batch of every cell of the query.
    known
        Batches of the reference.
    known_batches
        Whether batches of the same name are the same batches; otherwise those of the query are new ones and are called
        ``<name> (query)``.

    Returns
    -------
    tuple
        Batch of every cell (categorical), and the new name of every batch that was renamed.
    """
    names = sorted(batch.astype(str).unique())
    renamed = {} if known_batches else _free_names([name for name in names if name in known], {*names, *known})
    final = batch.astype(str).replace(renamed).astype(object)
    return pd.Series(pd.Categorical(final, categories=sorted(set(final))), index=batch.index), renamed


def _free_names(clashing: list[str], taken: set[str]) -> dict[str, str]:
    renamed = {}
    for name in clashing:
        candidates = itertools.chain([f"{name} (query)"], (f"{name} (query {i})" for i in itertools.count(2)))
        renamed[name] = next(candidate for candidate in candidates if candidate not in taken)
        taken = taken | {renamed[name]}
    return renamed
