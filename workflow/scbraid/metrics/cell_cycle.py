"""Conservation of the cell cycle (Luecken et al. 2022): what a score of phases explains before and after."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.metrics.by_label import FEWEST_CELLS
from scbraid.metrics.cells import Phases
from scbraid.metrics.pcr import share_explained
from scbraid.metrics.statistic import Statistic
from scbraid.preprocess.gene_families import G2M_PHASE, S_PHASE

if TYPE_CHECKING:
    from scipy import sparse

    from scbraid.metrics.cells import Cells

#: genes of each phase that the data must have; fewer give no score worth the name
FEWEST_GENES = 5
#: genes that the data must have in all, for controls to be drawn from
FEWEST_CONTROLS = 100
PHASES = ["S_score", "G2M_score"]
_COMPONENTS = 50


def cell_cycle_genes(names: pd.Index) -> tuple[list[str], list[str]] | None:
    """Find the genes of the S phase and of G2 and M (Tirosh et al. 2016, Science 352:189) among the names of genes.

    Symbols are compared without regard to case, so that those of mouse are found too.

    Returns
    -------
    None where either phase has fewer than 5 genes in the data, or the data fewer than 100 genes.
    """
    spelled = dict(zip(names.str.upper(), names))
    s_phase, g2m_phase = ([spelled[gene] for gene in genes if gene in spelled] for genes in (S_PHASE, G2M_PHASE))
    enough = min(len(s_phase), len(g2m_phase)) >= FEWEST_GENES and len(names) >= FEWEST_CONTROLS
    return (s_phase, g2m_phase) if enough else None


def score_phases(expression: sparse.csr_matrix, genes: pd.Index, batch: np.ndarray) -> Phases | None:
    """Score the phases of every cell and measure what these explain, batch by batch.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    genes
        Names of the genes.
    batch
        Batch of every cell.

    Returns
    -------
    Scores as scanpy's ``score_genes_cell_cycle`` gives them within a batch, and what they explain of its first 50
    principal components; nothing for batches of at most 10 cells, which two scores explain by chance. None where
    :func:`cell_cycle_genes` finds too few genes.
    """
    import scanpy as sc

    found = cell_cycle_genes(genes)
    if found is None:
        return None
    scores = np.full((expression.shape[0], 2), np.nan)
    explained = {}
    for name in np.unique(batch):
        cells = np.flatnonzero(batch == name)
        if len(cells) <= FEWEST_CELLS:
            continue
        part = sc.AnnData(expression[cells], var=pd.DataFrame(index=genes))
        sc.tl.score_genes_cell_cycle(part, s_genes=found[0], g2m_genes=found[1])
        scores[cells] = part.obs[PHASES]
        components = sc.pp.pca(part.X, n_comps=min(_COMPONENTS, *(size - 1 for size in part.shape)))
        explained[str(name)] = share_explained(components, scores[cells])
    return Phases(scores, explained)


def cell_cycle(embedding: np.ndarray, scores: np.ndarray, batch: np.ndarray, *, explained: np.ndarray) -> float | None:
    """``1 - |after - before| / before``, at least 0, of the variance that phases explain; mean over batches.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    scores
        Scores of phases, cells x 2.
    batch
        Integers from 0, one a cell.
    explained
        Share explained before integration, one a batch; NaN where that is not known.

    Returns
    -------
    From 0 to 1 (the share is what it was); None where phases explain nothing in any batch before.
    """
    kept = []
    for index in np.unique(batch):
        before = explained[index]
        if before > 0:
            cells = batch == index
            kept.append(max(0.0, 1 - abs(share_explained(embedding[cells], scores[cells]) - before) / before))
    return float(np.mean(kept)) if kept else None


def cell_cycle_statistic(cells: Cells) -> Statistic | None:
    """Conservation of the cell cycle; None without scores of its phases."""
    if cells.phases is None or cells.explained is None:
        return None
    return Statistic(partial(cell_cycle, explained=cells.explained), (cells.embedding, cells.phases, cells.batch))
