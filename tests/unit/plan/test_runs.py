"""Which runs and label transfers a config asks for, and which rules make them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from scbraid.plan import paths
from scbraid.plan.runs import (
    Kind,
    embedding_names,
    kinds,
    learning_names,
    mapping_names,
    records,
    runs,
    trained_in,
    transfers,
)

TRAINED = {"embedding": "embedding.parquet", "history": "history.tsv", "model": "model"}


def test_runs_stand_in_the_order_of_the_config_and_a_method_without_chance_runs_once(config: dict[str, Any]) -> None:
    assert [(run.name, run.seed) for run in runs(config)] == [
        ("pca", 0),
        ("bbknn", 0),
        ("combat", 0),
        ("wide", 3),
        ("wide", 5),
        ("labels", 3),
        ("labels", 5),
        ("best", 3),
        ("best", 5),
    ]
    wide = next(run for run in runs(config) if run.name == "wide")
    assert (wide.method, wide.parameters["n_hidden"]) == ("cvae", 256)


def test_what_methods_are_decides_who_takes_part(config: dict[str, Any]) -> None:
    assert embedding_names(config) == ["pca", "combat", "wide", "labels", "best"]
    assert learning_names(config) == ["labels"]
    assert mapping_names(config) == ["wide", "labels"]


def test_a_rule_for_all_runs_that_write_the_same(config: dict[str, Any]) -> None:
    embedding = {"embedding": "embedding.parquet"}
    assert kinds(config, trains=False) == [
        Kind(rule="integrate", run_names=("pca", "best"), outputs=embedding),
        Kind(rule="integrate_corrected", run_names=("combat",), outputs=embedding | {"corrected": "corrected.h5ad"}),
        Kind(rule="integrate_neighbors", run_names=("bbknn",), outputs=embedding | {"neighbors": "neighbors.npz"}),
    ]
    probabilities = {"probabilities": "probabilities.parquet"}
    assert kinds(config, trains=True) == [
        Kind(rule="train", run_names=("wide",), outputs=TRAINED),
        Kind(rule="train_probabilities", run_names=("labels",), outputs=TRAINED | probabilities),
    ]


def test_rules_that_no_run_needs_exist_all_the_same(config: dict[str, Any]) -> None:
    config["methods"] = {"pca": config["methods"]["pca"]}
    rules = [kind.rule for trains in (False, True) for kind in kinds(config, trains=trains)]
    assert rules == ["integrate", "integrate_corrected", "integrate_neighbors", "train", "train_probabilities"]


def test_classifiers_take_the_runs_that_they_apply_to(config: dict[str, Any]) -> None:
    assert transfers(config, "lung") == []
    assert Counter(classifier for classifier, _, _ in transfers(config, "blood")) == {
        "knn": 7,  # all but the control
        "logistic": 6,  # and but the graph
        "head": 2,  # both seeds of the method with a label head
        "mapping": 4,  # both seeds of the methods that map
    }
    assert all(name != "best" for _, name, _ in transfers(config, "blood"))


@pytest.mark.parametrize(
    ("query", "classifier", "run", "place"),
    [
        ("each_batch", "knn", "wide", paths.RUNS),
        ("each_batch", "knn", "labels", paths.FOLDS),
        ("each_batch", "head", "labels", paths.FOLDS),
        ("each_batch", "mapping", "wide", paths.MAPPED),
        (["x"], "knn", "labels", paths.RUNS),
        (["x"], "head", "labels", paths.RUNS),
        (["x"], "mapping", "labels", paths.MAPPED),
        ("unlabelled", "logistic", "labels", paths.RUNS),
    ],
)
def test_which_training_a_classifier_predicts_from(
    query: Any, classifier: str, run: str, place: str, config: dict[str, Any]
) -> None:
    config["datasets"]["blood"]["transfer"]["query"] = query
    assert trained_in(config, "blood", classifier, run) == place


def test_every_training_has_one_record(config: dict[str, Any]) -> None:
    found = Counter((dataset, place, run.name) for dataset, place, run in records(config))
    everywhere = {
        (dataset, paths.RUNS, name): 1 if name in ("pca", "bbknn", "combat") else 2
        for dataset in ("blood", "lung")
        for name in config["methods"]
    }
    apart = {("blood", place, "labels"): 2 for place in (paths.FOLDS, paths.MAPPED)}
    assert found == everywhere | apart | {("blood", paths.MAPPED, "wide"): 2}
