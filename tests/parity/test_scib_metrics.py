"""BRAS, LISI and kBET against values that scib-metrics 0.5.10 gave (JAX, not needed here) for the demo cells.

Each embedding went through ``bras``, ``silhouette_batch``, ``ilisi_knn``, ``clisi_knn`` on 90 and ``kbet_per_label``
on 50 exact neighbours, all with their defaults.
"""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scanpy as sc

from scbraid.metrics.engine import score
from scbraid.neighbors import nearest_neighbors

DEMO = Path(__file__).parents[2] / "resources" / "pbmc" / "pbmc.h5ad"
EXPECTED = {
    "pca": {
        "bras": 0.5075005,
        "silhouette_batch": 0.7860631,
        "ilisi": 0.0004349,
        "clisi": 0.9991124,
        "kbet": 0.1956475,
    },
    "centred": {
        "bras": 0.6676955,
        "silhouette_batch": 0.8628058,
        "ilisi": 0.0609368,
        "clisi": 0.9993846,
        "kbet": 0.2122555,
    },
}
TOLERANCE = {
    "bras": 1e-5,  # float32 there
    "silhouette_batch": 1e-5,  # float32 there
    "ilisi": 0.005,  # the cell itself is one of the 90 neighbours there
    "clisi": 0.005,  # the same
    "kbet": 0.02,  # diffusion maps and approximate neighbours there, random walks as in scIB here
}


@pytest.fixture(scope="module")
def demo() -> ad.AnnData:
    cells = ad.read_h5ad(DEMO)
    cells.X = cells.X.astype(np.float32)
    sc.pp.normalize_total(cells)
    sc.pp.log1p(cells)
    sc.pp.pca(cells, n_comps=30)
    return cells


@pytest.fixture(scope="module", params=["pca", "centred"])
def pair(request: pytest.FixtureRequest, demo: ad.AnnData) -> tuple[dict[str, float], dict[str, float]]:
    """Our scores and the expected ones of one embedding."""
    embedding = demo.obsm["X_pca"].astype(np.float32)
    batch = demo.obs["batch"].to_numpy()
    if request.param == "centred":
        for name in np.unique(batch):
            embedding[batch == name] -= embedding[batch == name].mean(axis=0)
    table = score(
        embedding,
        batch=batch,
        labels=demo.obs["cell_type"],
        neighbors=nearest_neighbors(embedding),
        pca=None,
        metrics=list(TOLERANCE),
    )
    return table.set_index("metric")["value"].to_dict(), EXPECTED[request.param]


@pytest.mark.parametrize("metric", TOLERANCE)
def test_value_of_scib_metrics(pair, metric):
    ours, expected = pair
    assert ours[metric] == pytest.approx(expected[metric], abs=TOLERANCE[metric])
