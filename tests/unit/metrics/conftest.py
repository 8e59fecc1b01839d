from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Data:
    """Synthetic cells; ``score`` returns values by metric name."""

    embedding: np.ndarray
    batch: np.ndarray
    labels: np.ndarray | None
    pca: np.ndarray | None

    def known(self, **options) -> Cells:
        known = {"batch": self.batch, "labels": self.labels, "neighbors": nearest_neighbors(self.embedding)}
        return Cells.of(self.embedding, pca=self.pca, **(known | options))

    def table(self, *, metrics: list[str] | None = None, bootstrap: int = 0, **options) -> pd.DataFrame:
        return score(self.known(**options), metrics=metrics, bootstrap=bootstrap)

    def score(self, **options) -> dict[str, float]:
        return self.table(**options).set_index("metric")["value"].to_dict()

    def with_(self, **changes) -> Data:
        return replace(self, **changes)

    def cells(self, index: np.ndarray) -> Data:
        return Data(self.embedding[index], self.batch[index], self.labels[index], self.pca[index])


def make(shift: float, n_batches: int = 2, seed: int = 0) -> Data:
    """600 cells, three distant labels; batches lie ``shift`` apart along a dimension of their own in ``pca``."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["B", "NK", "T"], 200)
    batch = np.tile(np.arange(n_batches), 600)[:600]
    centres = 20 * np.eye(3, 8)
    cloud = np.repeat(centres, 200, axis=0) + rng.normal(size=(600, 8))
    embedding = cloud + shift * batch[:, None] * np.eye(8)[7]
    pca = cloud + 30 * batch[:, None] * np.eye(8)[7]
    names = np.array(["one", "two", "three"])[batch]
    return Data(embedding.astype(np.float32), names, labels, pca.astype(np.float32))


@pytest.fixture
def mixed() -> Data:
    return make(shift=0)


@pytest.fixture
def separated() -> Data:
    return make(shift=30)
