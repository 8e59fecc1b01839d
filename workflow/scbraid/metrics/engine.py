"""All metrics of one embedding as a table."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.errors import UserError, suggest
from scbraid.graphs.neighbors import connectivities
from scbraid.labels import known_labels
from scbraid.metrics import (
    agreement,
    bras,
    cell_cycle,
    connectivity,
    isolated,
    kbet,
    lisi,
    mixing,
    pcr,
    silhouette,
    trajectory,
)
from scbraid.metrics.by_label import mean_over_labels, median_over_labels
from scbraid.metrics.cells import Cells
from scbraid.metrics.hvg_overlap import hvg_overlap
from scbraid.metrics.registry import METRICS, applies
from scbraid.metrics.sample import PROFILES
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anndata import AnnData
    from numpy.typing import ArrayLike

    from scbraid.graphs.neighbors import Neighbors
    from scbraid.metrics.cell_cycle import Phases

logger = logging.getLogger(__name__)

KBET_NEIGHBORS = 50


def score(
    embedding: np.ndarray,
    *,
    batch: ArrayLike,
    labels: ArrayLike | None,
    neighbors: Neighbors,
    pca: np.ndarray | None,
    pseudotime: ArrayLike | None = None,
    phases: Phases | None = None,
    expression: tuple[AnnData, AnnData] | None = None,
    metrics: Iterable[str] | None = None,
    resolutions: Iterable[float] = PROFILES["full"].resolutions,
    n_neighbors: int = 15,
    bootstrap: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Score an integration.

    A metric that does not apply is absent: group ``batch`` for a single batch; metrics that look at labels for data
    without labels; agreement with labels for a single label or as many labels as cells; isolated labels where every
    label is in every batch; ``pcr``, ``trajectory``, ``cell_cycle`` and ``hvg_overlap`` without what they compare with;
    what measures distances for a graph, whose embedding has no dimensions; all of them for a failed run, which has no
    neighbours either. Cells without a label (missing, empty, or named unknown or unlabelled in any case) count in what
    does not look at labels only; the other metrics rest on the labelled cells and a kNN graph of these alone.

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
    pseudotime
        Of every cell before integration, NaN for cells off the trajectory; or None.
    phases
        Cell cycle phases of the same cells (:func:`scbraid.metrics.cell_cycle.score_phases`), or None.
    expression
        Log-normalised and corrected expression of the same cells, for methods that correct it.
    metrics
        Names of the metrics to compute; None for all.
    resolutions
        Of the Leiden clusterings among which the best is chosen.
    n_neighbors
        Size of the neighbourhoods that are clustered and tested for connectivity, the cell itself counted.
    bootstrap
        Replicates of a bootstrap over cells; 0 for none.
    seed
        Seed of the clustering and of the bootstrap.

    Returns
    -------
    Columns ``metric``, ``value`` and ``group`` (``bio`` or ``batch``), rows in the order of ``METRICS``; with a
    bootstrap also ``low`` and ``high``, the limits of a 95 % interval.

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
    if not neighbors.indices.size:  # a failed run
        wanted = set()
    arrays = {"batch": batch, "labels": labels, "neighbors": neighbors.indices, "pca": pca, "pseudotime": pseudotime}
    arrays["phases"] = None if phases is None else phases.scores
    for name, array in arrays.items():
        if array is not None and len(array) != len(embedding):
            raise ValueError(f"{name} has {len(array)} cells, the embedding {len(embedding)}")
    batch_codes, batch_names = _codes(batch)
    if (batch_codes < 0).any():
        raise ValueError("a cell has no batch")

    cells = Cells(
        embedding,
        batch_codes,
        None if labels is None else _codes(known_labels(pd.Series(np.asarray(labels, dtype=object))))[0],
        neighbors,
        pca=pca,
        pseudotime=None if pseudotime is None else np.asarray(pseudotime, dtype=float),
        phases=None if phases is None else phases.scores,
        explained=None if phases is None else np.array([phases.explained.get(name, np.nan) for name in batch_names]),
        expression=expression,
        resolutions=tuple(resolutions),
        n_neighbors=n_neighbors,
        seed=seed,
    )
    labelled = cells.labelled()
    rows = []
    for name in (name for name in METRICS if name in wanted):
        statistic = _statistic(name, cells, labelled)
        value = None if statistic is None else statistic.value()
        if value is None:
            logger.info("%s does not apply", name)
            continue
        row = {"metric": name, "value": float(value), "group": METRICS[name].group}
        if bootstrap:
            row["low"], row["high"] = statistic.interval(n_replicates=bootstrap, seed=seed)
        rows.append(row)
    columns = ["metric", "value", "group", *(["low", "high"] if bootstrap else [])]
    return pd.DataFrame(rows, columns=columns).astype({"value": np.float64})


def _statistic(name: str, cells: Cells, labelled: Cells | None) -> Statistic | None:
    """Prepare one metric; None where it does not apply."""
    n_labels, n_cells = (0, 0) if labelled is None else (labelled.n_labels, len(labelled.labels))
    has_dimensions = cells.embedding.shape[1] > 0
    if not applies(name, n_batches=cells.n_batches, n_labels=n_labels, n_cells=n_cells, has_dimensions=has_dimensions):
        return None
    if name in _OF_ALL_CELLS:
        return _OF_ALL_CELLS[name](cells)
    return None if labelled is None else _OF_LABELLED_CELLS[name](labelled)


def _codes(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Replace categories by integers from 0, in sorted order, -1 for what is missing; and return their names."""
    values = pd.Series(np.asarray(values, dtype=object))
    return pd.factorize(values.where(values.isna(), values.astype(str)), sort=True)


