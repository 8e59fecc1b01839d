"""Metrics as statistics of cells, which says how to bootstrap them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

#: limits of an interval that holds 95 % of the replicates
QUANTILES = (0.025, 0.975)


class Statistic(NamedTuple):
    """A function of quantities that every cell has.

    Attributes
    ----------
    function
        Takes `cells` and returns a score, or None where it does not apply.
    cells
        Arrays with one row a cell.
    """

    function: Callable[..., float | None]
    cells: tuple[np.ndarray, ...]

    def value(self) -> float | None:
        """Compute the score of all cells."""
        return self.function(*self.cells)

    def interval(self, *, n_replicates: int, seed: int) -> tuple[float, float]:
        """Bootstrap over cells (Efron 1979): the range of 95 % of the scores of as many cells drawn with replacement.

        What was computed for a cell among all others, such as its neighbours or its cluster, stays as it is. The scores
        are moved so that their mean is the score of all cells: a draw makes batches differ by chance, which would
        otherwise count as bias. Limits lie within 0 and 1, or down to a score that is negative.
        """
        if not self.cells or (value := self.value()) is None:
            return np.nan, np.nan
        rng = np.random.default_rng(seed)
        n_cells = len(self.cells[0])
        scores = []
        for _ in range(n_replicates):
            drawn = rng.integers(n_cells, size=n_cells)
            score = self.function(*(array[drawn] for array in self.cells))
            if score is not None:
                scores.append(score)
        if not scores:
            return np.nan, np.nan
        moved = np.quantile(scores, QUANTILES) - np.mean(scores) + value
        low, high = np.clip(moved, min(0.0, value), 1.0)
        return float(low), float(high)
