from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from scbraid.metrics import METRICS

COMPARING = ["cell_cycle", "hvg_overlap", "trajectory"]  # with expression or a pseudotime, which is not given here
BIO = [name for name, metric in METRICS.items() if metric.group == "bio" and name not in COMPARING]
BATCH = [name for name, metric in METRICS.items() if metric.group == "batch"]
ISOLATED = ["isolated_label_f1", "isolated_label_silhouette"]


def without(names: list[str], *left_out: str) -> list[str]:
    return [name for name in names if name not in left_out]


def test_mixed_batches_and_pure_labels_score_near_one(mixed):
    scores = mixed.score()
    assert list(scores) == without([*BIO, *BATCH], *ISOLATED)
    assert scores["nmi"] == scores["ari"] == scores["clisi"] == scores["graph_connectivity"] == 1
    assert scores["silhouette_label"] > 0.85
    assert scores["silhouette_batch"] > 0.95
    assert scores["bras"] > 0.9
    assert scores["ilisi"] > 0.9
    assert scores["kbet"] > 0.9
    assert scores["pcr"] > 0.99


def test_separated_batches_score_near_zero(separated):
    scores = separated.score()
    assert scores["ilisi"] == pytest.approx(0, abs=1e-9)
    assert scores["kbet"] == 0
    assert scores["pcr"] == 0
    assert scores["graph_connectivity"] == 0.5
    assert scores["silhouette_batch"] < 0.2
    assert scores["bras"] < 0.25


def test_labels_without_structure_score_near_zero(mixed):
    shuffled = mixed.with_(labels=np.random.default_rng(1).permutation(mixed.labels))
    scores = shuffled.score()
    assert scores["nmi"] < 0.05
    assert abs(scores["ari"]) < 0.05
    assert scores["silhouette_label"] == pytest.approx(0.5, abs=0.02)
    assert scores["clisi"] < 0.2


def test_one_batch_leaves_the_bio_half_only(mixed):
    assert list(mixed.with_(batch=np.full(600, "one")).score()) == without(BIO, *ISOLATED)


def test_one_label_leaves_the_batch_half_only(mixed):
    assert list(mixed.with_(labels=np.full(600, "T")).score()) == BATCH


def test_no_labels_leaves_what_looks_at_batches_alone(mixed):
    assert list(mixed.with_(labels=None).score()) == ["ilisi", "pcr"]
    assert list(mixed.with_(labels=np.full(600, None)).score()) == ["ilisi", "pcr"]


def test_as_many_labels_as_cells_have_no_bio_half(mixed):
    scores = mixed.with_(labels=np.arange(600).astype(str)).score()
    assert list(scores) == ["ilisi", "graph_connectivity", "pcr"]


def test_no_pca_has_no_pcr(mixed):
    assert "pcr" not in mixed.with_(pca=None).score()


def test_label_in_one_batch_only_is_isolated(mixed):
    kept = np.flatnonzero((mixed.labels != "T") | (mixed.batch == "one"))
    scores = mixed.cells(kept).score()
    assert list(scores) == [*BIO, *BATCH]
    assert scores["isolated_label_f1"] == 1
    assert scores["isolated_label_silhouette"] > 0.85
    assert scores["silhouette_batch"] > 0.95


def test_label_of_one_cell_is_scored_without_nan(mixed):
    labels = mixed.labels.astype(object)
    labels[0] = "rare"
    scores = mixed.with_(labels=labels).score()
    assert list(scores) == [*BIO, *BATCH]
    assert np.isfinite(list(scores.values())).all()
    assert scores["isolated_label_silhouette"] == 0.5


def test_duplicates_of_the_same_cell_are_scored_without_nan(mixed):
    one_cell = mixed.with_(embedding=np.tile(mixed.embedding[:1], (600, 1)))
    scores = one_cell.score()
    assert np.isfinite(list(scores.values())).all()
    assert scores["silhouette_label"] == 0.5
    assert scores["silhouette_batch"] == scores["bras"] == 1
    assert scores["pcr"] == 1


