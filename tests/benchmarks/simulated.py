"""Simulated counts of any number of cells, from the means of the demo's genes in each of its batches and cell types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numba
import numpy as np
import pandas as pd
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

N_GENES = 20_000
#: Every gene of the demo stands for many, each with this share of the expression of the one before: few genes hold most
#: counts, as in a whole transcriptome. A cell has about 2,000 counts of 1,000 genes.
SHARE_OF_NEXT_COPY = 0.6
#: A channel of a 10x chip.
CELLS_OF_BATCH = 10_000
CELLS_AT_ONCE = 20_000
#: Counts are drawn from a table of genes in which each has as many places as it is likely.
PLACES = 2**22


class SimulatedCells:
    """Cells with Poisson counts around the mean of a demo batch and cell type, library sizes log-normal.

    The counts are drawn in chunks when they are written (:func:`scbraid.data.h5ad.write_h5ad`).
    """

    def __init__(self, demo: ad.AnnData, n_cells: int, *, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        copies = np.arange(N_GENES) // demo.n_vars
        genes = np.arange(N_GENES) % demo.n_vars
        kinds = demo.obs.groupby(["batch", "cell_type"], observed=True)
        means = np.stack([demo.X[rows].mean(axis=0).A1 for rows in kinds.indices.values()])
        means = means[:, genes] * SHARE_OF_NEXT_COPY**copies
        n_batches = max(3, n_cells // CELLS_OF_BATCH)
        batch = np.arange(n_cells) * n_batches // n_cells
        self._kind = _drawn_kinds(batch, kinds.size(), rng)
        log_library = np.log(demo.X.sum(axis=1).A1)
        library = means.sum(axis=1)[self._kind] * rng.lognormal(-log_library.var() / 2, log_library.std(), n_cells)
        self._library = rng.poisson(library)
        self._means, self._seed = means, seed
        self.most_entries = int(self._library.sum())
        cell_types = kinds.size().index.get_level_values("cell_type")
        obs = {"sample": [f"sample_{number:03}" for number in batch], "cell_type": cell_types[self._kind]}
        self.annotation = ad.AnnData(
            obs=pd.DataFrame(obs, index=[f"cell_{number}" for number in range(n_cells)]),
            var=pd.DataFrame(index=[f"{demo.var_names[gene]}-{copy}" for gene, copy in zip(genes, copies)]),
        )

    def chunks(self) -> Iterator[sparse.csr_matrix]:
        """Draw the counts of some cells at a time."""
        cumulative = np.cumsum(self._means, axis=1)
        places = (np.arange(PLACES) + 0.5) / PLACES
        table = np.stack([np.searchsorted(row / row[-1], places).astype(np.int16) for row in cumulative])
        for first in range(0, len(self._kind), CELLS_AT_ONCE):
            part = slice(first, first + CELLS_AT_ONCE)
            values, columns, starts = _draw(self._kind[part], self._library[part], table, self._seed + first)
            yield sparse.csr_matrix((values, columns, starts), shape=(len(starts) - 1, N_GENES))


def _drawn_kinds(batch: np.ndarray, sizes: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Draw a cell type for each cell, as frequent as in the demo batch whose turn it is."""
    demo_batch = sizes.index.get_level_values("batch")
    frequency = sizes.to_numpy(float)
    kind = np.empty(len(batch), dtype=int)
    for number in range(batch.max() + 1):
        cells = batch == number
        of_batch = np.where(demo_batch == demo_batch.unique()[number % demo_batch.nunique()], frequency, 0)
        kind[cells] = rng.choice(len(sizes), cells.sum(), p=of_batch / of_batch.sum())
    return kind


@numba.njit(cache=True)
def _draw(kind, library, table, seed):
    np.random.seed(seed)  # noqa: NPY002 - what numba compiles
    total = library.sum()
    values, columns = np.empty(total, np.float32), np.empty(total, np.int32)
    starts = np.zeros(len(kind) + 1, np.int32)
    counts = np.zeros(N_GENES, np.int32)
    end = 0
    for cell in range(len(kind)):
        for _ in range(library[cell]):
            counts[table[kind[cell], np.random.randint(PLACES)]] += 1  # noqa: NPY002
        for gene in range(N_GENES):
            if counts[gene]:
                values[end], columns[end] = counts[gene], gene
                end += 1
                counts[gene] = 0
        starts[cell + 1] = end
    return values[:end], columns[:end], starts
