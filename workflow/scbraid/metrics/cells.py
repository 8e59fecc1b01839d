"""A set of cells to be scored, with the parts that several metrics need computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from scbraid.graphs.neighbors import Neighbors, connectivities, neighbors_within
from scbraid.labels import known_labels
from scbraid.metrics.sample import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Sized

    from anndata import AnnData
    from scipy import sparse


Computed = TypeVar("Computed")


@dataclass(frozen=True)
class Phases:
    """Scores of cell cycle phases, and how much they explain before integration.

    Attributes
    ----------
    scores
        Cells x 2: of the S phase and of the phases G2 and M; NaN in batches of at most 10 cells.
    explained
        Share of the variance before integration that the scores explain, by batch.
    """

    scores: np.ndarray
    explained: dict[str, float]


@dataclass(frozen=True)
class Cells:
    """Cells of one embedding; what is derived is computed at first use and kept.

    Attributes
    ----------
    embedding
        Cells x dimensions.
    batch
        Integers from 0, one a cell.
    labels
        Integers from 0, one a cell; -1 without a label.
    neighbors
        The kNN graph of the embedding.
    pca
        PCA before integration, cells x components, or None.
    pseudotime
        Before integration, one a cell, NaN off the trajectory; or None.
    phases
        Scores of cell cycle phases, cells x 2, or None.
    explained
        Share of the variance before integration that these explain, one a batch; or None.
    expression
        Expression before and after correction; or None.
    resolutions
        Of the Leiden clusterings.
    n_neighbors
        Size of the neighbourhoods that are clustered and tested for connectivity, the cell itself counted.
    seed
        Seed of the clustering.
    """

    embedding: np.ndarray
    batch: np.ndarray
    labels: np.ndarray
    neighbors: Neighbors
    pca: np.ndarray | None
    pseudotime: np.ndarray | None
    phases: np.ndarray | None
    explained: np.ndarray | None
    expression: tuple[AnnData, AnnData] | None
    resolutions: tuple[float, ...]
    n_neighbors: int
    seed: int

    @classmethod
    def of(
        cls,
        embedding: np.ndarray,
        *,
        batch: Sequence[Any] | np.ndarray,
        labels: Sequence[Any] | np.ndarray | None,
        neighbors: Neighbors,
        pca: np.ndarray | None,
        pseudotime: Sequence[float] | np.ndarray | None = None,
        phases: Phases | None = None,
        expression: tuple[AnnData, AnnData] | None = None,
        resolutions: Iterable[float] = PROFILES["full"].resolutions,
        n_neighbors: int = 15,
        seed: int = 0,
    ) -> Cells:
        """Replace the names of batches and labels by integers, and check that all is of the same cells.

        Parameters
        ----------
        embedding
            Cells x dimensions; without dimensions for a graph.
        batch
            Batch of every cell.
        labels
            Label of every cell, or None for data without labels. Missing is also what is empty, or named unknown or
            unlabelled in any case.
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
        resolutions
            Of the Leiden clusterings among which the best is chosen.
        n_neighbors
            Size of the neighbourhoods that are clustered and tested for connectivity, the cell itself counted.
        seed
            Seed of the clustering.

        Raises
        ------
        ValueError
            Where inputs disagree in the number of cells, or a cell has no batch.
        """
        scores, explained = (None, {}) if phases is None else (phases.scores, phases.explained)
        arrays: dict[str, Sized | None] = {"batch": batch, "labels": labels, "neighbors": neighbors.indices}
        arrays |= {"pca": pca, "pseudotime": pseudotime, "phases": scores}
        for name, array in arrays.items():
            if array is not None and len(array) != len(embedding):
                raise ValueError(f"{name} has {len(array)} cells, the embedding {len(embedding)}")
        batch_codes, batch_names = _codes(batch)
        if (batch_codes < 0).any():
            raise ValueError("a cell has no batch")
        names = pd.Series(np.full(len(embedding), None) if labels is None else np.asarray(labels, dtype=object))
        return cls(
            embedding,
            batch_codes,
            _codes(known_labels(names))[0],
            neighbors,
            pca=pca,
            pseudotime=None if pseudotime is None else np.asarray(pseudotime, dtype=float),
            phases=scores,
            explained=None if phases is None else np.array([explained.get(name, np.nan) for name in batch_names]),
            expression=expression,
            resolutions=tuple(resolutions),
            n_neighbors=n_neighbors,
            seed=seed,
        )

    @cached_property
    def labelled(self) -> Cells | None:
        """The cells that have a label, with a kNN graph of these alone; None where no two have one."""
        return self.only(self.labels >= 0)

    def only(self, kept: np.ndarray) -> Cells | None:
        """Return some of the cells, with a kNN graph of these alone; None where there are less than two."""
        if kept.all():
            return self
        if kept.sum() < 2:
            return None
        one_a_cell = ("embedding", "batch", "labels", "pca", "pseudotime", "phases")
        parts = {name: getattr(self, name) for name in one_a_cell}
        parts = {name: None if array is None else array[kept] for name, array in parts.items()}
        expression = None if self.expression is None else tuple(data[kept] for data in self.expression)
        neighbors = neighbors_within(self.embedding, self.neighbors, kept, seed=self.seed)
        return replace(self, **parts, expression=expression, neighbors=neighbors)

    @cached_property
    def n_batches(self) -> int:
        """Number of batches."""
        return len(np.unique(self.batch))

    @cached_property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(np.unique(self.labels))

    @cached_property
    def graph(self) -> sparse.csr_matrix:
        """Weighted kNN graph, as UMAP weighs it."""
        return connectivities(self.neighbors, self.n_neighbors)

    @cached_property
    def _kept(self) -> dict[Callable[[Cells], Any], Any]:
        return {}

    def once(self, function: Callable[[Cells], Computed]) -> Computed:
        """Compute something of these cells at first use and keep it, for several metrics to share."""
        if function not in self._kept:
            self._kept[function] = function(self)
        return self._kept[function]


def _codes(values: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, pd.Index]:
    """Replace categories by integers from 0, in sorted order, -1 for what is missing; and return their names."""
    names = pd.Series(np.asarray(values, dtype=object))
    return pd.factorize(names.where(names.isna(), names.astype(str)), sort=True)
