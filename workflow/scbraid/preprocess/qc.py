"""Quality control of cells, batch by batch: which cells are kept, and why the others are not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scanpy as sc

from scbraid.data.counts import Counts
from scbraid.data.standardize import MIN_CELLS_PER_BATCH
from scbraid.errors import UserError
from scbraid.preprocess.gene_families import FAMILIES

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

MIN_CELLS_FOR_SCRUBLET = 100
# Exact neighbours of 10,000 cells and 20,000 simulated doublets take 7 s of one core; that grows with the square.
MAX_CELLS_EXACT = 20_000
LARGE_LOSS = 0.5
TOP_GENES = 20
logger = logging.getLogger(__name__)

#: column of cells.tsv.gz -> (config key of its MADs, whether only high values are suspicious)
MAD_RULES = {
    "log_counts": ("mads_log_counts", False),
    "log_genes": ("mads_log_genes", False),
    "percent_top_20": ("mads_top_20", False),
    "percent_mitochondrial": ("mads_mitochondrial", True),
}
#: config key -> (column, whether it is an upper bound)
BOUNDS = {
    "min_counts": ("counts", False),
    "max_counts": ("counts", True),
    "min_genes": ("genes", False),
    "max_genes": ("genes", True),
    "max_mitochondrial": ("percent_mitochondrial", True),
    "max_doublet_score": ("doublet_score", True),
}


def cell_metrics(adata: AnnData, *, scrublet: bool = True, seed: int = 0) -> pd.DataFrame:
    """Measure every cell.

    Parameters
    ----------
    adata
        ``layers["counts"]`` and ``obs["batch"]``.
    scrublet
        Compute doublet scores (Wolock et al. 2019, Cell Systems 8:281) within each batch of at least 100 cells.

    Returns
    -------
    pandas.DataFrame
        One row a cell: batch, counts, genes, log_counts, log_genes (log1p), percent_top_20, percent_mitochondrial
        (percent of counts), doublet_score (0 to 1, NaN where not computed).
    """
    counts = Counts(adata.layers["counts"])
    mitochondrial = adata.var_names.str.match(FAMILIES["mitochondrial"])
    metrics = pd.concat([_metrics(chunk, mitochondrial) for chunk in counts.chunks()])
    metrics.index = adata.obs_names
    metrics.insert(0, "batch", adata.obs["batch"].astype(str))
    metrics["doublet_score"] = doublet_scores(counts, adata.obs["batch"], seed=seed) if scrublet else np.nan
    return metrics


def _metrics(counts: sparse.csr_matrix, mitochondrial: np.ndarray) -> pd.DataFrame:
    top = min(TOP_GENES, counts.shape[1])
    bare = sc.AnnData(counts)
    bare.var["mitochondrial"] = mitochondrial
    with np.errstate(invalid="ignore"):
        sc.pp.calculate_qc_metrics(bare, qc_vars=["mitochondrial"], percent_top=[top], inplace=True)
    return pd.DataFrame(
        {
            "counts": bare.obs["total_counts"].astype(int),
            "genes": bare.obs["n_genes_by_counts"].astype(int),
            "log_counts": bare.obs["log1p_total_counts"].astype(float),
            "log_genes": bare.obs["log1p_n_genes_by_counts"].astype(float),
            "percent_top_20": bare.obs[f"pct_counts_in_top_{top}_genes"].astype(float).fillna(0.0),
            "percent_mitochondrial": bare.obs["pct_counts_mitochondrial"].astype(float).fillna(0.0),
        }
    )


def doublet_scores(counts: Counts, batch: pd.Series, *, seed: int = 0) -> np.ndarray:
    """Scrublet score of every cell against doublets simulated from its own batch; NaN where a batch is too small."""
    scores = np.full(len(batch), np.nan)
    for name, rows, of_batch in counts.of_batches(batch):
        occupied = of_batch.getnnz(axis=1) > 0
        if occupied.sum() < MIN_CELLS_FOR_SCRUBLET:
            logger.warning("batch %s: no doublet scores, %d cells are too few", name, occupied.sum())
            continue
        cells = sc.AnnData(of_batch[occupied])
        approximate = False if cells.n_obs <= MAX_CELLS_EXACT else None
        n_comps = min(30, *(size - 1 for size in cells.shape))
        try:
            sc.pp.scrublet(cells, random_state=seed, n_prin_comps=n_comps, use_approx_neighbors=approximate)
        except ValueError as error:
            logger.warning("batch %s: no doublet scores (%s)", name, error)
            continue
        scores[rows[occupied]] = cells.obs["doublet_score"].to_numpy()
        logger.info("batch %s: doublet scores of %d cells", name, occupied.sum())
    return scores


def mad_outliers(values: pd.Series, batch: pd.Series, *, mads: float, upper_only: bool) -> pd.Series:
    """Mark values further than `mads` median absolute deviations from the median of their batch.

    A batch whose deviation is zero has no scale to judge by, so that nothing in it is marked.
    """
    median = values.groupby(batch).transform("median")
    deviation = values - median
    spread = deviation.abs().groupby(batch).transform("median")
    distance = deviation if upper_only else deviation.abs()
    return (distance > mads * spread) & (spread > 0)


def drop_reasons(metrics: pd.DataFrame, settings: dict) -> pd.Series:
    """Name every rule that a cell breaks, joined by ``;``; the empty string for cells that are kept.

    Parameters
    ----------
    metrics
        From :func:`cell_metrics`.
    settings
        The ``qc`` section of the config.
    """
    failed = {"no_counts": metrics["counts"] == 0}
    for column, (key, upper_only) in MAD_RULES.items():
        if settings[key] is not None:
            failed[f"{column}_outlier"] = mad_outliers(
                metrics[column], metrics["batch"], mads=settings[key], upper_only=upper_only
            )
    for key, (column, is_upper) in BOUNDS.items():
        bound = settings[key]
        if bound is not None:
            failed[key] = metrics[column] > bound if is_upper else metrics[column] < bound
    reasons = pd.Series("", index=metrics.index, dtype=object)
    for reason, cells in failed.items():
        reasons[cells] += f";{reason}"
    return reasons.str.lstrip(";")


def summarize(cells: pd.DataFrame) -> pd.DataFrame:
    """Count cells before and after, the share lost and median metrics of kept cells, one row a batch."""
    kept = cells[cells["kept"]]
    by_batch = cells.groupby("batch", sort=True)
    summary = pd.DataFrame({"before": by_batch.size()})
    summary["after"] = kept.groupby("batch").size().reindex(summary.index, fill_value=0)
    summary["lost_percent"] = (100 * (1 - summary["after"] / summary["before"])).round(2)
    for column in ("counts", "genes", "percent_mitochondrial", "doublet_score"):
        summary[f"median_{column}"] = kept.groupby("batch")[column].median().reindex(summary.index).round(4)
    return summary.rename_axis("batch").reset_index()


def filter_cells(adata: AnnData, settings: dict, *, name: str) -> tuple[AnnData, Counts, pd.DataFrame, pd.DataFrame]:
    """Measure cells and keep the good ones; counts in a file are read chunk by chunk.

    Parameters
    ----------
    adata
        Standardized data, ``layers["counts"]`` in memory or in a file.
    settings
        The ``qc`` section of the config.
    name
        Data set, for messages.

    Returns
    -------
    tuple
        The kept cells (metrics in ``obs``) and their counts, the table of all cells with ``kept`` and ``reason``, and
        the summary.

    Raises
    ------
    UserError
        A batch loses more than half its cells (unless ``allow_large_loss``) or is left with fewer than 10.
    """
    cells = cell_metrics(adata, scrublet=settings["scrublet"])
    cells["reason"] = drop_reasons(cells, settings)
    cells["kept"] = cells["reason"] == ""
    summary = summarize(cells)
    _check_loss(summary, cells, settings, name)
    kept = cells["kept"].to_numpy()
    filtered = sc.AnnData(obs=adata.obs[kept].copy(), var=adata.var.copy())
    filtered.obs["batch"] = filtered.obs["batch"].cat.remove_unused_categories()
    for column in cells.columns.difference(["batch", "reason", "kept"], sort=False):
        filtered.obs[f"qc_{column}"] = cells.loc[kept, column]
    return filtered, Counts(adata.layers["counts"], cells=kept), cells, summary


def _check_loss(summary: pd.DataFrame, cells: pd.DataFrame, settings: dict, name: str) -> None:
    before, after = summary["before"], summary["after"]
    too_few = (after < MIN_CELLS_PER_BATCH) & (after < before)
    too_many = (after < (1 - LARGE_LOSS) * before) & (not settings["allow_large_loss"])
    refused = summary[too_few | too_many]
    if refused.empty:
        return
    worst = refused.loc[(refused["after"] / refused["before"]).idxmin()]
    reasons = cells.loc[(cells["batch"] == worst["batch"]) & ~cells["kept"], "reason"].str.split(";").explode()
    commonest = reasons.value_counts().index[0]
    lost = f"{name}: qc drops {worst['before'] - worst['after']} of {worst['before']} cells of batch '{worst['batch']}'"
    remedy = "loosen it, or set qc/allow_large_loss: true"
    if worst["after"] < MIN_CELLS_PER_BATCH:
        remedy = f"loosen it, or leave the batch out with `batches`: {MIN_CELLS_PER_BATCH} cells must stay"
    raise UserError(f"{lost}, most often for {commonest}; {remedy}")
