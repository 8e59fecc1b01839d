"""Every metric against scib 1.1.7, the package of Luecken et al. 2022."""

from __future__ import annotations

import warnings
from pathlib import Path

import anndata as ad
import harmonypy
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy.sparse.csgraph import connected_components

from scbraid.metrics import clustering
from scbraid.metrics.diffusion import diffusion_neighbors
from scbraid.metrics.engine import score
from scbraid.metrics.isolated import isolated_label_f1, isolated_labels
from scbraid.metrics.lisi import lisi, neighbor_probabilities
from scbraid.neighbors import Neighbors, connectivities, nearest_neighbors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import scib
    from scib.metrics.lisi import compute_simpson_index_graph
    from scib.metrics.utils import diffusion_nn

DEMO = Path(__file__).parents[2] / "resources" / "pbmc" / "pbmc.h5ad"
EXACT = 1e-6  # same definition: what is left is float32 distances against float64 ones
KEYS = {"label_key": "cell_type", "batch_key": "batch"}
LEIDEN = {"flavor": "igraph", "n_iterations": 2, "directed": False, "verbose": False}


@pytest.fixture(scope="module")
def demo() -> ad.AnnData:
    """Demo cells with 30 principal components of normalised log counts."""
    cells = ad.read_h5ad(DEMO)
    cells.X = cells.X.astype(np.float32)
    sc.pp.normalize_total(cells)
    sc.pp.log1p(cells)
    sc.pp.pca(cells, n_comps=30)
    return cells


@pytest.fixture(scope="module", params=["pca", "centred"])
def integrated(request: pytest.FixtureRequest, demo: ad.AnnData) -> ad.AnnData:
    """Cells with an embedding in ``obsm["X_emb"]``: the plain PCA, or the PCA with batch means taken away."""
    cells = demo.copy()
    embedding = cells.obsm["X_pca"].astype(np.float32)
    if request.param == "centred":
        for batch in cells.obs["batch"].cat.categories:
            embedding[cells.obs["batch"] == batch] -= embedding[cells.obs["batch"] == batch].mean(axis=0)
    cells.obsm["X_emb"] = embedding
    sc.pp.neighbors(cells, use_rep="X_emb")
    return cells


@pytest.fixture(scope="module")
def neighbors(integrated: ad.AnnData) -> Neighbors:
    return nearest_neighbors(integrated.obsm["X_emb"])


@pytest.fixture(scope="module")
def ours(integrated: ad.AnnData, neighbors: Neighbors) -> dict[str, float]:
    table = score(
        integrated.obsm["X_emb"],
        batch=integrated.obs["batch"],
        labels=integrated.obs["cell_type"],
        neighbors=neighbors,
        pca=integrated.obsm["X_pca"],
    )
    return table.set_index("metric")["value"].to_dict()


@pytest.fixture(scope="module")
def on_our_graph(integrated: ad.AnnData, neighbors: Neighbors) -> ad.AnnData:
    """Cells with our graph: a last-digit change of a weight can flip a node of a Leiden partition."""
    cells = integrated.copy()
    cells.obsp["connectivities"] = connectivities(neighbors)
    return cells


def codes(cells: ad.AnnData, column: str) -> np.ndarray:
    return cells.obs[column].cat.codes.to_numpy().astype(int)


def test_connectivities_equal_scanpy(integrated, neighbors):
    difference = abs(integrated.obsp["connectivities"] - connectivities(neighbors))
    assert difference.max() < 1e-5  # UMAP's bisection stops at 1e-5


def test_nmi_and_ari(on_our_graph, ours):
    scib.cl.cluster_optimal_resolution(
        on_our_graph, "cell_type", "cluster", resolutions=scib.cl.get_resolutions(n=20, max=2), **LEIDEN
    )
    assert ours["nmi"] == pytest.approx(scib.me.nmi(on_our_graph, "cluster", "cell_type"), abs=1e-12)  # same partition
    assert ours["ari"] == pytest.approx(scib.me.ari(on_our_graph, "cluster", "cell_type"), abs=1e-12)  # same partition


