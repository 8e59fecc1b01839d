"""What Scanorama, BBKNN and the controls promise beyond the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from scbraid.errors import UserError
from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.engine import score
from scbraid.metrics.lisi import lisi, neighbor_probabilities
from unit.methods.running import correlation_of_distances, run

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from anndata import AnnData

    from unit.methods.running import Trained

CONTROLS = ("control_labels", "control_mixed", "control_shuffled")


def renamed(adata: AnnData) -> AnnData:
    """Name the batches so that their order is turned round."""
    adata = adata.copy()
    names = adata.obs["batch"].cat.categories
    adata.obs["batch"] = adata.obs["batch"].cat.rename_categories(dict(zip(names, names[::-1])))
    return adata


def test_scanorama_does_not_look_at_names_of_batches(trained: Callable[[str], Trained], planted: AnnData) -> None:
    straight = trained("scanorama").result.embedding
    np.testing.assert_array_equal(run("scanorama", renamed(planted)).embedding, straight)


def test_scanorama_equals_the_package_on_separate_batches(trained: Callable[[str], Trained], planted: AnnData) -> None:
    import scanorama

    sizes = planted.obs["batch"].value_counts()
    parts = [planted[planted.obs["batch"] == name].copy() for name in sizes.index]
    scanorama.integrate_scanpy(parts, approx=False, verbose=0)
    expected = np.concatenate([part.obsm["X_scanorama"] for part in parts])
    cells = [cell for part in parts for cell in part.obs_names]
    found = trained("scanorama").result.embedding[planted.obs_names.get_indexer(cells)]
    assert found.shape == expected.shape == (600, 100)
    assert correlation_of_distances(found, expected) > 0.99


@pytest.mark.parametrize("approx", [False, True])
def test_scanorama_repeats_itself(approx: bool, planted: AnnData) -> None:
    first = run("scanorama", planted, approx=approx).embedding
    np.testing.assert_array_equal(run("scanorama", planted, approx=approx).embedding, first)


def test_scanorama_has_the_dimensions_asked_for(planted: AnnData) -> None:
    assert run("scanorama", planted, dimred=7).embedding.shape == (600, 7)


def test_scanorama_that_finds_no_alignment_moves_nothing(planted: AnnData) -> None:
    from sklearn.preprocessing import normalize

    unmoved = run("scanorama", planted, alpha=1.0, dimred=150).embedding
    np.testing.assert_allclose(correlation_of_distances(unmoved, normalize(planted.X).toarray()), 1, atol=1e-6)


def test_scanorama_prints_nothing(planted: AnnData, capfd: pytest.CaptureFixture[str]) -> None:
    run("scanorama", planted)
    assert capfd.readouterr().out == ""


def test_bbknn_is_the_graph_of_the_package(trained: Callable[[str], Trained], planted: AnnData) -> None:
    import bbknn

    neighbors = trained("bbknn").result.neighbors
    expected = planted.copy()
    bbknn.bbknn(expected, computation="cKDTree", n_pcs=20)
    assert (neighbors.graph != expected.obsp["connectivities"]).nnz == 0
    assert neighbors.indices.shape == (600, 90)
    stored = expected.obsp["distances"].maximum(expected.obsp["distances"].T)
    first = np.asarray(stored[np.arange(600), neighbors.indices[:, 0]]).ravel()
    np.testing.assert_allclose(neighbors.distances[:, 0], first, rtol=1e-5)


def test_bbknn_joins_every_cell_to_every_batch(planted: AnnData) -> None:
    graph = run("bbknn", planted, neighbors_within_batch=4, trim=0).neighbors.graph
    codes = planted.obs["batch"].cat.codes.to_numpy()
    members = sparse.csr_matrix((np.ones(600), (np.arange(600), codes)))
    joined = ((graph > 0) @ members).toarray()
    own = joined[np.arange(600), codes]
    assert own.min() >= 3
    assert joined.min() >= 3
    assert np.where(np.eye(3, dtype=bool)[codes], 4, joined).min() >= 4


def test_bbknn_trims_to_the_strongest_edges(planted: AnnData) -> None:
    whole, trimmed = (run("bbknn", planted, trim=trim).neighbors.graph.toarray() for trim in (0, 8))
    weakest_kept = np.sort(whole, axis=1)[:, -8]
    kept = whole >= np.maximum(weakest_kept[:, None], weakest_kept[None])
    assert 0.2 < kept[whole > 0].mean() < 0.8
    np.testing.assert_array_equal(trimmed, np.where(kept, whole, 0))


@pytest.mark.parametrize("changed", ["order", "names"])
def test_bbknn_looks_at_neither_order_of_cells_nor_names_of_batches(
    changed: str, trained: Callable[[str], Trained], planted: AnnData
) -> None:
    order = np.random.default_rng(0).permutation(600) if changed == "order" else np.arange(600)
    straight = trained("bbknn").result.neighbors
    permuted = run("bbknn", renamed(planted[order])).neighbors
    assert abs(permuted.graph - straight.graph[order][:, order]).max() < 1e-6
    np.testing.assert_allclose(permuted.distances, straight.distances[order], rtol=1e-5)
    assert (order[permuted.indices] == straight.indices[order]).mean() > 0.999


def scores(embedding: np.ndarray, adata: AnnData) -> pd.Series:
    embedding = embedding.astype(np.float32)
    table = score(
        embedding,
        batch=adata.obs["batch"],
        labels=adata.obs["label"],
        neighbors=nearest_neighbors(embedding),
        pca=adata.obsm["X_pca"],
    )
    return table.set_index("metric")["value"]


def sorted_rows(values: np.ndarray) -> np.ndarray:
    return values[np.lexsort(values.T)]


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_depend_on_the_seed_alone(name: str, demo_hvg: AnnData) -> None:
    first, again, other = (run(name, demo_hvg, seed=seed).embedding for seed in (0, 0, 1))
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other)


def test_control_of_labels_keeps_all_biology(demo_hvg: AnnData) -> None:
    values = scores(run("control_labels", demo_hvg).embedding, demo_hvg)
    for metric in ("nmi", "ari", "isolated_label_f1", "clisi", "graph_connectivity"):
        assert values[metric] == 1
    assert values["silhouette_label"] > 0.9


def test_control_of_labels_is_noise_around_a_corner_a_label(demo_hvg: AnnData) -> None:
    labels = demo_hvg.obs["label"].astype(str).to_numpy()
    embedding = run("control_labels", demo_hvg, jitter=0.1).embedding
    names = sorted(set(labels))
    corners = np.eye(len(names))[[names.index(label) for label in labels]]
    assert embedding.shape == corners.shape
    assert np.std(embedding - corners) == pytest.approx(0.1, rel=0.05)
    assert np.mean(embedding - corners) == pytest.approx(0, abs=0.01)


def test_control_of_mixing_permutes_within_labels(demo_hvg: AnnData) -> None:
    embedding = run("control_mixed", demo_hvg).embedding
    before = demo_hvg.obsm["X_pca"]
    for label in demo_hvg.obs["label"].unique():
        rows = (demo_hvg.obs["label"] == label).to_numpy()
        np.testing.assert_array_equal(sorted_rows(embedding[rows]), sorted_rows(before[rows]))
    assert (embedding == before).all(axis=1).mean() < 0.05


def test_control_of_mixing_has_the_simpson_index_of_independent_draws(demo_hvg: AnnData) -> None:
    rows = (demo_hvg.obs["label"] == "T").to_numpy()  # monocytes lie next to dendritic cells of one batch
    batch = demo_hvg.obs["batch"].cat.codes.to_numpy()
    found = nearest_neighbors(run("control_mixed", demo_hvg).embedding)
    weights = neighbor_probabilities(found.distances)
    simpson = (1 / lisi(found.indices, weights, batch))[rows]
    overall = ((np.bincount(batch[rows]) / rows.sum()) ** 2).sum()
    drawn = overall + (1 - overall) * (weights**2).sum(axis=1)[rows]
    assert simpson.mean() == pytest.approx(drawn.mean(), abs=0.02)
    separate = nearest_neighbors(demo_hvg.obsm["X_pca"])
    assert (1 / lisi(separate.indices, neighbor_probabilities(separate.distances), batch))[rows].mean() > 0.7


def test_control_of_mixing_keeps_the_biology_of_the_pca(demo_hvg: AnnData) -> None:
    values = scores(run("control_mixed", demo_hvg).embedding, demo_hvg)
    before = scores(demo_hvg.obsm["X_pca"], demo_hvg)
    assert values["kbet"] > 0.9 > 0.5 > before["kbet"]
    for metric in ("clisi", "silhouette_label", "isolated_label_silhouette"):
        assert values[metric] == pytest.approx(before[metric], abs=1e-3)


def test_control_of_nothing_permutes_all_cells_and_keeps_no_biology(demo_hvg: AnnData) -> None:
    embedding = run("control_shuffled", demo_hvg).embedding
    np.testing.assert_array_equal(sorted_rows(embedding), sorted_rows(demo_hvg.obsm["X_pca"]))
    values = scores(embedding, demo_hvg)
    assert values["nmi"] < 0.05
    assert abs(values["ari"]) < 0.02
    assert values["silhouette_label"] == pytest.approx(0.5, abs=0.02)


def test_cells_without_a_label_are_a_group_of_their_own(demo_hvg: AnnData) -> None:
    partly = demo_hvg.copy()
    hidden = np.arange(partly.n_obs) % 3 == 0
    partly.obs.loc[hidden, "label"] = np.nan
    n_labels = partly.obs["label"].nunique()
    corner = run("control_labels", partly).embedding.argmax(axis=1)
    assert (corner[hidden] == n_labels).all()
    assert (corner[~hidden] < n_labels).all()
    mixed = run("control_mixed", partly).embedding
    np.testing.assert_array_equal(sorted_rows(mixed[hidden]), sorted_rows(partly.obsm["X_pca"][hidden]))


@pytest.mark.parametrize("name", ["control_labels", "control_mixed"])
@pytest.mark.parametrize("column", ["absent", "empty"])
def test_controls_that_need_labels_say_so(name: str, column: str, demo_hvg: AnnData) -> None:
    adata = demo_hvg.copy()
    if column == "absent":
        del adata.obs["label"]
    else:
        adata.obs["label"] = np.nan
    with pytest.raises(UserError, match=f"^{name} needs labels, and the data have none"):
        run(name, adata)
