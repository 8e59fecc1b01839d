"""Overlap of highly variable genes before and after correction (Luecken et al. 2022)."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from scbraid.metrics.cells import Cells

N_GENES = 500
logger = logging.getLogger(__name__)


def hvg_overlap(before: AnnData, after: AnnData, batch: np.ndarray, *, n_genes: int = N_GENES) -> float | None:
    """Share of the highly variable genes of a batch that are still highly variable in it, mean over batches.

    Parameters
    ----------
    before, after
        Cells x genes, log-normalised and corrected expression of the same genes.
    batch
        Batch of every cell.
    n_genes
        Genes to select in a batch, at most half of those expressed in it.

    Returns
    -------
    From 0 to 1; None where a batch is too small or too sparse for a selection, with the reason in the log.
    """
    overlaps = []
    for name in np.unique(batch):
        cells = batch == name
        try:
            selected = _variable(before[cells], n_genes)
            still = _variable(after[cells], len(selected), at_most_half=False)
        except (ValueError, IndexError) as error:
            logger.warning("no highly variable genes of batch %s (%s)", name, error)
            return None
        overlaps.append(len(selected.intersection(still)) / min(len(selected), len(still)))
    return float(np.mean(overlaps))


def hvg_overlap_statistic(cells: Cells) -> Statistic | None:
    """Overlap of highly variable genes; None without corrected expression. It has no bootstrap: genes are its units."""
    return None if cells.expression is None else Statistic(partial(hvg_overlap, *cells.expression, cells.batch), ())


def _variable(expression: AnnData, n_genes: int, *, at_most_half: bool = True) -> pd.Index:
    """Select genes by dispersion, flavour ``cell_ranger``, as scIB does."""
    import scanpy as sc

    expressed = expression.copy()
    sc.pp.filter_genes(expressed, min_cells=1)
    wanted = min(n_genes, expressed.n_vars // 2) if at_most_half else n_genes
    with np.errstate(all="ignore"):
        table = sc.pp.highly_variable_genes(expressed, flavor="cell_ranger", n_top_genes=wanted, inplace=False)
    return expressed.var_names[table["highly_variable"]]
