"""Label transfer through the workflow: hidden labels stay hidden from every step, and every cell is predicted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from support import ROOT, copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from pathlib import Path

QUERY = "pbmc5k_v3"
TINY = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 3}
METHODS: dict[str, dict[str, Any]] = {
    "harmony": {},
    "bbknn": {},
    "scvi": TINY | {"encode_covariates": True, "max_epochs_query": 3},
    "scanvi": TINY | {"max_epochs_scanvi": 2},
    "cvae_labels": TINY,
    "control_labels": {},
}
APPLIES = {
    "knn": ["harmony", "bbknn", "scvi", "scanvi", "cvae_labels"],
    "logistic": ["harmony", "scvi", "scanvi", "cvae_labels"],
    "head": ["scanvi", "cvae_labels"],
    "mapping": ["scvi", "scanvi", "cvae_labels"],
}


PAIRS = [(name, method) for name in APPLIES for method in APPLIES[name]]
IN_TURN = [("knn", "harmony"), ("knn", "bbknn"), ("head", "scanvi"), ("logistic", "cvae_labels"), ("mapping", "scvi")]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three data sets: the demo, the demo with other labels in the query batch, and the demo batch by batch."""
    checkout = copy_checkout(tmp_path_factory.mktemp("transfer") / "scbraid")
    source = ROOT / "resources" / "pbmc" / "pbmc.h5ad"
    other = ad.read_h5ad(source)
    chosen = (other.obs["batch"] == QUERY).to_numpy()
    labels = other.obs["cell_type"].astype(str).to_numpy()
    labels[chosen] = np.random.default_rng(0).permutation(labels[chosen])
    labels[np.flatnonzero(chosen)[:30]] = "invented"
    other.obs["cell_type"] = labels
    other.write_h5ad(checkout / "other.h5ad")
    dataset = {"batch": "batch", "label": "cell_type", "qc": {"scrublet": False}}
    config = {
        "datasets": {
            "demo": dataset | {"source": str(source), "transfer": {"query": [QUERY]}},
            "other": dataset | {"source": "other.h5ad", "transfer": {"query": [QUERY]}},
            "in_turn": dataset | {"source": str(source), "transfer": {"query": "each_batch"}},
        },
        "methods": METHODS,
        "accelerator": "cpu",  # trainings side by side
        "features": {"n_top_genes": 200},
        "transfer": {"classifiers": list(APPLIES)},
        "metrics": {"include": ["ilisi"]},
    }
    files = [f"results/{dataset}/features/genes.tsv" for dataset in ("demo", "other")]
    files += [f"results/{dataset}/runs/control_labels/seed-0/run.json" for dataset in ("demo", "other")]
    files += [written(dataset, *pair) for dataset in ("demo", "other") for pair in PAIRS]
    files += [written("in_turn", *pair) for pair in IN_TURN]
    finished = snakemake(checkout, *files, "--configfile", str(write_config(config, checkout / "own.yaml")))
    assert finished.returncode == 0, finished.stdout
    return checkout / "results"


def written(dataset: str, classifier: str, method: str) -> str:
    return f"results/{dataset}/transfer/{classifier}/{method}/seed-0/predictions.parquet"


def predictions(results: Path, dataset: str, classifier: str, method: str) -> pd.DataFrame:
    return pd.read_parquet(results.parent / written(dataset, classifier, method)).set_index("cell")


@pytest.mark.parametrize("method", [name for name in METHODS if name != "control_labels"])
def test_no_embedding_depends_on_hidden_labels(method: str, results: Path) -> None:
    files = [results / dataset / "runs" / method / "seed-0" / "embedding.parquet" for dataset in ("demo", "other")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_features_do_not_depend_on_hidden_labels(results: Path) -> None:
    tables = [(results / dataset / "features" / "genes.tsv").read_bytes() for dataset in ("demo", "other")]
    assert tables[0] == tables[1]


@pytest.mark.parametrize(("classifier", "method"), PAIRS)
def test_no_prediction_depends_on_hidden_labels(classifier: str, method: str, results: Path) -> None:
    tables = [predictions(results, dataset, classifier, method) for dataset in ("demo", "other")]
    blind = [table.drop(columns=["truth", "seen"]) for table in tables]
    pd.testing.assert_frame_equal(*blind)
    assert (tables[0]["truth"] != tables[1]["truth"]).any()


def test_controls_see_the_truth_and_transfer_nothing(results: Path) -> None:
    files = [
        results / dataset / "runs" / "control_labels" / "seed-0" / "embedding.parquet" for dataset in ("demo", "other")
    ]
    assert files[0].read_bytes() != files[1].read_bytes()
    assert not list(results.glob("*/transfer/*/control_labels"))


@pytest.mark.parametrize(("classifier", "method"), IN_TURN)
def test_every_cell_is_predicted_once_from_the_other_batches(classifier: str, method: str, results: Path) -> None:
    found = predictions(results, "in_turn", classifier, method)
    cells = ad.read_h5ad(results / "in_turn" / "features" / "hvg.h5ad", backed="r").obs
    assert sorted(found.index) == sorted(cells.index)
    assert (found["task"] == cells.loc[found.index, "batch"].astype(str)).all()
    assert (found["truth"] == cells.loc[found.index, "label"].astype(str)).all()
    for task, table in found.groupby("task"):
        known = set(cells.loc[cells["batch"] != task, "label"])
        assert set(table["prediction"]) <= known
        assert (table["seen"].astype(bool) == table["truth"].isin(known)).all()
        shares = table[[f"p({label})" for label in sorted(known)]]
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
        np.testing.assert_allclose(shares.max(axis=1), table["probability"], atol=1e-6)


def test_labels_that_the_reference_lacks_are_told(results: Path) -> None:
    found = predictions(results, "other", "knn", "harmony")
    invented = found["truth"] == "invented"
    assert not found.loc[invented, "seen"].astype(bool).any()
    scores = pd.read_csv(results / "other" / "transfer" / "knn" / "harmony" / "seed-0" / "scores.tsv", sep="\t")
    novel = scores.set_index("score").loc["unknown_novel"]
    assert novel["cells"] == invented.sum()
    assert novel["value"] == pytest.approx((found.loc[invented, "decision"] == "unknown").mean())


def test_cost_of_mapping_is_recorded(results: Path) -> None:
    record = pd.read_json(results / "in_turn" / "transfer" / "mapped" / "scvi" / "seed-0" / "folds.json")
    tasks = pd.DataFrame(record["tasks"].to_dict()).T
    assert len(tasks) == 3
    assert tasks["fraction_trained"].between(0, 0.1, inclusive="neither").all()
    assert (tasks[["seconds", "seconds_reference"]] > 0).all(axis=None)
