"""Normalise counts and select highly variable genes (HVG) across batches."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scanpy as sc

from scbraid.errors import UserError
from scbraid.expression import log_normalised
from scbraid.gene_families import FAMILIES

if TYPE_CHECKING:
    from anndata import AnnData

MIN_GENES = 2
# scanpy's span first; small batches with few distinct means need a wider one for the local fit to be solvable.
LOESS_SPANS = (0.3, 0.5, 0.7, 1.0)
logger = logging.getLogger(__name__)


def select_features(
    adata: AnnData,
    *,
    name: str,
    flavor: str = "seurat_v3",
    n_top_genes: int = 2000,
    genes: str | None = None,
    exclude: tuple[str, ...] | list[str] = (),
) -> tuple[AnnData, pd.DataFrame]:
    """Select genes and normalise.

    Parameters
    ----------
    adata
        ``layers["counts"]`` and ``obs["batch"]``, all genes.
    name
        Data set, for messages.
    flavor
        ``seurat_v3`` ranks genes by variance of counts, ``seurat`` and ``cell_ranger`` by dispersion of normalised
        expression. Ranked within batches (scanpy's ``batch_key``) and merged: ``seurat_v3`` by median rank, the others
        by the number of batches in which a gene is variable.
    n_top_genes
        Number of genes to select.
    genes
        Text file with one gene a line, taken instead of a selection.
    exclude
        Families never selected: ``mitochondrial``, ``ribosomal``.

    Returns
    -------
    tuple
        The data of the selected genes, in their original order: ``X`` = log1p of counts per 10,000 (of all genes),
        ``layers["counts"]``; and a table of all genes with ``selected`` and ``excluded``.

    Raises
    ------
    UserError
        More genes asked for than there are, or a gene list that does not fit the data.
    """
    table = pd.DataFrame({"gene": adata.var_names, "excluded": _excluded(adata.var_names, exclude)})
    expression = log_normalised(adata.layers["counts"])
    normalised = sc.AnnData(expression, obs=adata.obs[["batch"]].copy(), var=adata.var[[]].copy())
    if genes is None:
        _select_variable(adata, normalised, table, flavor=flavor, n_top_genes=n_top_genes, name=name)
    else:
        table["selected"] = table["gene"].isin(_read_genes(genes, adata.var_names, name)) & ~table["excluded"]
        if table["selected"].sum() < MIN_GENES:
            raise UserError(f"{name}: features/exclude leaves {table['selected'].sum()} genes of {genes}")
    selected = table["selected"].to_numpy()
    hvg = adata[:, selected].copy()
    hvg.X = normalised.X[:, selected]
    return hvg, table


def _excluded(names: pd.Index, families: tuple[str, ...] | list[str]) -> np.ndarray:
    excluded = np.zeros(len(names), dtype=bool)
    for family in families:
        excluded |= names.str.match(FAMILIES[family])
    return excluded


def _select_variable(
    adata: AnnData, normalised: AnnData, table: pd.DataFrame, *, flavor: str, n_top_genes: int, name: str
) -> None:
    candidates = ~table["excluded"].to_numpy()
    if n_top_genes > candidates.sum():
        left = f" left after excluding {table['excluded'].sum()}" if table["excluded"].any() else ""
        raise UserError(
            f"{name}: features/n_top_genes is {n_top_genes}, but the data have only {candidates.sum()} genes{left}"
        )
    ranked = normalised[:, candidates].copy()
    if flavor == "seurat_v3":
        ranked.layers["counts"] = adata.layers["counts"][:, candidates]
    chosen = _highly_variable(ranked, flavor=flavor, n_top_genes=n_top_genes, name=name)
    for column in chosen.columns.difference(["highly_variable", "gene_name"], sort=False):
        table[column] = pd.Series(chosen[column].to_numpy(), index=np.flatnonzero(candidates))
    table["selected"] = False
    table.loc[candidates, "selected"] = chosen["highly_variable"].to_numpy()


def _highly_variable(ranked: AnnData, *, flavor: str, n_top_genes: int, name: str) -> pd.DataFrame:
    options = {"flavor": flavor, "n_top_genes": n_top_genes, "batch_key": "batch", "inplace": False}
    if flavor != "seurat_v3":
        try:
            with np.errstate(all="ignore"):
                return sc.pp.highly_variable_genes(ranked, **options)
        except (ValueError, IndexError) as error:
            raise UserError(
                f"{name}: features/flavor {flavor} cannot group the genes of a batch by mean expression, there are too "
                "few or too sparse ones; take another flavor, or leave small batches out"
            ) from error
    for span in LOESS_SPANS:
        try:
            with np.errstate(all="ignore"):
                return sc.pp.highly_variable_genes(ranked, layer="counts", span=span, **options)
        except ValueError as error:
            logger.warning("loess with span %s fails on a batch (%s)", span, error)
    raise UserError(
        f"{name}: features/flavor seurat_v3 cannot fit a trend of variance in a batch, it is too small or too sparse; "
        "take flavor: seurat, or leave small batches out"
    )


def _read_genes(path: str, known: pd.Index, name: str) -> list[str]:
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{name}: features/genes: no such file: {path}")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    wanted = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    present = [gene for gene in wanted if gene in known]
    if len(present) < MIN_GENES:
        raise UserError(
            f"{name}: features/genes: {len(present)} of the {len(wanted)} genes in {path} are in the data, whose genes "
            f"look like '{known[0]}'"
        )
    if len(present) < len(wanted):
        logger.warning("%d of %d genes in %s are not in the data", len(wanted) - len(present), len(wanted), path)
    return present
