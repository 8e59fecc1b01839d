"""Classifiers of label transfer: votes by hand and against scikit-learn, novel groups, and what must change nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from scbraid.graphs.neighbors import Neighbors, nearest_neighbors
from scbraid.transfer.classifiers import from_probabilities, graph_knn, knn, logistic, prediction_table

if TYPE_CHECKING:
    from collections.abc import Callable

LABELS = np.array(["B", "NK", "T", "Mono"], dtype=object)
CENTERS = np.array([[0.0, 0, 0, 0, 0], [10, 0, 0, 0, 0], [0, 10, 0, 0, 0], [0, 0, 5, 0, 0]])
CLASSIFIERS = [knn, logistic]


def planted(spread: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Reference of 240 cells in three groups, 80 cells to predict in those and a fourth: points, then groups."""
    generator = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 80), np.repeat([0, 1, 2, 3], 20)
    reference, cells = (CENTERS[group] + spread * generator.normal(size=(len(group), 5)) for group in groups)
    return reference.astype(np.float32), LABELS[groups[0]], cells.astype(np.float32), LABELS[groups[1]]


def in_a_graph(reference: np.ndarray, labels: np.ndarray, cells: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    points = np.concatenate([reference, cells])
    is_reference = np.arange(len(points)) < len(reference)
    all_labels = np.concatenate([labels, [None] * len(cells)])
    return graph_knn(nearest_neighbors(points, n_neighbors=len(points) - 1), all_labels, is_reference, ~is_reference)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def test_votes_by_hand() -> None:
    probabilities, _ = knn(column(1, 2, -4), np.array(["T", "T", "B"]), column(0))
    weights = np.exp(-2 * np.array([1, 4, 16]) / 7)  # 7: the mean square distance
    assert list(probabilities.columns) == ["B", "T"]
    assert probabilities.loc[0, "T"] == pytest.approx(weights[:2].sum() / weights.sum())
    nearest, _ = knn(column(1, 2, -4), np.array(["T", "T", "B"]), column(-2), n_neighbors=1)
    assert nearest.loc[0].to_dict() == {"B": 1, "T": 0}


def gaussian(distances: np.ndarray) -> np.ndarray:
    bandwidth = np.sqrt((distances**2).mean(axis=1, keepdims=True)) / 2
    return np.exp(-(distances**2) / (2 * bandwidth**2))


def test_votes_agree_with_scikit_learn() -> None:
    reference, labels, cells, _ = planted(spread=6)
    expected = KNeighborsClassifier(n_neighbors=15, weights=gaussian).fit(reference, labels.astype(str))
    probabilities, _ = knn(reference, labels, cells)
    assert list(probabilities.columns) == list(expected.classes_)
    np.testing.assert_allclose(probabilities, expected.predict_proba(cells), atol=1e-5)
    assert probabilities.max(axis=1).nunique() > 40


def test_regression_agrees_with_scikit_learn() -> None:
    reference, labels, cells, _ = planted(spread=6)
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    expected = LogisticRegression(max_iter=1000).fit((reference - mean) / deviation, labels.astype(str))
    probabilities, _ = logistic(reference, labels, cells)
    assert list(probabilities.columns) == list(expected.classes_)
    np.testing.assert_allclose(probabilities, expected.predict_proba((cells - mean) / deviation), atol=1e-3)


@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_one_label_is_certain_where_cells_are_alike(classify: Callable) -> None:
    points = column(*range(20))
    probabilities, uncertainty = classify(points, np.full(20, "T"), np.concatenate([points, column(500)]))
    assert (probabilities["T"] == 1).all()
    assert uncertainty[:-1].max() < 0.2
    assert uncertainty[-1] > 0.99


def test_distance_in_the_uncertainty_by_hand() -> None:
    _, uncertainty = knn(column(0, 1, 2, 3), np.full(4, "T"), column(4, 10), n_neighbors=1)
    np.testing.assert_allclose(uncertainty, [0, 1 - 1 / 7**2])


def test_share_in_the_uncertainty_by_hand() -> None:
    """Most of the reference has no predicted cell near; 19 of the 30 cells nearest to any of them are predicted too."""
    reference = column(*range(100), *range(1000, 1200))
    _, uncertainty = knn(reference, np.full(300, "T"), 50 + column(*range(20)) / 1000)
    np.testing.assert_allclose(uncertainty, 1 - 11 / 30)


def graph_of_eight() -> tuple[Neighbors, np.ndarray, np.ndarray]:
    """Cells 0 to 2 have the label T, 3 the label B; 4 to 7 are to be predicted."""
    indices = [[1, 2, 4], [0, 4, 5], [0, 1, 5], [0, 1, 2], [0, 5, 6], [1, 2, 6], [4, 5, 7], [3, 6, 0]]
    distances = np.ones((8, 3), dtype=np.float32)
    distances[4] = 2
    distances[7] = [1, 2, 3]
    labels = np.array(["T", "T", "T", "B", None, None, None, None], dtype=object)
    return Neighbors(np.array(indices, dtype=np.int32), distances), labels, np.arange(8) < 4


def test_graph_by_hand() -> None:
    neighbors, labels, is_reference = graph_of_eight()
    probabilities, uncertainty = graph_knn(neighbors, labels, is_reference, ~is_reference)
    assert list(probabilities.columns) == ["B", "T"]
    b = 1 / (1 + np.exp(-2 * (9 - 1) / 5))  # 5: mean of the squared distances 1 and 9
    np.testing.assert_allclose(probabilities["B"], [0, 0, 0.5, b])
    # Shares of the cells with T: 2/3, 1/3 and 2/3, lower quartile 1/2. Cell 4 has 1/3, twice as far; 6 has none.
    np.testing.assert_allclose(uncertainty[:3], [1 - 2 / 3 / 4, 0, 1])
    usual_share = b + (1 - b) / 2  # all neighbours of cell 3, the only one with B
    np.testing.assert_allclose(uncertainty[3], 1 - b * (2 / 3) / usual_share / 2**2)


def test_cell_without_reference_neighbors_where_no_reference_cell_has_any() -> None:
    neighbors = Neighbors(np.array([[2], [3], [3], [2]], dtype=np.int32), np.ones((4, 1), dtype=np.float32))
    is_reference = np.array([True, True, False, False])
    _, uncertainty = graph_knn(neighbors, np.array(["T", "T", None, None]), is_reference, ~is_reference)
    np.testing.assert_array_equal(uncertainty, [1, 1])


def test_votes_in_a_graph_stop_at_the_nearest() -> None:
    neighbors, labels, is_reference = graph_of_eight()
    probabilities, _ = graph_knn(neighbors, labels, is_reference, ~is_reference, n_neighbors=1)
    assert list(probabilities["B"]) == [0, 0, 0.5, 1]


def test_graph_of_all_distances_gives_the_votes_of_the_embedding() -> None:
    reference, labels, cells, _ = planted(spread=4)
    for found, expected in zip(in_a_graph(reference, labels, cells), knn(reference, labels, cells)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("classify", [*CLASSIFIERS, in_a_graph])
def test_planted_groups_are_recovered_and_the_novel_one_is_uncertain(classify: Callable) -> None:
    reference, labels, cells, truth = planted()
    probabilities, uncertainty = classify(reference, labels, cells)
    seen = truth != "Mono"
    assert list(probabilities.columns) == ["B", "NK", "T"]
    assert (probabilities.idxmax(axis=1)[seen] == truth[seen]).all()
    assert (uncertainty[seen] > 0.5).mean() < 0.1
    assert (uncertainty[~seen] > 0.5).all()


@pytest.mark.parametrize("classify", [*CLASSIFIERS, in_a_graph])
def test_a_single_novel_cell_is_uncertain(classify: Callable) -> None:
    reference, labels, cells, truth = planted()
    chosen = (truth != "Mono") | (np.arange(len(truth)) == len(truth) - 1)
    _, uncertainty = classify(reference, labels, cells[chosen])
    assert uncertainty[-1] > 0.5


def test_a_novel_group_as_near_as_any_is_uncertain() -> None:
    """A dense group inside a loose reference group: only the missing reference neighbours tell."""
    generator = np.random.default_rng(0)
    reference = generator.normal(size=(200, 5)).astype(np.float32)
    cells = (0.05 * generator.normal(size=(60, 5))).astype(np.float32)
    _, together = knn(reference, np.full(200, "T"), cells)
    _, alone = knn(reference, np.full(200, "T"), cells[:1])
    assert together.min() > 0.9
    assert alone[0] < 0.1


@pytest.mark.parametrize("classify", [*CLASSIFIERS, in_a_graph])
def test_probabilities_and_uncertainty_are_in_range(classify: Callable) -> None:
    reference, labels, cells, _ = planted(spread=8)
    probabilities, uncertainty = classify(reference, labels, cells)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities.min(axis=None) >= 0
    assert uncertainty.shape == (len(cells),)
    assert uncertainty.min() >= 0
    assert uncertainty.max() <= 1
    assert (uncertainty >= 1 - probabilities.max(axis=1) - 1e-9).all()


@pytest.mark.parametrize("classify", CLASSIFIERS)
@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_unit_of_the_embedding_does_not_matter(classify: Callable, factor: float) -> None:
    reference, labels, cells, _ = planted(spread=4)
    expected = classify(reference, labels, cells)
    for found, value in zip(classify(reference * np.float32(factor), labels, cells * np.float32(factor)), expected):
        np.testing.assert_allclose(found, value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_order_of_cells_does_not_matter(classify: Callable) -> None:
    reference, labels, cells, _ = planted(spread=4)
    generator = np.random.default_rng(1)
    of_reference, of_cells = generator.permutation(len(reference)), generator.permutation(len(cells))
    expected = classify(reference, labels, cells)
    found = classify(reference[of_reference], labels[of_reference], cells[of_cells])
    np.testing.assert_allclose(found[0], expected[0].iloc[of_cells], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[1], expected[1][of_cells], rtol=1e-3, atol=1e-4)


def test_labels_of_predicted_cells_are_not_read_in_a_graph() -> None:
    neighbors, labels, is_reference = graph_of_eight()
    named = labels.copy()
    named[4:] = "NK"
    for found, expected in zip(
        graph_knn(neighbors, named, is_reference, ~is_reference),
        graph_knn(neighbors, labels, is_reference, ~is_reference),
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_reference_cells_predicted_from_themselves(classify: Callable) -> None:
    reference, labels, _, _ = planted()
    probabilities, uncertainty = classify(reference, labels, reference)
    assert (probabilities.idxmax(axis=1) == labels).all()
    assert (uncertainty <= 0.5).all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_identical_cells_vote_with_equal_weight() -> None:
    points = np.full((20, 3), 7.3, dtype=np.float32)
    labels = np.repeat(["B", "T"], [5, 15])
    probabilities, uncertainty = knn(points, labels, np.concatenate([points[:2], points[:1] + 1]), n_neighbors=20)
    np.testing.assert_allclose(probabilities["T"], 0.75)
    np.testing.assert_allclose(uncertainty, [0.25, 0.25, 1])


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_reference_of_one_cell(classify: Callable) -> None:
    probabilities, uncertainty = classify(column(1), np.array(["T"]), column(1, 2))
    assert list(probabilities["T"]) == [1, 1]
    assert list(uncertainty) == [0, 1]


def test_uncertainty_of_given_probabilities_counts_the_distance_too() -> None:
    """A cell where a reference cell is, and one ten times farther away than reference cells are."""
    reference, labels = column(*range(40)), np.array(["T", "B"] * 20)
    given = pd.DataFrame({"B": [0.25, 0.9], "T": [0.75, 0.1]})
    near, far = from_probabilities(given, reference, labels, column(20, 400))
    assert near == pytest.approx(0.25, abs=0.02)
    assert far > 0.99


CELLS = ["a", "b", "c", "d"]
tabulated = partial(
    prediction_table,
    pd.DataFrame({"T": [0.75, 0.5, 0.2, 0], "B": [0.25, 0.5, 0.8, 1]}, index=CELLS),
    np.array([0.3, 0.31, 0.2, 0]),
    reference_labels=["B", "T"],
    task="query",
    unknown_above=0.3,
)


def test_table_of_predictions() -> None:
    table = tabulated(truth=pd.Series(pd.Categorical(["T", "NK", None, "B"]), index=CELLS))
    expected = {
        "cell": CELLS,
        "task": ["query"] * 4,
        "truth": ["T", "NK", None, "B"],
        "seen": [True, False, None, True],
        "prediction": ["T", "B", "B", "B"],
        "probability": np.array([0.75, 0.5, 0.8, 1], dtype=np.float32),
        "uncertainty": np.array([0.3, 0.31, 0.2, 0], dtype=np.float32),
        "decision": ["T", "unknown", "B", "B"],
        "p(B)": np.array([0.25, 0.5, 0.8, 1], dtype=np.float32),
        "p(T)": np.array([0.75, 0.5, 0.2, 0], dtype=np.float32),
    }
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected))
    assert table.loc[2, "truth"] is None
    assert table.loc[2, "seen"] is None


def test_table_depends_on_the_truth_in_two_columns_only() -> None:
    table = tabulated(truth=pd.Series(["B", "T", "T", "NK"], index=CELLS))
    without = tabulated(truth=pd.Series([None] * 4, index=CELLS))
    pd.testing.assert_frame_equal(table.drop(columns=["truth", "seen"]), without.drop(columns=["truth", "seen"]))
    assert without["truth"].isna().all()
    assert without["seen"].isna().all()