def test_isolated_label_f1(on_our_graph):
    resolutions = [0.2, 0.7, 1.2, 1.8]
    expected = scib.me.isolated_labels_f1(on_our_graph, embed=None, resolutions=resolutions, **KEYS, **LEIDEN)
    labels = codes(on_our_graph, "cell_type")
    partitions = clustering.leiden(on_our_graph.obsp["connectivities"], resolutions)
    found = isolated_label_f1(partitions, labels, isolated_labels(labels, codes(on_our_graph, "batch")))
    assert found == pytest.approx(expected, abs=1e-12)  # same partitions


def test_isolated_label_silhouette(integrated, ours):
    expected = scib.me.isolated_labels_asw(integrated, embed="X_emb", verbose=False, **KEYS)
    assert ours["isolated_label_silhouette"] == pytest.approx(expected, abs=EXACT)


def test_silhouette_label(integrated, ours):
    expected = scib.me.silhouette(integrated, "cell_type", "X_emb")
    assert ours["silhouette_label"] == pytest.approx(expected, abs=EXACT)


def test_silhouette_batch(integrated, ours):
    expected = scib.me.silhouette_batch(integrated, embed="X_emb", verbose=False, **KEYS)
    assert ours["silhouette_batch"] == pytest.approx(expected, abs=EXACT)


def test_graph_connectivity(integrated, ours):
    expected = scib.me.graph_connectivity(integrated, "cell_type")
    assert ours["graph_connectivity"] == pytest.approx(expected, abs=1e-12)  # counts of cells


def test_pcr(demo, integrated, ours):
    expected = scib.me.pcr_comparison(demo, integrated, "batch", embed="X_emb")
    assert ours["pcr"] == pytest.approx(expected, abs=EXACT)  # scib's PCA of the embedding is float32


@pytest.mark.parametrize(("column", "metric"), [("batch", "ilisi"), ("cell_type", "clisi")])
def test_lisi(integrated, neighbors, ours, column, metric, tmp_path):
    categories = codes(integrated, column)
    n_categories = categories.max() + 1
    expected = 1 / simpson(neighbors, categories, tmp_path)
    found = lisi(neighbors.indices, neighbor_probabilities(neighbors.distances), categories)
    np.testing.assert_allclose(found, expected, atol=1e-9)  # same bisection in float64
    mixing = (np.median(expected) - 1) / (n_categories - 1)
    assert ours[metric] == pytest.approx(mixing if metric == "ilisi" else 1 - mixing, abs=1e-9)  # median of the same


def simpson(neighbors: Neighbors, categories: np.ndarray, folder: Path) -> np.ndarray:
    """Simpson index by scib, whose input is files of neighbours counted from 1."""
    cells = np.arange(1, len(categories) + 1)
    for name, values in (("indices", neighbors.indices + 1), ("distances", neighbors.distances.astype(np.float64))):
        pd.DataFrame(values, index=cells).to_csv(folder / f"knn_{name}_0.txt", header=False)
    n_categories, k = categories.max() + 1, neighbors.indices.shape[1]
    return compute_simpson_index_graph(str(folder / "knn"), categories, n_categories, n_neighbors=k, perplexity=30)


def test_lisi_of_harmonypy(integrated, neighbors):
    keys = ["batch", "cell_type"]
    expected = harmonypy.compute_lisi(integrated.obsm["X_emb"], integrated.obs, keys, perplexity=30)
    probabilities = neighbor_probabilities(neighbors.distances)
    found = np.column_stack([lisi(neighbors.indices, probabilities, codes(integrated, key)) for key in keys])
    np.testing.assert_allclose(found, expected, atol=2e-5)  # its float64 distances can stop the bisection a step later


def test_neighbours_of_kbet(integrated, neighbors):
    graph = connectivities(neighbors, 50)
    for label in ("T", "B", "NK"):
        cells = np.flatnonzero(integrated.obs["cell_type"] == label)
        _, parts = connected_components(graph[cells][:, cells])
        cells = cells[parts == np.bincount(parts).argmax()]
        part = graph[cells][:, cells]
        subset = ad.AnnData(np.zeros((len(cells), 1)), obsp={"connectivities": part}, uns=integrated.uns)
        expected = diffusion_nn(subset, k=20)
        found = diffusion_neighbors(part, 20)
        assert np.array_equal(np.sort(found, axis=1), np.sort(expected, axis=1))  # sets, scib does not sort them
