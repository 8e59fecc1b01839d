"""Highly variable genes: scanpy ranks the genes of one batch at a time, the ranks of all batches are merged here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scanpy as sc

from scbraid.errors import UserError
from scbraid.preprocess.expression import log_normalised

if TYPE_CHECKING:
    from scipy import sparse

    from scbraid.data.counts import Counts

# scanpy's span first; small batches with few distinct means need a wider one for the local fit to be solvable.
LOESS_SPANS = (0.3, 0.5, 0.7, 1.0)
logger = logging.getLogger(__name__)


def variable_genes(
    counts: Counts, batch: pd.Series, genes: pd.Series, *, flavor: str, n_top_genes: int, name: str
) -> pd.DataFrame:
    """Rank genes as ``scanpy.pp.highly_variable_genes`` with a ``batch_key``, holding some batches at a time.

    Parameters
    ----------
    counts
        Cells x all genes.
    batch
        Batch of each cell, categorical.
    genes
        Whether to rank each gene, its names as index; expression is normalised by the counts of all genes.
    flavor, n_top_genes
        As in scanpy.
    name
        Data set, for messages.

    Returns
    -------
    pandas.DataFrame
        One row a ranked gene, in their order: ``highly_variable`` and scanpy's measures. For ``seurat_v3``, a batch
        whose trend of variance cannot be fitted with scanpy's span has a wider one.

    Raises
    ------
    UserError
        A batch is too small or too sparse for the flavor.
    """
    rank, merge = (_by_variance, _merged_variances) if flavor == "seurat_v3" else (_by_dispersion, _merged_dispersions)
    tables = {}
    for batch_name, _, of_batch in counts.of_batches(batch):
        tables[batch_name] = rank(of_batch, genes, name=name, flavor=flavor, n_top_genes=n_top_genes)
        logger.info("batch %s: genes ranked by %d cells", batch_name, of_batch.shape[0])
    merged = merge(list(tables.values()), n_top_genes)
    if flavor == "seurat_v3":
        means = np.stack([table["means"] for table in tables.values()])
        variances = np.stack([table["variances"] for table in tables.values()])
        sizes = batch.value_counts()[list(tables)].to_numpy()
        for place, (measure, values) in enumerate(zip(("means", "variances"), pooled(means, variances, sizes))):
            merged.insert(place, measure, values)
    return merged


def pooled(means: np.ndarray, variances: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample variance over all cells, from those of batches (batches x genes) of these sizes."""
    sizes = sizes[:, None]
    mean = (sizes * means).sum(axis=0) / sizes.sum()
    squares = (sizes - 1) * variances + sizes * (means - mean) ** 2
    return mean, squares.sum(axis=0) / (sizes.sum() - 1)


def _by_variance(counts: sparse.csr_matrix, genes: pd.Series, *, name: str, **options: Any) -> pd.DataFrame:
    counts = counts[:, genes.to_numpy()]
    for span in LOESS_SPANS:
        try:
            return _ranked(counts, genes, span=span, **options)
        except ValueError as error:
            logger.warning("loess with span %s fails on a batch (%s)", span, error)
    raise UserError(
        f"{name}: features/flavor seurat_v3 cannot fit a trend of variance in a batch, it is too small or too sparse; "
        "take flavor: seurat, or leave small batches out"
    )


def _by_dispersion(counts: sparse.csr_matrix, genes: pd.Series, *, name: str, **options: Any) -> pd.DataFrame:
    expression = log_normalised(counts)[:, genes.to_numpy()]
    try:
        return _ranked(expression, genes, **options)
    except (ValueError, IndexError) as error:
        raise UserError(
            f"{name}: features/flavor {options['flavor']} cannot group the genes of a batch by mean expression, there "
            "are too few or too sparse ones; take another flavor, or leave small batches out"
        ) from error


def _ranked(values: sparse.csr_matrix, genes: pd.Series, **options: Any) -> pd.DataFrame:
    """Scanpy's table of one batch; with the batch as such, genes that it does not express are not ranked in it."""
    alone = sc.AnnData(values, obs=pd.DataFrame({"batch": "one"}, index=map(str, range(values.shape[0]))))
    alone.var_names = genes.index[genes]
    with np.errstate(all="ignore"):
        return sc.pp.highly_variable_genes(alone, batch_key="batch", inplace=False, **options)


def _merged_variances(tables: list[pd.DataFrame], n_top_genes: int) -> pd.DataFrame:
    """Select genes by their median rank among the batches where they are in front (Stuart et al. 2019, Cell 177)."""
    normalised = np.stack([table["variances_norm"] for table in tables])
    ranks = np.argsort(np.argsort(-normalised, axis=1), axis=1).astype(np.float32)
    is_behind = ranks >= n_top_genes
    median = np.ma.median(np.ma.masked_array(ranks, is_behind), axis=0)
    measures = {
        "highly_variable_nbatches": (~is_behind).sum(axis=0),
        "highly_variable_rank": np.ma.filled(median.astype(float), np.nan),
        "variances_norm": normalised.mean(axis=0),
    }
    merged = pd.DataFrame(measures, index=tables[0].index)
    order = merged.sort_values(["highly_variable_rank", "highly_variable_nbatches"], ascending=[True, False])
    merged["highly_variable"] = merged.index.isin(order.index[:n_top_genes])
    return merged


def _merged_dispersions(tables: list[pd.DataFrame], n_top_genes: int) -> pd.DataFrame:
    """Select genes by the number of batches in which they are variable, then by mean normalised dispersion."""
    by_gene = pd.concat(tables).groupby(level=0)  # sorted by name, which decides between equals
    merged = by_gene[["means", "dispersions", "dispersions_norm"]].mean()
    merged["highly_variable_nbatches"] = by_gene["highly_variable_nbatches"].sum()
    merged["highly_variable_intersection"] = merged["highly_variable_nbatches"] == len(tables)
    order = merged.sort_values(["highly_variable_nbatches", "dispersions_norm"], ascending=False)
    merged["highly_variable"] = merged.index.isin(order.index[:n_top_genes])
    return merged.loc[tables[0].index]
