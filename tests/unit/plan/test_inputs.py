"""What a job reads, by the config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from scbraid.plan import inputs

if TYPE_CHECKING:
    from pathlib import Path

BLOOD = {"dataset": "blood", "seed": "3"}


def test_a_source_is_an_input_where_it_is_a_file_here(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.h5ad").touch()
    assert inputs.source(config, dataset="blood") == []
    for source in (str(tmp_path / "a.h5ad"), "~/a.h5ad"):
        config["datasets"]["blood"]["source"] = source
        assert inputs.source(config, dataset="blood") == str(tmp_path / "a.h5ad")
    config["datasets"]["blood"]["source"] = str(tmp_path / "b.h5ad")
    assert inputs.source(config, dataset="blood") == []


def test_pca_is_an_input_of_methods_that_use_it(config: dict[str, Any]) -> None:
    assert inputs.pca(config, method="bbknn", **BLOOD) == "results/blood/pca/embedding.parquet"
    assert inputs.pca(config, method="wide", **BLOOD) == []


@pytest.mark.parametrize(
    ("dataset", "method", "hides"),
    [("blood", "labels", True), ("blood", "best", False), ("blood", "wide", False), ("lung", "labels", False)],
)
def test_labels_are_hidden_from_methods_that_look_at_them(
    dataset: str, method: str, hides: bool, config: dict[str, Any]
) -> None:
    expected = "results/blood/transfer/cells.parquet" if hides else []
    assert inputs.roles(config, dataset=dataset, method=method, seed="3") == expected


def test_files_that_a_classifier_predicts_from(config: dict[str, Any]) -> None:
    def files(classifier: str, method: str, seed: str) -> dict[str, str]:
        return inputs.predicting(config, dataset="blood", classifier=classifier, method=method, seed=seed)

    graph = "results/blood/runs/bbknn/seed-0"
    assert files("knn", "bbknn", "0") == {
        "embedding": f"{graph}/embedding.parquet",
        "neighbors": f"{graph}/neighbors.npz",
    }
    folds, mapped = "results/blood/transfer/folds/labels/seed-3", "results/blood/transfer/mapped/wide/seed-5"
    assert files("knn", "labels", "3") == {"embedding": f"{folds}/embedding.parquet"}
    for folder, classifier, method, seed in ((folds, "head", "labels", "3"), (mapped, "mapping", "wide", "5")):
        assert files(classifier, method, seed) == {
            "embedding": f"{folder}/embedding.parquet",
            "probabilities": f"{folder}/probabilities.parquet",
        }


def test_expression_is_compared_where_a_method_corrects_it_and_somebody_asks(config: dict[str, Any]) -> None:
    corrected = inputs.expression(config, dataset="blood", method="combat", seed="0")
    assert corrected == ["results/blood/features/hvg.h5ad", "results/blood/runs/combat/seed-0/corrected.h5ad"]
    assert inputs.expression(config, dataset="blood", method="pca", seed="0") == []
    config["metrics"]["include"] = ["ilisi"]
    assert inputs.expression(config, dataset="blood", method="combat", seed="0") == []
    config["metrics"] |= {"include": None, "engine": "scib"}
    assert inputs.expression(config, dataset="blood", method="combat", seed="0") == []


def test_records_of_runs_and_of_trainings_for_the_label_transfer(config: dict[str, Any]) -> None:
    recorded = inputs.recorded(config)
    assert recorded == sorted(set(recorded))
    assert len(recorded) == 2 * 9 + 6
    assert "results/blood/transfer/folds/labels/seed-5/folds.json" in recorded
    assert "results/lung/runs/best/seed-3/run.json" in recorded


def test_the_report_shows_a_history_of_what_trains_alone(config: dict[str, Any]) -> None:
    histories = {path for path in inputs.shown(config) if path.endswith("history.tsv")}
    assert histories == {
        f"results/{dataset}/runs/{name}/seed-{seed}/history.tsv"
        for dataset in ("blood", "lung")
        for name in ("wide", "labels")
        for seed in (3, 5)
    }


def test_covariates_are_checked_where_a_method_takes_any(config: dict[str, Any]) -> None:
    assert inputs.checked_covariates(config) == []
    config["methods"]["wide"]["parameters"]["continuous_covariates"] = ["age"]
    assert inputs.checked_covariates(config) == ["results/blood/covariates.tsv", "results/lung/covariates.tsv"]


def test_a_reference_that_a_run_of_the_config_writes_is_made_first(config: dict[str, Any]) -> None:
    for run, known in (("wide", True), ("pca", False)):
        folder = f"results/lung/runs/{run}/seed-3/model"
        config["queries"] = {"new": {"source": "x.h5ad", "reference": folder}}
        if known:
            assert inputs.reference(config, query="new") == folder
            continue
        with pytest.raises(UserError, match=r"^config: queries/new/reference: no run 'pca' of this config trains"):
            inputs.reference(config, query="new")


def test_what_there_is_to_make(config: dict[str, Any]) -> None:
    assert inputs.everything(config) == "results/verdict.txt"
    with pytest.raises(UserError, match=r"^map_query has nothing to map"):
        inputs.mapped(config)
    queries = resolve({"queries": {"new": {"source": "x.h5ad", "reference": "model"}}})
    assert inputs.mapped(queries) == ["results/queries/new/mapped.h5ad", "results/queries/new/report.html"]
    with pytest.raises(UserError, match=r"^the config has queries but no datasets"):
        inputs.everything(queries)
