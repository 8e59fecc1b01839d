"""Normalise counts and select highly variable genes (HVG) across batches."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbraid.data.counts import Counts
from scbraid.errors import UserError
from scbraid.preprocess.expression import LogNormalised
from scbraid.preprocess.gene_families import FAMILIES
from scbraid.preprocess.variable_genes import variable_genes

MIN_GENES = 2
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
        ``layers["counts"]``, in memory or in a file, and ``obs["batch"]``, all genes.
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
    counts = Counts(adata.layers["counts"])
    if genes is None:
        _check_number(n_top_genes, table["excluded"], name)
        ranks = variable_genes(
            counts,
            adata.obs["batch"],
            ~table.set_index("gene")["excluded"],
            flavor=flavor,
            n_top_genes=n_top_genes,
            name=name,
        )
        selected = ranks.pop("highly_variable")
        table = table.join(ranks, on="gene")
        table["selected"] = table["gene"].isin(selected.index[selected])
    else:
        table["selected"] = table["gene"].isin(_read_genes(genes, adata.var_names, name)) & ~table["excluded"]
        if table["selected"].sum() < MIN_GENES:
            raise UserError(f"{name}: features/exclude leaves {table['selected'].sum()} genes of {genes}")
    selected = table["selected"].to_numpy()
    hvg = AnnData(obs=adata.obs.copy(), var=adata.var[selected].copy())
    hvg.layers["counts"] = Counts(adata.layers["counts"], genes=selected).read()
    hvg.X = sparse.vstack([part[:, selected] for part in LogNormalised(counts).chunks()], format="csr")
    return hvg, table


def _excluded(names: pd.Index, families: tuple[str, ...] | list[str]) -> np.ndarray:
    excluded = np.zeros(len(names), dtype=bool)
    for family in families:
        excluded |= names.str.match(FAMILIES[family])
    return excluded


def _check_number(n_top_genes: int, excluded: pd.Series, name: str) -> None:
    n_candidates = len(excluded) - excluded.sum()
    if n_top_genes > n_candidates:
        left = f" left after excluding {excluded.sum()}" if excluded.any() else ""
        raise UserError(
            f"{name}: features/n_top_genes is {n_top_genes}, but the data have only {n_candidates} genes{left}"
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
