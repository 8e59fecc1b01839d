"""Every metric against scib 1.1.7, the package of Luecken et al. 2022."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

import anndata as ad
import harmonypy
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans

from parity.cells import codes
from scbraid.graphs.diffusion import diffusion_neighbors
from scbraid.graphs.leiden import leiden
from scbraid.graphs.neighbors import Neighbors, connectivities, nearest_neighbors
from scbraid.metrics.cell_cycle import PHASES, cell_cycle_genes, score_phases
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score
from scbraid.metrics.hvg_overlap import hvg_overlap
from scbraid.metrics.isolated import isolated_label_f1, isolated_labels
from scbraid.metrics.lisi import lisi, neighbor_probabilities
from scbraid.preprocess.gene_families import G2M_PHASE, S_PHASE

if TYPE_CHECKING:
    from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import scib
    from scib.metrics.lisi import compute_simpson_index_graph
    from scib.metrics.utils import diffusion_nn
    from scib.preprocessing import score_cell_cycle

EXACT = 1e-6  # same definition: what is left is float32 distances against float64 ones
KEYS = {"label_key": "cell_type", "batch_key": "batch"}
LEIDEN = {"flavor": "igraph", "n_iterations": 2, "directed": False}
#: labels that the graph connects
TRAJECTORY = {"pbmc": ["T", "NK", "B"], "scmix": ["H1975"]}


def test_connectivities_equal_scanpy(case):
    difference = abs(case.adata.obsp["connectivities"] - connectivities(case.neighbors))
    assert difference.max() < 1e-5  # UMAP's bisection stops at 1e-5


def test_nmi_and_ari(case):
    adata = case.on_our_graph()
    resolutions = scib.cl.get_resolutions(n=20, max=2)
    scib.cl.cluster_optimal_resolution(adata, "cell_type", "cluster", resolutions=resolutions, verbose=False, **LEIDEN)
    nmi, ari = scib.me.nmi(adata, "cluster", "cell_type"), scib.me.ari(adata, "cluster", "cell_type")
    assert case.scores["nmi"] == pytest.approx(nmi, abs=1e-12)  # same partition
    assert case.scores["ari"] == pytest.approx(ari, abs=1e-12)  # same partition


def test_nmi_and_ari_of_kmeans(case):
    adata = case.adata.copy()
    model = KMeans(adata.obs["cell_type"].nunique(), n_init=10, random_state=0)
    adata.obs["cluster"] = pd.Categorical(model.fit_predict(case.embedding))
    nmi, ari = scib.me.nmi(adata, "cluster", "cell_type"), scib.me.ari(adata, "cluster", "cell_type")
    assert case.scores["nmi_kmeans"] == pytest.approx(nmi, abs=1e-12)  # same partition
    assert case.scores["ari_kmeans"] == pytest.approx(ari, abs=1e-12)  # same partition


def test_isolated_label_f1(case):
    adata, resolutions = case.on_our_graph(), [0.2, 0.7, 1.2, 1.8]
    for resolution in resolutions:  # scib passes no options on to Leiden, but takes clusterings that are there
        sc.tl.leiden(adata, resolution, key_added=f"iso_label_{resolution}", **LEIDEN)
    expected = scib.me.isolated_labels_f1(adata, embed=None, resolutions=resolutions, verbose=False, **KEYS)
    labels = codes(adata, "cell_type")
    partitions = leiden(adata.obsp["connectivities"], resolutions)
    found = isolated_label_f1(partitions, labels, isolated_labels(labels, codes(adata, "batch")))
    assert found == pytest.approx(expected, abs=1e-12)  # same partitions


def test_isolated_label_silhouette(case):
    expected = scib.me.isolated_labels_asw(case.adata, embed="X_emb", verbose=False, **KEYS)
    assert case.scores["isolated_label_silhouette"] == pytest.approx(expected, abs=EXACT)


def test_silhouette_label(case):
    expected = scib.me.silhouette(case.adata, "cell_type", "X_emb")
    assert case.scores["silhouette_label"] == pytest.approx(expected, abs=EXACT)


def test_silhouette_batch(case):
    expected = scib.me.silhouette_batch(case.adata, embed="X_emb", verbose=False, **KEYS)
    assert case.scores["silhouette_batch"] == pytest.approx(expected, abs=EXACT)


def test_graph_connectivity(case):
    expected = scib.me.graph_connectivity(case.adata, "cell_type")
    assert case.scores["graph_connectivity"] == pytest.approx(expected, abs=1e-12)  # counts of cells


def test_pcr(case):
    expected = scib.me.pcr_comparison(case.unintegrated, case.adata, "batch", embed="X_emb")
    assert case.scores["pcr"] == pytest.approx(expected, abs=EXACT)  # scib's PCA of the embedding is float32


def test_cell_cycle(case, monkeypatch):
    before = with_cell_cycle_genes(case.unintegrated)
    phases = score_phases(before.X, before.var_names, before.obs["batch"].to_numpy())
    before.obs[PHASES] = phases.scores
    # scib's PCA is float32, whatever it is given, and so are its sums of squares. The metric divides by the small share
    # that phases explain, which makes 1.2e-6 of that error: the reference is to be exact, so all of it is float64.
    monkeypatch.setattr(sc.tl, "pca", partial(sc.tl.pca, dtype="float64"))
    before.X, after = before.X.astype(np.float64), case.adata.copy()
    after.obsm["X_emb"] = case.embedding.astype(np.float64)
    options = {"organism": "human", "n_comps": 50, "recompute_cc": False}
    expected = scib.me.cell_cycle(before, after, "batch", embed="X_emb", **options)
    found = score_with(case, ["cell_cycle"], phases=phases)
    assert found == pytest.approx(expected, abs=EXACT)  # our components before integration are float32


def test_scores_of_phases(cells):
    cells = with_cell_cycle_genes(cells)
    phases = score_phases(cells.X, cells.var_names, cells.obs["batch"].to_numpy()).scores
    for name in cells.obs["batch"].cat.categories:
        inside = (cells.obs["batch"] == name).to_numpy()
        part = cells[inside].copy()
        score_cell_cycle(part, organism="human")
        np.testing.assert_allclose(phases[inside], part.obs[PHASES], atol=EXACT)


def with_cell_cycle_genes(cells: ad.AnnData) -> ad.AnnData:
    """Give other genes the names of cell cycle genes in the demo, which has only two of them."""
    cells = cells.copy()
    if cell_cycle_genes(cells.var_names) is None:
        names = [gene for gene in (*S_PHASE[:20], *G2M_PHASE[:20]) if gene not in cells.var_names]
        cells.var_names = [*names, *cells.var_names[len(names) :]]
    return cells


def test_hvg_overlap(cells):
    corrected = cells.copy()
    corrected.X = sc.pp.combat(cells, key="batch", inplace=False)
    expected = scib.me.hvg_overlap(cells, corrected, "batch", n_hvg=500)
    found = hvg_overlap(cells, corrected, cells.obs["batch"].to_numpy())
    assert found == pytest.approx(expected, abs=1e-12)  # counts of genes


def test_trajectory(case):
    """The graph of the whole data, restricted to the cells that have a pseudotime."""
    adata, before = case.on_our_graph(), case.unintegrated.copy()
    on_trajectory = before.obs["cell_type"].isin(TRAJECTORY[case.dataset])
    before.obs["time"] = pd.Series(before.obsm["X_pca"][:, 0], before.obs_names).rank().where(on_trajectory)
    expected = scib.me.trajectory_conservation(before, adata, label_key="cell_type", pseudotime_key="time")
    assert 0 < expected < 1
    found = score_with(case, ["trajectory"], pseudotime=before.obs["time"])
    assert found == pytest.approx(expected, abs=EXACT)  # ranks; ties of cells out of reach count alike


def score_with(case, metrics: list[str], **given) -> float:
    cells = Cells.of(
        case.embedding,
        batch=case.adata.obs["batch"],
        labels=case.adata.obs["cell_type"],
        neighbors=case.neighbors,
        pca=None,
        **given,
    )
    return score(cells, metrics=metrics)["value"].item()


@pytest.mark.parametrize(("column", "metric"), [("batch", "ilisi"), ("cell_type", "clisi")])
def test_lisi(case, column, metric, tmp_path):
    categories, neighbors = codes(case.adata, column), case.neighbors
    expected = 1 / simpson(neighbors, categories, tmp_path)
    found = lisi(neighbors.indices, neighbor_probabilities(neighbors.distances), categories)
    np.testing.assert_allclose(found, expected, atol=1e-9)  # same bisection in float64
    mixing = (np.median(expected) - 1) / categories.max()
    assert case.scores[metric] == pytest.approx(mixing if metric == "ilisi" else 1 - mixing, abs=1e-9)  # median of them


def test_ilisi_within_labels(case, tmp_path):
    labels, medians = codes(case.adata, "cell_type"), []
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        batches, batch = np.unique(codes(case.adata, "batch")[cells], return_inverse=True)
        if len(batches) > 1 and len(cells) > 10:
            mixing = (1 / simpson(nearest_neighbors(case.embedding[cells]), batch, tmp_path) - 1) / (len(batches) - 1)
            medians.append(np.median(mixing))
    assert case.scores["ilisi_within"] == pytest.approx(np.mean(medians), abs=1e-9)  # same bisection in float64


def simpson(neighbors: Neighbors, categories: np.ndarray, folder: Path) -> np.ndarray:
    """Simpson index by scib, whose input is files of neighbours counted from 1; the perplexity is scib's own, k / 3."""
    cells = np.arange(1, len(categories) + 1)
    for name, values in (("indices", neighbors.indices + 1), ("distances", neighbors.distances.astype(np.float64))):
        pd.DataFrame(values, index=cells).to_csv(folder / f"knn_{name}_0.txt", header=False)
    n_categories, k = categories.max() + 1, neighbors.indices.shape[1]
    return compute_simpson_index_graph(str(folder / "knn"), categories, n_categories, n_neighbors=k, perplexity=k // 3)


def test_lisi_of_harmonypy(case):
    keys = ["batch", "cell_type"]
    expected = harmonypy.compute_lisi(case.embedding, case.adata.obs, keys, perplexity=30)
    probabilities = neighbor_probabilities(case.neighbors.distances)
    found = np.column_stack([lisi(case.neighbors.indices, probabilities, codes(case.adata, key)) for key in keys])
    np.testing.assert_allclose(found, expected, atol=2e-5)  # its float64 distances can stop the bisection a step later


def test_neighbours_of_kbet(case):
    graph, labels = connectivities(case.neighbors, 50), codes(case.adata, "cell_type")
    for label in np.flatnonzero(np.bincount(labels) > 100):
        cells = np.flatnonzero(labels == label)
        _, parts = connected_components(graph[cells][:, cells])
        cells = cells[parts == np.bincount(parts).argmax()]
        part = graph[cells][:, cells]
        subset = ad.AnnData(np.zeros((len(cells), 1)), obsp={"connectivities": part}, uns=case.adata.uns)
        expected = diffusion_nn(subset, k=20)
        found = diffusion_neighbors(part, 20)
        assert np.array_equal(np.sort(found, axis=1), np.sort(expected, axis=1))  # sets, scib does not sort them
