from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TYPE_CHECKING

import pytest
import scanpy as sc

from parity.cells import DATASETS, EMBEDDINGS, embed, load
from scbraid.graphs.neighbors import Neighbors, connectivities, nearest_neighbors
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score

if TYPE_CHECKING:
    import anndata as ad
    import numpy as np


@dataclass(frozen=True)
class Case:
    """One embedding of one data set, and what we make of it.

    ``adata`` holds the embedding in ``obsm["X_emb"]`` and scanpy's graph of it, ``unintegrated`` neither.
    """

    dataset: str
    how: str
    unintegrated: ad.AnnData
    adata: ad.AnnData

    @property
    def embedding(self) -> np.ndarray:
        return self.adata.obsm["X_emb"]

    @cached_property
    def neighbors(self) -> Neighbors:
        return nearest_neighbors(self.embedding)

    @cached_property
    def scores(self) -> dict[str, float]:
        cells = Cells.of(
            self.embedding,
            batch=self.adata.obs["batch"],
            labels=self.adata.obs["cell_type"],
            neighbors=self.neighbors,
            pca=self.unintegrated.obsm["X_pca"],
        )
        return score(cells).set_index("metric")["value"].to_dict()

    def on_our_graph(self) -> ad.AnnData:
        """Return the cells with our graph: a last-digit change of a weight can flip a node of a Leiden partition."""
        adata = self.adata.copy()
        adata.obsp["connectivities"] = connectivities(self.neighbors)
        return adata


@lru_cache(maxsize=1)
def unintegrated(name: str) -> ad.AnnData:
    if not DATASETS[name].is_file():
        pytest.skip(f"{DATASETS[name].name} is not part of the repository")
    return load(name)


@pytest.fixture(scope="session", params=DATASETS)
def cells(request: pytest.FixtureRequest) -> ad.AnnData:
    """One data set before integration."""
    return unintegrated(request.param)


@pytest.fixture(scope="session", params=product(DATASETS, EMBEDDINGS), ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    """One embedding of one data set."""
    name, how = request.param
    cells = unintegrated(name)
    adata = cells.copy()
    adata.obsm["X_emb"] = embed(cells, how)
    sc.pp.neighbors(adata, use_rep="X_emb")
    return Case(name, how, cells, adata)
