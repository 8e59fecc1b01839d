"""Averages of cells within labels, then over labels, so that a rare label counts as much as a common one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

#: labels of no more cells are too small to tell how their batches mix
FEWEST_CELLS = 10


def mean_over_labels(values: np.ndarray, labels: np.ndarray) -> float | None:
    """Average the mean of every label.

    Parameters
    ----------
    values
        One a cell, NaN where a cell does not count.
    labels
        Integers from 0, one a cell.

    Returns
    -------
    None where no cell counts.
    """
    counted = ~np.isnan(values)
    sums = np.bincount(labels[counted], weights=values[counted])
    sizes = np.bincount(labels[counted])
    return float(np.mean(sums[sizes > 0] / sizes[sizes > 0])) if counted.any() else None


def median_over_labels(values: np.ndarray, labels: np.ndarray) -> float | None:
    """Average the median of every label, as :func:`mean_over_labels` does the means."""
    counted = ~np.isnan(values)
    medians = [np.median(values[counted & (labels == label)]) for label in np.unique(labels[counted])]
    return float(np.mean(medians)) if medians else None


def within_mixed_labels(
    score: Callable[[np.ndarray, np.ndarray], np.ndarray | float],
    labels: np.ndarray,
    batch: np.ndarray,
    *,
    fewest_cells: int,
) -> np.ndarray:
    """Score the cells of every label that has several batches, one label at a time.

    Parameters
    ----------
    score
        Function of (positions of the cells of a label, their batches as integers from 0), one score a cell or one for
        all.
    labels, batch
        Integers from 0, one a cell.
    fewest_cells
        Labels of fewer cells are left out.

    Returns
    -------
    float64, one a cell; NaN for the cells of other labels.
    """
    scores = np.full(len(labels), np.nan)
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        batches, codes = np.unique(batch[cells], return_inverse=True)
        if len(batches) > 1 and len(cells) >= fewest_cells:
            scores[cells] = score(cells, codes)
    return scores
