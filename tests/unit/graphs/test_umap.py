"""The UMAP layout keeps groups apart and repeats itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_score

from scbraid.files import embedding_table
from scbraid.graphs.neighbors import Neighbors, nearest_neighbors
from scbraid.graphs.umap import umap_layout

GROUP = np.repeat([0, 1, 2], 40)


@pytest.fixture(scope="module")
def planted() -> tuple[pd.DataFrame, Neighbors]:
    generator = np.random.default_rng(0)
    values = 20 * np.eye(3, 5)[GROUP] + generator.normal(size=(len(GROUP), 5))
    embedding = embedding_table(values, pd.Index([f"cell{i}" for i in range(len(GROUP))]))
    return embedding, nearest_neighbors(embedding.to_numpy(), n_neighbors=30)


def test_layout(planted: tuple[pd.DataFrame, Neighbors]) -> None:
    layout = umap_layout(*planted)
    assert layout.shape == (120, 2)
    assert (layout.dtypes == np.float32).all()
    assert list(layout.index) == list(planted[0].index)
    assert silhouette_score(layout, GROUP) > 0.7
    assert umap_layout(*planted).to_numpy().tobytes() == layout.to_numpy().tobytes()
    assert not np.allclose(umap_layout(*planted, seed=1), layout)


def test_larger_min_dist_spreads_cells(planted: tuple[pd.DataFrame, Neighbors]) -> None:
    def spacing(min_dist: float) -> float:
        layout = umap_layout(*planted, min_dist=min_dist)
        return float(np.median(nearest_neighbors(layout.to_numpy(), n_neighbors=1).distances))

    assert spacing(0.9) > 1.5 * spacing(0.01)
