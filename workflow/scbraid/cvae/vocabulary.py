"""What a model knows of its data: genes and categories by name, and how an AnnData is read with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from scbraid.cvae.data import Covariates
from scbraid.cvae.model import Dimensions
from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Keys:
    """Columns of obs that a model uses."""

    batch: str | None = None
    label: str | None = None
    categorical: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()
    unlabeled: str = "unknown"


@dataclass(frozen=True)
class Vocabulary:
    """Genes in name order and categories in order of first appearance among cells in name order.

    These orders depend neither on the order of the input nor on how batches are called, so the results do not either.
    """

    keys: Keys
    genes: list[str]
    batches: list[str]
    categories: list[list[str]]
    labels: list[str]
    centers: list[float] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    median_library: float = 1.0

    @classmethod
    def learn(cls, adata: AnnData, keys: Keys) -> Vocabulary:
        """Read genes and categories from the data that a model will be trained on."""
        for key in filter(None, (keys.batch, keys.label, *keys.categorical, *keys.continuous)):
            if key not in adata.obs:
                raise UserError(f"cvae: no column '{key}' in obs; {suggest(key, adata.obs.columns)}")
        if not adata.var_names.is_unique:
            raise UserError("cvae: gene names (var_names) are not unique; make them unique before training")
        order = cell_order(adata)
        labels = _appearing(_texts(adata, keys.label)[order]) if keys.label else []
        continuous = adata.obs[list(keys.continuous)].to_numpy(float)
        scale = continuous.std(0)
        library = np.asarray(counts_of(adata).sum(1)).ravel()
        return cls(
            keys=keys,
            genes=sorted(adata.var_names),
            batches=_appearing(_texts(adata, keys.batch)[order]) if keys.batch else ["all"],
            categories=[_appearing(_texts(adata, key)[order]) for key in keys.categorical],
            labels=[label for label in labels if label not in (keys.unlabeled, "nan")],
            centers=continuous.mean(0).tolist(),
            scales=np.where(scale > 0, scale, 1.0).tolist(),
            median_library=float(np.median(library[library > 0])) if (library > 0).any() else 1.0,
        )

    @property
    def dimensions(self) -> Dimensions:
        """Sizes for the model."""
        return Dimensions(
            n_genes=len(self.genes),
            n_batches=len(self.batches),
            n_categories=tuple(len(names) for names in self.categories),
            n_continuous=len(self.keys.continuous),
            n_labels=len(self.labels),
            median_library=self.median_library,
        )

    def counts(self, adata: AnnData) -> sparse.csr_matrix:
        """Counts in the model's order of genes, rows in the data's own order."""
        counts = counts_of(adata)
        position = adata.var_names.get_indexer(self.genes)
        if (position < 0).any():
            missing = [gene for gene, at in zip(self.genes, position) if at < 0]
            raise UserError(f"cvae: {len(missing)} genes of the model are not in the data: {', '.join(missing[:5])}")
        if len(position) != adata.n_vars or (position != np.arange(len(position))).any():
            counts = counts[:, position]
        counts.sort_indices()
        return counts

    def covariates(self, adata: AnnData) -> Covariates:
        """Codes and standardised values of every cell."""
        n = adata.n_obs
        batch = self._codes(adata, self.keys.batch, self.batches) if self.keys.batch else np.zeros(n, np.int64)
        categorical = [self._codes(adata, key, names) for key, names in zip(self.keys.categorical, self.categories)]
        continuous = (adata.obs[list(self.keys.continuous)].to_numpy(float) - self.centers) / self.scales
        label = pd.Index(self.labels).get_indexer(_texts(adata, self.keys.label)) if self.labels else np.full(n, -1)
        return Covariates(
            codes=torch.from_numpy(np.stack([batch, *categorical], 1)),
            continuous=torch.from_numpy(continuous.astype(np.float32)),
            label=torch.from_numpy(label.astype(np.int64)),
        )

    @staticmethod
    def _codes(adata: AnnData, key: str, names: list[str]) -> np.ndarray:
        codes = pd.Index(names).get_indexer(_texts(adata, key))
        if (codes < 0).any():
            new = sorted(set(_texts(adata, key)[codes < 0]))
            raise UserError(f"cvae: obs['{key}'] has categories the model was not trained with: {', '.join(new[:5])}")
        return codes.astype(np.int64)


def cell_order(adata: AnnData) -> np.ndarray:
    """Rows in the order of their cell names."""
    return np.argsort(adata.obs_names.to_numpy(str), kind="stable")


def counts_of(adata: AnnData) -> sparse.csr_matrix:
    """Return layers["counts"], or X where there is no such layer, as checked compressed rows."""
    where = 'layers["counts"]' if "counts" in adata.layers else "X"
    counts = adata.layers["counts"] if "counts" in adata.layers else adata.X
    counts = sparse.csr_matrix(counts)
    values = counts.data
    if not np.isfinite(values).all():
        raise UserError(f"cvae: {where} has values that are not finite; raw counts are needed")
    if values.size and values.min() < 0:
        raise UserError(f"cvae: {where} has negative values (smallest {values.min():g}); raw counts are needed")
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        raise UserError(f"cvae: {where} has fractional values; raw counts are needed")
    return counts


def _texts(adata: AnnData, key: str) -> np.ndarray:
    return adata.obs[key].astype(str).to_numpy(str)


def _appearing(names: np.ndarray) -> list[str]:
    return pd.unique(names).tolist()
