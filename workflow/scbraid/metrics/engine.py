"""All metrics of one embedding as a table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.errors import UserError, suggest
from scbraid.metrics.registry import METRICS, applies, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scbraid.metrics.cells import Cells

logger = logging.getLogger(__name__)


def score(cells: Cells, *, metrics: Iterable[str] | None = None, bootstrap: int = 0) -> pd.DataFrame:
    """Score an integration.

    A metric that does not apply is absent: group ``batch`` for a single batch; metrics that look at labels for data
    without labels; agreement with labels for a single label or as many labels as cells; isolated labels where every
    label is in every batch; ``pcr``, ``trajectory``, ``cell_cycle`` and ``hvg_overlap`` without what they compare with;
    what measures distances for a graph, whose embedding has no dimensions; all of them for a failed run, which has no
    neighbours either. Cells without a label count in what does not look at labels only; the other metrics rest on the
    labelled cells and a kNN graph of these alone.

    Parameters
    ----------
    cells
        The cells to score, with all that is known of them (:meth:`scbraid.metrics.cells.Cells.of`).
    metrics
        Names of the metrics to compute; None for all.
    bootstrap
        Replicates of a bootstrap over cells, with the seed of `cells`; 0 for none.

    Returns
    -------
    Columns ``metric``, ``value`` and ``group`` (``bio`` or ``batch``), rows in the order of ``METRICS``; with a
    bootstrap also ``low`` and ``high``, the limits of a 95 % interval.

    Raises
    ------
    UserError
        For the name of a metric that does not exist.
    """
    names = chosen(metrics)
    rows: list[tuple[str | float, ...]] = []
    if not cells.neighbors.indices.size:  # a failed run
        names = []
    for name in names:
        part = part_for(name, cells)
        statistic = None if part is None else load(name)(part)
        if statistic is None or (value := statistic.value()) is None:
            logger.info("%s does not apply", name)
            continue
        limits = statistic.interval(n_replicates=bootstrap, seed=cells.seed) if bootstrap else ()
        rows.append((name, float(value), METRICS[name].group, *limits))
    return table(rows, *(["low", "high"] if bootstrap else []))


def chosen(metrics: Iterable[str] | None) -> list[str]:
    """Return names of metrics in the order of ``METRICS``, all of them for None.

    Raises
    ------
    UserError
        For the name of a metric that does not exist.
    """
    wanted = set(METRICS if metrics is None else metrics)
    for name in sorted(wanted.difference(METRICS)):
        raise UserError(f"metrics: unknown metric '{name}', {suggest(name, METRICS)}")
    return [name for name in METRICS if name in wanted]


def part_for(name: str, cells: Cells) -> Cells | None:
    """Return the cells that a metric rests on, all or the labelled ones; None where it does not apply."""
    labelled = cells.labelled
    n_labels, n_cells = (0, 0) if labelled is None else (labelled.n_labels, len(labelled.labels))
    has_dimensions = cells.embedding.shape[1] > 0
    if not applies(name, n_batches=cells.n_batches, n_labels=n_labels, n_cells=n_cells, has_dimensions=has_dimensions):
        return None
    return labelled if METRICS[name].needs_labels else cells


def table(rows: Sequence[tuple[str | float, ...]], *limits: str) -> pd.DataFrame:
    """Build the table of scores: metric, value, group, and the names of `limits`."""
    return pd.DataFrame(rows, columns=["metric", "value", "group", *limits]).astype({"value": np.float64})
