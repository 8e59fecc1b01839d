"""Scores of isolated labels, those found in the fewest batches (Luecken et al. 2022)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scbraid.metrics.agreement import best_f1
from scbraid.metrics.clustering import partitions_of
from scbraid.metrics.silhouette import label_widths
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells


def isolated_labels(labels: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Return the labels found in the fewest batches; none where every label is in every batch.

    Parameters
    ----------
    labels, batch
        Integers from 0, one a cell.
    """
    pairs = np.unique(np.column_stack([labels, batch]), axis=0)
    found, n_batches = np.unique(pairs[:, 0], return_counts=True)
    fewest = n_batches.min()
    return found[n_batches == fewest] if fewest < len(np.unique(batch)) else found[:0]


def isolated_label_f1(partitions: np.ndarray, labels: np.ndarray, isolated: np.ndarray) -> float | None:
    """Best F1 of any cluster of any partition against an isolated label, mean over isolated labels.

    Parameters
    ----------
    partitions
        Clusterings at several resolutions, cells x resolutions, integers from 0.
    labels
        Integers from 0, one a cell.
    isolated
        The isolated labels; those without a cell do not count, and without any the result is None.
    """
    found = [labels == label for label in np.intersect1d(isolated, labels)]
    if not found:
        return None
    return float(np.mean([max(best_f1(clusters, members) for clusters in partitions.T) for members in found]))


def isolated_label_silhouette(widths: np.ndarray, labels: np.ndarray, isolated: np.ndarray) -> float | None:
    """Mean silhouette width of the cells of an isolated label scaled to 0-1, mean over isolated labels.

    Parameters
    ----------
    widths
        Silhouette width of every cell among all labels.
    labels
        Integers from 0, one a cell.
    isolated
        The isolated labels; those without a cell do not count, and without any the result is None.
    """
    found = np.intersect1d(isolated, labels)
    if not len(found):
        return None
    return float(np.mean([(widths[labels == label].mean() + 1) / 2 for label in found]))


def isolated_of(cells: Cells) -> np.ndarray:
    """Labels found in the fewest batches."""
    return isolated_labels(cells.labels, cells.batch)


def isolated_label_f1_statistic(cells: Cells) -> Statistic | None:
    """Best F1 of the isolated labels; None where none is isolated."""
    isolated = isolated_of(cells)
    if not len(isolated):
        return None
    return Statistic(partial(isolated_label_f1, isolated=isolated), (cells.once(partitions_of), cells.labels))


def isolated_label_silhouette_statistic(cells: Cells) -> Statistic | None:
    """Silhouette width of the isolated labels; None where none is isolated."""
    isolated = isolated_of(cells)
    if not len(isolated):
        return None
    return Statistic(partial(isolated_label_silhouette, isolated=isolated), (cells.once(label_widths), cells.labels))
