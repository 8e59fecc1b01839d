"""Scores of label transfer: by hand and against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score, roc_auc_score

from scbraid.transfer.scores import agreement, confusion, reliability, score_predictions

LABELS = np.array(["B", "NK", "T"])


def predictions(truth: Any, prediction: Any, *, reference_labels: Any = LABELS, **changed: Any) -> pd.DataFrame:
    """Predictions of which all are certain unless changed; a decision is what an uncertainty above a half makes it."""
    table = pd.DataFrame({"truth": truth, "prediction": prediction, "probability": 1.0, "uncertainty": 0.0} | changed)
    known = table["truth"].notna()
    seen = table["truth"].isin(list(reference_labels)).astype(object).where(known, None)
    cells = [f"cell{i}" for i in range(len(table))]
    decision = table["prediction"].where(table["uncertainty"] <= 0.5, "unknown")
    return table.assign(cell=cells, task="query", seen=seen, decision=decision)


def value(scores: pd.DataFrame, score: str, label: str = "all") -> float:
    (found,) = scores.loc[(scores["score"] == score) & (scores["label"] == label), "value"]
    return found


def test_scores_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    truth = generator.choice(LABELS, size=200, p=[0.6, 0.3, 0.1])
    prediction = np.where(generator.random(200) < 0.7, truth, generator.choice(LABELS, size=200))
    uncertainty = generator.random(200)
    known = ["B", "NK"]
    table = predictions(truth, prediction, reference_labels=known, uncertainty=uncertainty)
    scores = score_predictions(table)
    assert value(scores, "accuracy") == pytest.approx(accuracy_score(truth, prediction))
    assert value(scores, "macro_f1") == pytest.approx(f1_score(truth, prediction, average="macro"))
    assert value(scores, "novelty_auroc") == pytest.approx(roc_auc_score(truth == "T", uncertainty))
    kept = uncertainty <= 0.5
    assert value(scores, "accuracy_kept") == pytest.approx(accuracy_score(truth[kept], prediction[kept]))
    for i, label in enumerate(LABELS):
        assert value(scores, "accuracy", label) == pytest.approx(recall_score(truth, prediction, average=None)[i])
        assert value(scores, "f1", label) == pytest.approx(f1_score(truth, prediction, average=None)[i])
    cells = scores[scores["score"] == "f1"].set_index("label")["cells"]
    assert cells.to_dict() == {label: (truth == label).sum() for label in LABELS}
    all_seen = score_predictions(predictions(truth, prediction))
    assert value(all_seen, "balanced_accuracy_seen") == pytest.approx(balanced_accuracy_score(truth, prediction))


def test_scores_by_hand() -> None:
    table = predictions(
        ["A", "A", "A", "B", "new", None],
        ["A", "A", "B", "B", "A", "B"],
        reference_labels=["A", "B"],
        probability=[0.9, 0.9, 0.9, 0.4, 0.4, 0.1],
        uncertainty=[0.1, 0.2, 0.6, 0.3, 0.6, 0.9],
    )
    scores = score_predictions(table).set_index(["score", "label"])
    expected = {
        ("accuracy", "all"): (3 / 5, 5),
        ("macro_f1", "all"): ((4 / 6 + 2 / 3 + 0) / 3, 5),
        ("balanced_accuracy_seen", "all"): ((2 / 3 + 1) / 2, 4),
        ("ece", "all"): (3 / 5 * abs(2 / 3 - 0.9) + 2 / 5 * abs(1 / 2 - 0.4), 5),
        ("rejected", "all"): (2 / 5, 5),
        ("accuracy_kept", "all"): (1, 3),
        ("novelty_auroc", "all"): ((3 + 0.5) / 4, 5),
        ("unknown_novel", "all"): (1, 1),
        ("accuracy", "A"): (2 / 3, 3),
        ("f1", "A"): (4 / 6, 3),
        ("accuracy", "B"): (1, 1),
        ("f1", "B"): (2 / 3, 1),
        ("accuracy", "new"): (0, 1),
        ("f1", "new"): (0, 1),
    }
    assert list(scores.index) == list(expected)
    np.testing.assert_allclose(scores["value"], [found for found, _ in expected.values()])
    assert list(scores["cells"]) == [cells for _, cells in expected.values()]


def test_labels_that_the_reference_lacks_altogether() -> None:
    table = predictions(["new", "new"], ["A", "A"], reference_labels=["A"], uncertainty=[0.1, 0.9])
    scores = score_predictions(table)
    assert value(scores, "accuracy") == 0
    assert value(scores, "unknown_novel") == 0.5
    assert not {"balanced_accuracy_seen", "novelty_auroc"} & set(scores["score"])


def test_nothing_novel_and_nothing_kept() -> None:
    scores = score_predictions(predictions(["B", "T"], ["B", "B"], uncertainty=0.8))
    assert value(scores, "rejected") == 1
    assert not {"novelty_auroc", "unknown_novel", "accuracy_kept"} & set(scores["score"])


def test_what_is_seen_may_differ_between_tasks() -> None:
    one = predictions(["B", "T"], ["B", "B"], reference_labels=["B"], uncertainty=[0.2, 0.6])
    other = predictions(["B", "T"], ["B", "T"], uncertainty=[0.3, 0.1]).assign(task="other")
    scores = score_predictions(pd.concat([one, other]))
    assert value(scores, "novelty_auroc") == 1
    assert value(scores, "unknown_novel") == 1
    assert value(scores, "balanced_accuracy_seen") == 1
    assert value(scores, "accuracy", "T") == 0.5


def test_held_out_cells_without_truth_has_no_scores() -> None:
    scores = score_predictions(predictions([None, None], ["A", "A"]))
    assert scores.empty
    assert list(scores.columns) == ["score", "label", "value", "cells"]
    assert reliability(predictions([None], ["A"])).empty
    assert confusion(predictions([None], ["A"])).empty


def test_scores_ignore_the_order_of_cells() -> None:
    generator = np.random.default_rng(0)
    draws = {name: generator.random(100) for name in ("probability", "uncertainty")}
    table = predictions(
        generator.choice(LABELS, 100), generator.choice(LABELS[:2], 100), reference_labels=LABELS[:2], **draws
    )
    found = score_predictions(table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(found, score_predictions(table))


@pytest.mark.parametrize(("right", "error"), [(8, 0), (6, 0.2), (0, 0.8)])
def test_calibration_error_of_confidence_and_frequency(right: int, error: float) -> None:
    truth = ["T"] * right + ["B"] * (10 - right)
    scores = score_predictions(predictions(truth, ["T"] * 10, probability=np.float32(0.8)))
    assert value(scores, "ece") == pytest.approx(error, abs=1e-6)


def test_confusion_by_hand() -> None:
    table = predictions(
        ["B", "B", "T", "new", None, "T"],
        ["B", "T", "T", "T", "B", "NK"],
        uncertainty=[0, 0, 0, 1, 0, 0],
    )
    counts = confusion(table)
    labels = ["B", "NK", "T", "new"]
    assert list(counts.index) == labels
    assert list(counts.columns) == [*labels, "unknown"]
    np.testing.assert_array_equal(counts, [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 1]])
    assert list(confusion(table.drop(index=3)).columns) == ["B", "NK", "T"]


def test_reliability_by_hand() -> None:
    table = predictions(
        ["B", "B", "T", "T", None, "B"],
        ["B", "T", "T", "T", "B", "B"],
        probability=np.array([0.3, 0.45, 0.5, 0.95, 0.95, 1.0], dtype=np.float32),
    )
    expected = pd.DataFrame(
        {
            "low": [0.2, 0.4, 0.9],
            "high": [0.3, 0.5, 1.0],
            "probability": [0.3, 0.475, 0.975],
            "accuracy": [1.0, 0.5, 1.0],
            "cells": [1, 2, 2],
        }
    )
    pd.testing.assert_frame_equal(reliability(table), expected)


def test_agreement_by_hand() -> None:
    one = predictions(["B"] * 4, ["B", "B", "T", "T"])
    other = predictions(["B"] * 4, ["B", "T", "T", "NK"]).iloc[::-1]
    shifted = one.assign(cell=["cell3", "cell4", "cell5", "cell6"])
    apart = one.assign(cell=list("abcd"))
    shares = agreement({"one": one, "other": other, "shifted": shifted, "apart": apart})
    expected = [[1, 0.5, 0, np.nan], [0.5, 1, 0, np.nan], [0, 0, 1, np.nan], [np.nan, np.nan, np.nan, 1]]
    assert list(shares.index) == list(shares.columns) == ["one", "other", "shifted", "apart"]
    np.testing.assert_array_equal(shares, expected)
