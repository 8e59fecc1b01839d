"""All metrics of one embedding as a table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.errors import UserError, suggest
from scbraid.labels import known_labels
from scbraid.metrics import agreement, bras, connectivity, isolated, kbet, lisi, pcr, silhouette
from scbraid.metrics.cells import Cells
from scbraid.metrics.registry import METRICS
from scbraid.neighbors import connectivities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import ArrayLike

    from scbraid.neighbors import Neighbors

logger = logging.getLogger(__name__)

KBET_NEIGHBORS = 50


def score(
    embedding: np.ndarray,
    *,
    batch: ArrayLike,
    labels: ArrayLike | None,
    neighbors: Neighbors,
    pca: np.ndarray | None,
    metrics: Iterable[str] | None = None,
    n_neighbors: int = 15,
    seed: int = 0,
) -> pd.DataFrame:
    """Score an integration.

    A metric that does not apply is absent: group ``batch`` for a single batch; metrics that look at labels for data
    without labels; group ``bio`` for a single label or as many labels as cells; isolated labels where every label is
    in every batch; ``pcr`` without a PCA; what measures distances for a graph, whose embedding has no dimensions; all
    of them for a failed run, which has no neighbours either. Cells without a label (missing, empty, or named unknown
    or unlabelled in any case) count in ``ilisi`` and ``pcr`` only; the other metrics rest on the labelled cells and a
    kNN graph of these alone.

    Parameters
    ----------
    embedding
        Cells x dimensions; without dimensions for a graph.
    batch
        Batch of every cell.
    labels
        Label of every cell, or None for data without labels.
    neighbors
        The kNN graph of the embedding.
    pca
        PCA of the same cells before integration, cells x components, or None.
    metrics
        Names of the metrics to compute; None for all.
    n_neighbors
        Size of the neighbourhoods that are clustered and tested for connectivity, the cell itself counted.
    seed
        Seed of the clustering.

    Returns
    -------
    Columns ``metric``, ``value`` and ``group`` (``bio`` or ``batch``), rows in the order of ``METRICS``.

    Raises
    ------
    UserError
        For the name of a metric that does not exist.
    ValueError
        Where inputs disagree in the number of cells, or a cell has no batch.
    """
    wanted = set(METRICS if metrics is None else metrics)
    for name in sorted(wanted.difference(METRICS)):
        raise UserError(f"metrics: unknown metric '{name}', {suggest(name, METRICS)}")
    if embedding.shape[1] == 0:
        wanted = {name for name in wanted if not METRICS[name].needs_embedding} if neighbors.indices.size else set()
    arrays = {"batch": batch, "labels": labels, "neighbors": neighbors.indices, "pca": pca}
    for name, array in arrays.items():
        if array is not None and len(array) != len(embedding):
            raise ValueError(f"{name} has {len(array)} cells, the embedding {len(embedding)}")
    batch_codes = _codes(batch)
    if (batch_codes < 0).any():
        raise ValueError("a cell has no batch")

    label_codes = None if labels is None else _codes(known_labels(pd.Series(np.asarray(labels, dtype=object))))
    cells = Cells(embedding, batch_codes, label_codes, neighbors, pca, n_neighbors, seed)
    labelled = cells.labelled()
    rows = []
    for name in (name for name in METRICS if name in wanted):
        value = _value(name, cells, labelled)
        if value is None:
            logger.info("%s does not apply", name)
        else:
            rows.append((name, float(value), METRICS[name].group))
    return pd.DataFrame(rows, columns=["metric", "value", "group"]).astype({"value": np.float64})


def _value(name: str, cells: Cells, labelled: Cells | None) -> float | None:
    """Compute one metric; None where it does not apply."""
    if METRICS[name].group == "batch" and cells.n_batches < 2:
        return None
    if name in _OF_BATCHES:
        return _OF_BATCHES[name](cells)
    if labelled is None:
        return None
    if METRICS[name].group == "bio" and not 1 < labelled.n_labels < len(labelled.labels):
        return None
    return _OF_LABELS[name](labelled)


def _codes(values: ArrayLike) -> np.ndarray:
    """Replace categories by integers from 0, in sorted order; -1 for what is missing."""
    values = pd.Series(np.asarray(values, dtype=object))
    return pd.factorize(values.where(values.isna(), values.astype(str)), sort=True)[0]


def _nmi(cells: Cells) -> float:
    return agreement.nmi(cells.best_partition, cells.labels)


def _ari(cells: Cells) -> float:
    return agreement.ari(cells.best_partition, cells.labels)


def _silhouette_label(cells: Cells) -> float:
    return silhouette.scaled_mean(cells.label_widths)


def _isolated_label_f1(cells: Cells) -> float | None:
    if not len(cells.isolated):
        return None
    return isolated.isolated_label_f1(cells.partitions, cells.labels, cells.isolated)


def _isolated_label_silhouette(cells: Cells) -> float | None:
    if not len(cells.isolated):
        return None
    return isolated.isolated_label_silhouette(cells.label_widths, cells.labels, cells.isolated)


def _clisi(cells: Cells) -> float:
    return lisi.clisi(cells.lisi(cells.labels), cells.n_labels)


def _silhouette_batch(cells: Cells) -> float | None:
    return silhouette.silhouette_batch(cells.embedding, cells.labels, cells.batch)


def _bras(cells: Cells) -> float | None:
    return bras.bras(cells.embedding, cells.labels, cells.batch)


def _kbet(cells: Cells) -> float | None:
    return kbet.kbet(connectivities(cells.neighbors, KBET_NEIGHBORS), cells.labels, cells.batch)


def _graph_connectivity(cells: Cells) -> float:
    return connectivity.graph_connectivity(cells.graph, cells.labels)


def _ilisi(cells: Cells) -> float:
    return lisi.ilisi(cells.lisi(cells.batch), cells.n_batches)


def _pcr(cells: Cells) -> float | None:
    return None if cells.pca is None else pcr.pcr(cells.pca, cells.embedding, cells.batch)


_OF_BATCHES: dict[str, Callable[[Cells], float | None]] = {"ilisi": _ilisi, "pcr": _pcr}
_OF_LABELS: dict[str, Callable[[Cells], float | None]] = {
    "nmi": _nmi,
    "ari": _ari,
    "silhouette_label": _silhouette_label,
    "isolated_label_f1": _isolated_label_f1,
    "isolated_label_silhouette": _isolated_label_silhouette,
    "clisi": _clisi,
    "silhouette_batch": _silhouette_batch,
    "bras": _bras,
    "kbet": _kbet,
    "graph_connectivity": _graph_connectivity,
}
