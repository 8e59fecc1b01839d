"""How many cells and how fine a sweep scores rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Profile:
    """A trade of time for precision.

    Attributes
    ----------
    max_cells
        Data of more cells are scored on a sample of this size; None for all cells.
    resolutions
        Resolutions of the Leiden clustering.
    """

    max_cells: int | None
    resolutions: tuple[float, ...]


PROFILES: dict[str, Profile] = {
    "full": Profile(None, tuple(step / 10 for step in range(1, 21))),
    "fast": Profile(50_000, tuple(step / 5 for step in range(1, 11))),
}


def stratified(strata: pd.DataFrame, max_cells: int | None, *, seed: int = 0) -> np.ndarray:
    """Draw cells so that every combination of batch and label keeps its share.

    Parameters
    ----------
    strata
        One row a cell; cells that agree in all columns are of one stratum, a missing value is a value too.
    max_cells
        Size of the sample; None, or at least the number of cells, for all of them.
    seed
        Seed of the draw.

    Returns
    -------
    Positions of the cells, ascending. Strata get their share rounded down but at least one cell, the rest goes to those
    that lost most by the rounding. Where there are more strata than cells to draw, all cells are drawn alike.
    """
    if max_cells is None or max_cells >= len(strata):
        return np.arange(len(strata))
    stratum = strata.groupby(list(strata.columns), dropna=False, observed=True, sort=True).ngroup().to_numpy()
    if stratum.max() >= max_cells:
        return np.sort(np.random.default_rng(seed).choice(len(strata), max_cells, replace=False))
    quota = _quota(np.bincount(stratum), max_cells)
    order = np.random.default_rng(seed).permutation(len(stratum))
    order = order[np.argsort(stratum[order], kind="stable")]
    sizes = np.bincount(stratum)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[place < quota[stratum[order]]])


def _quota(sizes: np.ndarray, total: int) -> np.ndarray:
    shares = sizes * (total / sizes.sum())
    quota = np.maximum(np.floor(shares).astype(int), 1)
    while quota.sum() > total:  # one cell each for the rare is paid by the largest
        quota[quota.argmax()] -= 1
    lost = np.argsort(quota - shares, kind="stable")
    for index in lost[: total - quota.sum()]:
        quota[index] += 1
    return quota
