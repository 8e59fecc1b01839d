"""Label transfer: known answers on planted groups, scores against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score

from scbraid.errors import UserError
from scbraid.transfer import assign_roles, score_predictions, split_batches, transfer_labels

LABELS = np.array(["B", "NK", "T"])


def planted(spread: float = 0.2) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """180 cells in three groups far apart, two thirds of each in batch r, the others in q."""
    generator = np.random.default_rng(0)
    group = np.tile([0, 1, 2], 60)
    centers = np.array([[0.0, 0, 0], [10, 0, 0], [0, 10, 0]])
    cells = pd.Index([f"cell{i}" for i in range(180)], name="cell")
    embedding = pd.DataFrame(centers[group] + spread * generator.normal(size=(180, 3)), index=cells, dtype=np.float32)
    batch = pd.Series(pd.Categorical(np.repeat(["r", "r", "q"], 60)), index=cells)
    return embedding, pd.Series(pd.Categorical(LABELS[group]), index=cells), batch


def masks(batch: pd.Series) -> dict[str, np.ndarray]:
    reference, query = split_batches(batch, query=["q"], reference=None, name="d")
    return {"reference": reference, "query": query}


def value(scores: pd.DataFrame, score: str, label: str = "all") -> float:
    (found,) = scores.loc[(scores["score"] == score) & (scores["label"] == label), "value"]
    return found


def test_planted_groups_are_recovered() -> None:
    embedding, labels, batch = planted()
    predictions = transfer_labels(embedding, labels, **masks(batch))
    assert list(predictions.columns) == ["cell", "truth", "prediction", "probability"]
    assert list(predictions["cell"]) == list(embedding.index[120:])
    assert list(predictions["prediction"]) == list(predictions["truth"]) == list(labels[120:])
    assert (predictions["probability"] == 1).all()
    scores = score_predictions(predictions, labels[:120])
    assert value(scores, "accuracy") == value(scores, "macro_f1") == value(scores, "balanced_accuracy_seen") == 1
    assert [value(scores, "f1", label) for label in LABELS] == [1, 1, 1]


def test_probability_is_the_share_of_inverse_distances() -> None:
    embedding = pd.DataFrame({"0": [0.0, 1.0, 2.0, -4.0]}, index=list("qabc"))
    labels = pd.Series(["?", "A", "A", "B"], index=embedding.index)
    query = np.array([True, False, False, False])
    predictions = transfer_labels(embedding, labels, reference=~query, query=query, n_neighbors=3)
    assert predictions["prediction"][0] == "A"
    assert predictions["probability"][0] == pytest.approx((1 + 1 / 2) / (1 + 1 / 2 + 1 / 4))
    nearest = transfer_labels(embedding, labels, reference=~query, query=query, n_neighbors=1)
    assert nearest["probability"][0] == 1


def test_probabilities_lie_between_a_fair_guess_and_one() -> None:
    embedding, labels, batch = planted(spread=8)
    predictions = transfer_labels(embedding, labels, **masks(batch))
    assert predictions["probability"].dtype == np.float32
    assert predictions["probability"].between(1 / len(LABELS), 1).all()
    assert predictions["probability"].nunique() > 10


def test_cell_that_equals_a_reference_cell_takes_its_label() -> None:
    embedding = pd.DataFrame({"0": [0.0, 0.0, 0.1, 0.2]}, index=list("qabc"))
    labels = pd.Series(["?", "A", "B", "B"], index=embedding.index)
    query = np.array([True, False, False, False])
    predictions = transfer_labels(embedding, labels, reference=~query, query=query)
    assert list(predictions["prediction"]) == ["A"]
    assert list(predictions["probability"]) == [1]


def test_reference_cells_without_label_do_not_vote() -> None:
    embedding, labels, batch = planted()
    labels[:100] = None
    predictions = transfer_labels(embedding, labels, **masks(batch))
    assert list(predictions["prediction"]) == list(labels[120:])
    labels[:120] = None
    with pytest.raises(UserError, match="no reference cell has a label to transfer"):
        transfer_labels(embedding, labels, **masks(batch))


def test_query_labels_are_hidden() -> None:
    embedding, labels, batch = planted(spread=8)
    expected = transfer_labels(embedding, labels, **masks(batch))
    hidden = labels.copy()
    hidden[120:] = None
    found = transfer_labels(embedding, hidden, **masks(batch))
    assert found["truth"].isna().all()
    pd.testing.assert_frame_equal(found.drop(columns="truth"), expected.drop(columns="truth"))


def test_order_of_cells_does_not_matter() -> None:
    embedding, labels, batch = planted(spread=8)
    order = np.random.default_rng(1).permutation(len(batch))
    expected = transfer_labels(embedding, labels, **masks(batch)).set_index("cell")
    found = transfer_labels(embedding.iloc[order], labels.iloc[order], **masks(batch.iloc[order])).set_index("cell")
    pd.testing.assert_frame_equal(found.loc[expected.index], expected, check_exact=False, rtol=1e-5)


def test_cells_of_neither_batch_take_no_part() -> None:
    embedding, labels, _ = planted()
    batch = pd.Series(np.repeat(["r", "other", "q"], 60), index=embedding.index)
    reference, query = split_batches(batch, query=["q"], reference=["r"], name="d")
    assert reference.sum() == query.sum() == 60
    assert not (reference & query).any()
    labels[60:120] = "B"
    predictions = transfer_labels(embedding, labels, reference=reference, query=query)
    assert list(predictions["prediction"]) == list(predictions["truth"])


@pytest.mark.parametrize(
    ("query", "reference", "message"),
    [
        (["p1o"], None, "datasets/d/transfer names batch 'p1o', did you mean 'p10'?"),
        (["p5"], ["p68k"], "datasets/d/transfer names batch 'p68k', did you mean 'p68'?"),
        (["p5", "p10", "p68"], None, "datasets/d/transfer: every batch is a query; leave at least one as reference"),
    ],
)
def test_batches_that_do_not_fit(query: list[str], reference: list[str] | None, message: str) -> None:
    with pytest.raises(UserError) as caught:
        split_batches(pd.Series(["p5", "p10", "p68"]), query=query, reference=reference, name="d")
    assert str(caught.value) == message


def test_scores_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    truth = generator.choice(LABELS, size=200, p=[0.6, 0.3, 0.1])
    prediction = np.where(generator.random(200) < 0.7, truth, generator.choice(LABELS, size=200))
    predictions = pd.DataFrame({"truth": truth, "prediction": prediction})
    scores = score_predictions(predictions, pd.Series(LABELS))
    assert value(scores, "accuracy") == pytest.approx(accuracy_score(truth, prediction))
    assert value(scores, "macro_f1") == pytest.approx(f1_score(truth, prediction, average="macro"))
    assert value(scores, "balanced_accuracy_seen") == pytest.approx(balanced_accuracy_score(truth, prediction))
    for i, label in enumerate(LABELS):
        assert value(scores, "accuracy", label) == pytest.approx(recall_score(truth, prediction, average=None)[i])
        assert value(scores, "f1", label) == pytest.approx(f1_score(truth, prediction, average=None)[i])
    cells = scores[scores["score"] == "f1"].set_index("label")["cells"]
    assert cells.to_dict() == {label: (truth == label).sum() for label in LABELS}


def test_scores_by_hand() -> None:
    predictions = pd.DataFrame(
        {"truth": ["A", "A", "A", "B", "new", None], "prediction": ["A", "A", "B", "B", "A", "B"]}
    )
    scores = score_predictions(predictions, pd.Series(["A", "B", None]))
    assert value(scores, "accuracy") == pytest.approx(3 / 5)
    assert value(scores, "balanced_accuracy_seen") == pytest.approx((2 / 3 + 1) / 2)
    assert value(scores, "accuracy", "A") == pytest.approx(2 / 3)
    assert value(scores, "f1", "A") == pytest.approx(4 / 6)
    assert value(scores, "f1", "B") == pytest.approx(2 / 3)
    assert value(scores, "accuracy", "new") == value(scores, "f1", "new") == 0
    assert value(scores, "macro_f1") == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)
    assert scores.set_index(["score", "label"])["cells"].to_dict() == {
        ("accuracy", "all"): 5,
        ("macro_f1", "all"): 5,
        ("balanced_accuracy_seen", "all"): 4,
        ("accuracy", "A"): 3,
        ("f1", "A"): 3,
        ("accuracy", "B"): 1,
        ("f1", "B"): 1,
        ("accuracy", "new"): 1,
        ("f1", "new"): 1,
    }


def test_query_labels_that_the_reference_lacks_altogether() -> None:
    predictions = pd.DataFrame({"truth": ["new", "new"], "prediction": ["A", "A"]})
    scores = score_predictions(predictions, pd.Series(["A"]))
    assert value(scores, "accuracy") == 0
    assert "balanced_accuracy_seen" not in set(scores["score"])


def test_query_without_truth_has_no_scores() -> None:
    predictions = pd.DataFrame({"truth": [None, None], "prediction": ["A", "A"]})
    scores = score_predictions(predictions, pd.Series(["A"]))
    assert scores.empty
    assert list(scores.columns) == ["score", "label", "value", "cells"]


def test_roles_are_given_by_batch() -> None:
    obs = pd.DataFrame({"batch": ["q", "r", "s", "r"], "label": ["T", "B", None, None]}, index=list("abcd"))
    cells = assign_roles(obs, query=["q"], reference=["r"], name="d")
    assert cells["role"].to_dict() == {"a": "query", "b": "reference", "c": "unused", "d": "reference"}
    assert cells["label"].dropna().to_dict() == {"a": "T", "b": "B"}


def test_reference_without_labels_is_refused() -> None:
    obs = pd.DataFrame({"batch": ["q", "r"], "label": ["T", None]})
    with pytest.raises(UserError, match="datasets/d/transfer: no cell of the reference batches has a label"):
        assign_roles(obs, query=["q"], reference=None, name="d")