def test_disconnected_graph_splits_a_label(mixed):
    embedding = mixed.embedding.copy()
    far = np.flatnonzero(mixed.labels == "T")[:50]
    embedding[far] += 1000
    assert mixed.with_(embedding=embedding).score()["graph_connectivity"] == pytest.approx((1 + 1 + 0.75) / 3)


@pytest.mark.parametrize("missing", [None, np.nan, "", "Unknown", "unlabeled", "nan"])
def test_cells_without_label_are_left_out_of_label_metrics(separated, missing):
    labels = separated.labels.astype(object)
    hidden = np.arange(0, 600, 7)
    labels[hidden] = missing
    kept = np.setdiff1d(np.arange(600), hidden)
    partly = separated.with_(labels=labels).score()
    expected = separated.cells(kept).score()
    expected |= {name: value for name, value in separated.score().items() if name in ("ilisi", "pcr")}
    assert partly == expected


def test_permuting_cells_changes_nothing(mixed):
    order = np.random.default_rng(2).permutation(600)
    before, after = mixed.score(), mixed.cells(order).score()
    assert before == pytest.approx(after, abs=1e-6)


def test_renaming_batches_and_labels_changes_nothing(separated):
    renamed = separated.with_(
        batch=np.where(separated.batch == "one", "z", "a"),
        labels=pd.Categorical(separated.labels).rename_categories({"B": "z", "NK": "y", "T": "x"}),
    )
    assert separated.score() == pytest.approx(renamed.score(), abs=1e-12)


def test_numbers_serve_as_batches(separated):
    assert separated.with_(batch=(separated.batch == "one").astype(int)).score() == separated.score()


def test_same_seed_same_table(mixed):
    noisy = mixed.with_(embedding=np.random.default_rng(3).normal(size=(600, 8)).astype(np.float32))
    pd.testing.assert_frame_equal(noisy.table(seed=1), noisy.table(seed=1), check_exact=True)
    assert not noisy.table(seed=1).equals(noisy.table(seed=2))


def test_table_has_the_documented_columns_and_only_the_metrics_asked_for(mixed):
    table = mixed.table(metrics=["pcr", "nmi"])
    assert table[["metric", "group"]].to_numpy().tolist() == [["nmi", "bio"], ["pcr", "batch"]]
    assert table.columns.tolist() == ["metric", "value", "group"]
    assert table["value"].dtype == np.float64


def test_unknown_metric_is_named_with_a_suggestion(mixed):
    with pytest.raises(UserError, match="unknown metric 'ilis', did you mean 'ilisi'"):
        mixed.table(metrics=["ilis"])


def test_inputs_of_different_lengths_are_refused(mixed):
    with pytest.raises(ValueError, match="labels has 599 cells, the embedding 600"):
        mixed.with_(pca=None).known(labels=mixed.labels[1:])


def test_cell_without_batch_is_refused(mixed):
    batch = mixed.batch.astype(object)
    batch[3] = None
    with pytest.raises(ValueError, match="no batch"):
        mixed.with_(batch=batch).score()


def test_names_import_without_numerical_libraries():
    code = (
        "import sys, scbraid.metrics; print(sorted({'numpy', 'pandas', 'numba', 'scipy', 'igraph'} & set(sys.modules)))"
    )
    library = Path(__file__).parents[3] / "workflow"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(library)}
    )
    assert result.stdout.strip() == "[]"


def test_engine_imports_no_heavy_library():
    code = (
        "import sys, scbraid.metrics.scored;"
        "print(sorted({'scanpy', 'torch', 'jax', 'sklearn', 'umap', 'pynndescent'} & set(sys.modules)))"
    )
    library = Path(__file__).parents[3] / "workflow"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(library)}
    )
    assert result.stdout.strip() == "[]"