def _agreement_with_best_partition(statistic: Callable[..., float], cells: Cells) -> Statistic:
    return Statistic(statistic, (cells.best_partition, cells.labels))


def _agreement_with_kmeans(statistic: Callable[..., float], cells: Cells) -> Statistic:
    return Statistic(statistic, (cells.kmeans, cells.labels))


def _silhouette_label(cells: Cells) -> Statistic:
    return Statistic(silhouette.scaled_mean, (cells.label_widths,))


def _isolated_label_f1(cells: Cells) -> Statistic | None:
    if not len(cells.isolated):
        return None
    statistic = partial(isolated.isolated_label_f1, isolated=cells.isolated)
    return Statistic(statistic, (cells.partitions, cells.labels))


def _isolated_label_silhouette(cells: Cells) -> Statistic | None:
    if not len(cells.isolated):
        return None
    statistic = partial(isolated.isolated_label_silhouette, isolated=cells.isolated)
    return Statistic(statistic, (cells.label_widths, cells.labels))


def _clisi(cells: Cells) -> Statistic:
    return Statistic(partial(lisi.clisi, n_labels=cells.n_labels), (cells.lisi(cells.labels),))


def _trajectory(cells: Cells) -> Statistic | None:
    if cells.pseudotime is None:
        return None
    kept = ~np.isnan(cells.pseudotime)
    if kept.sum() < trajectory.FEWEST_CELLS:
        return None
    before = cells.pseudotime[kept]
    after = trajectory.pseudotime_after(cells.graph[kept][:, kept], before, cells.labels[kept])
    if after is None:
        return Statistic(lambda: 0.0, ())
    return Statistic(trajectory.conservation, (before, after))


def _cell_cycle(cells: Cells) -> Statistic | None:
    if cells.phases is None:
        return None
    statistic = partial(cell_cycle.cell_cycle, explained=cells.explained)
    return Statistic(statistic, (cells.embedding, cells.phases, cells.batch))


def _hvg_overlap(cells: Cells) -> Statistic | None:
    return None if cells.expression is None else Statistic(partial(hvg_overlap, *cells.expression, cells.batch), ())


def _silhouette_batch(cells: Cells) -> Statistic:
    overlap = silhouette.batch_overlap(cells.embedding, cells.labels, cells.batch)
    return Statistic(mean_over_labels, (overlap, cells.labels))


def _bras(cells: Cells) -> Statistic:
    overlap = bras.batch_overlap(cells.embedding, cells.labels, cells.batch)
    return Statistic(mean_over_labels, (overlap, cells.labels))


def _kbet(cells: Cells) -> Statistic:
    accepted = kbet.accepted(connectivities(cells.neighbors, KBET_NEIGHBORS), cells.labels, cells.batch)
    return Statistic(mean_over_labels, (accepted, cells.labels))


def _graph_connectivity(cells: Cells) -> Statistic:
    return Statistic(mean_over_labels, (connectivity.in_largest_part(cells.graph, cells.labels), cells.labels))


def _ilisi(cells: Cells) -> Statistic:
    return Statistic(partial(lisi.ilisi, n_batches=cells.n_batches), (cells.lisi(cells.batch),))


def _ilisi_within(cells: Cells) -> Statistic:
    mixed = mixing.mixing_within_labels(cells.embedding, cells.neighbors, cells.labels, cells.batch, seed=cells.seed)
    return Statistic(median_over_labels, (mixed, cells.labels))


def _pcr(cells: Cells) -> Statistic | None:
    return None if cells.pca is None else Statistic(pcr.pcr, (cells.pca, cells.embedding, cells.batch))


_OF_ALL_CELLS: dict[str, Callable[[Cells], Statistic | None]] = {
    "cell_cycle": _cell_cycle,
    "hvg_overlap": _hvg_overlap,
    "ilisi": _ilisi,
    "pcr": _pcr,
}
_OF_LABELLED_CELLS: dict[str, Callable[[Cells], Statistic | None]] = {
    "nmi": partial(_agreement_with_best_partition, agreement.nmi),
    "ari": partial(_agreement_with_best_partition, agreement.ari),
    "nmi_kmeans": partial(_agreement_with_kmeans, agreement.nmi),
    "ari_kmeans": partial(_agreement_with_kmeans, agreement.ari),
    "silhouette_label": _silhouette_label,
    "isolated_label_f1": _isolated_label_f1,
    "isolated_label_silhouette": _isolated_label_silhouette,
    "clisi": _clisi,
    "trajectory": _trajectory,
    "silhouette_batch": _silhouette_batch,
    "bras": _bras,
    "kbet": _kbet,
    "graph_connectivity": _graph_connectivity,
    "ilisi_within": _ilisi_within,
}
