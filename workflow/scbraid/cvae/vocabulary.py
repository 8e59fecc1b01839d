"""What a model knows its data by: the names of genes, batches, covariates and labels, and the codes made of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from scbraid.cvae.data import Covariates, cell_sums
from scbraid.cvae.dimensions import Dimensions
from scbraid.cvae.reading import column, counts_of, numbers_of
from scbraid.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse


@dataclass(frozen=True)
class Keys:
    """Columns of obs that a model uses, and the label that stands for unknown."""

    batch: str | None = None
    label: str | None = None
    unlabeled: str = "unknown"
    categorical: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Names in the orders that the model's codes stand for.

    Genes are sorted by name, categories by their first appearance among the cells sorted by name. Neither depends on
    the order of the input nor on what batches are called, so the results do not either.

    Attributes
    ----------
    keys
        Columns of obs.
    genes
        Names of the genes.
    categories
        Names of the batches, then of the categories of each further covariate.
    labels
        Names of the labels that are known.
    centers, scales
        Mean and standard deviation of each continuous covariate.
    median_library
        Median sum of counts of the cells that have any.
    """

    keys: Keys
    genes: list[str]
    categories: list[list[str]]
    labels: list[str]
    centers: list[float]
    scales: list[float]
    median_library: float

    @classmethod
    def learn(cls, adata: AnnData, keys: Keys) -> Vocabulary:
        """Collect the names of the data that a model is to be trained on.

        Raises
        ------
        UserError
            If a column is absent or has missing values, or names of genes repeat.
        """
        if not adata.var_names.is_unique:
            twice = adata.var_names[adata.var_names.duplicated()][0]
            raise UserError(
                f"cvae: gene names repeat (such as '{twice}'); make them unique, as with var_names_make_unique"
            )
        order = cell_order(adata)
        labels = pd.unique(column(adata, keys.label, missing=keys.unlabeled)[order]) if keys.label else []
        continuous = numbers_of(adata, keys.continuous)[order]
        deviations = continuous.std(0)
        library = cell_sums(counts_of(adata))[0].numpy()
        return cls(
            keys=keys,
            genes=sorted(adata.var_names),
            categories=[pd.unique(column(adata, key)[order]).tolist() for key in _categorical(keys)],
            labels=[label for label in labels if label != keys.unlabeled],
            centers=continuous.mean(0).tolist(),
            scales=np.where(deviations > 0, deviations, 1).tolist(),
            median_library=float(np.median(library[library > 0])) if library.any() else 1.0,
        )

    def extended(self, adata: AnnData) -> Vocabulary:
        """Add the batches and covariates of other data that are not known yet, behind those that are."""
        order = cell_order(adata)
        categories = [
            names + [name for name in pd.unique(column(adata, key)[order]) if name not in names]
            for key, names in zip(_categorical(self.keys), self.categories)
        ]
        return dataclasses.replace(self, categories=categories)

    @property
    def dimensions(self) -> Dimensions:
        """Sizes for a model of these names."""
        n_batches, *n_categories = map(len, self.categories)
        return Dimensions(
            n_genes=len(self.genes),
            n_batches=n_batches,
            n_categories=tuple(n_categories),
            n_continuous=len(self.keys.continuous),
            n_labels=len(self.labels),
            median_library=self.median_library,
        )

    def counts(self, adata: AnnData) -> sparse.csr_matrix:
        """Return counts of the model's genes in its order, cells in the data's.

        Raises
        ------
        UserError
            If genes are absent or values are no counts.
        """
        counts = counts_of(adata)
        at = adata.var_names.get_indexer(self.genes)
        if (at < 0).any():
            absent = [gene for gene, found in zip(self.genes, at) if found < 0]
            others = len(adata.var_names.difference(self.genes))
            raise UserError(
                f"cvae: {len(absent)} of the model's {len(self.genes)} genes are not in the data: {_some(absent)} "
                f"({others} genes of the data are not in the model)"
            )
        if not np.array_equal(at, np.arange(adata.n_vars)):
            counts = counts[:, at]
            counts.sort_indices()
        return counts

    def covariates(self, adata: AnnData) -> Covariates:
        """Codes of every cell.

        Raises
        ------
        UserError
            If there are batches or categories that the model does not know.
        """
        codes = [_codes(adata, key, names) for key, names in zip(_categorical(self.keys), self.categories)]
        continuous = (numbers_of(adata, self.keys.continuous) - self.centers) / self.scales
        label = np.full(adata.n_obs, -1)
        if self.keys.label in adata.obs:
            label = pd.Index(self.labels).get_indexer(column(adata, self.keys.label, missing=self.keys.unlabeled))
        return Covariates(
            codes=torch.from_numpy(np.stack(codes, 1).astype(np.int64)),
            continuous=torch.from_numpy(continuous.astype(np.float32)),
            label=torch.from_numpy(label.astype(np.int64)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain lists and numbers, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Vocabulary:
        """Rebuild from :meth:`as_dict`."""
        given = content["keys"].items()
        keys: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
        return cls(**{**content, "keys": Keys(**keys)})


def cell_order(adata: AnnData) -> np.ndarray:
    """Rows in the order of their cell names."""
    return np.argsort(adata.obs_names.to_numpy(str), kind="stable")


def _categorical(keys: Keys) -> list[str | None]:
    return [keys.batch, *keys.categorical]


def _codes(adata: AnnData, key: str | None, names: list[str]) -> np.ndarray:
    values = column(adata, key)
    codes = pd.Index(names).get_indexer(values)
    if (codes < 0).any():
        raise UserError(
            f"cvae: obs['{key}'] has values that the model does not know: {_some(sorted(set(values[codes < 0])))}; "
            "it knows " + _some(names) + " (map_query adds new ones)"
        )
    return codes


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
