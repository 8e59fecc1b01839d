"""A model folder that holds all it takes to map onto it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from scbraid.errors import UserError
from scbraid.files import read_embedding, read_json
from scbraid.mapping.reference import identifier_columns, read_reference, write_reference
from scbraid.methods.registry import parameter_schema
from scbraid.methods.spec import Result, Run
from scbraid.plan.references import why_no_reference
from scbraid.runs.run import run_method

if TYPE_CHECKING:
    from anndata import AnnData

TRAINED = {
    "run": Run(name="mine", method="cvae", parameters={"n_latent": 3}, seed=7),
    "versions": {"torch": "2"},
}


@pytest.fixture
def trained_on() -> AnnData:
    """Four cells x three genes, one label missing and one called unknown."""
    obs = pd.DataFrame(
        {"batch": pd.Categorical(["y", "x", "y", "x"]), "label": ["T", "unknown", None, "B"]}, index=list("dbca")
    )
    var = pd.DataFrame(
        {"gene_ids": ["ENSG1", None, "ENSG3"], "feature_types": ["GEX"] * 3, "means": [0.1, 0.2, 0.3]},
        index=["CD3D", "MS4A1", "NKG7"],
    )
    return ad.AnnData(sparse.csr_matrix(np.ones((4, 3), dtype=np.float32)), obs=obs, var=var)


@pytest.fixture
def embedding() -> np.ndarray:
    return np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.fixture
def folder(trained_on: AnnData, embedding: np.ndarray, tmp_path: Path) -> Path:
    write_reference(tmp_path, trained_on, embedding, **TRAINED)
    return tmp_path


def test_what_is_written_is_read(folder: Path, embedding: np.ndarray) -> None:
    reference = read_reference(folder)
    assert {name: getattr(reference, name) for name in TRAINED} == TRAINED
    assert reference.folder == folder
    assert list(reference.genes) == ["CD3D", "MS4A1", "NKG7"]
    assert reference.aliases.to_dict("list") == {"gene_ids": ["ENSG1", None, "ENSG3"]}
    assert list(reference.cells.index) == list(reference.embedding.index) == list("dbca")
    assert list(reference.cells["batch"]) == ["y", "x", "y", "x"]
    assert list(reference.cells["label"].fillna("-")) == ["T", "-", "-", "B"]
    assert list(reference.labelled) == [True, False, False, True]
    assert reference.batches == ["x", "y"]
    np.testing.assert_array_equal(reference.embedding, embedding)
    assert (reference.embedding.dtypes == np.float32).all()
    assert list(reference.embedding) == ["0", "1"]


def test_data_without_labels(trained_on: AnnData, embedding: np.ndarray, tmp_path: Path) -> None:
    del trained_on.obs["label"]
    write_reference(tmp_path, trained_on, embedding, **TRAINED)
    assert not read_reference(tmp_path).labelled.any()


def test_same_content_gives_the_same_bytes(
    folder: Path, trained_on: AnnData, embedding: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = tmp_path_factory.mktemp("again")
    write_reference(again, trained_on, embedding, **TRAINED)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def mistake(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_reference(folder)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    assert mistake(tmp_path / "x").startswith(f"{tmp_path / 'x'}: no such folder; a reference is the folder model/")


def test_folder_of_something_else(folder: Path) -> None:
    (folder / "reference.parquet").unlink()
    assert mistake(folder).startswith(f"{folder} holds no reference: there is no reference.parquet")


def test_folder_of_a_run_that_failed(tmp_path: Path) -> None:
    (tmp_path / ".snakemake_timestamp").touch()
    assert mistake(tmp_path).startswith(f"{tmp_path} is empty: the run that should have trained the reference failed")


def test_other_format(folder: Path) -> None:
    description = read_json(folder / "reference.json") | {"format": 99}
    (folder / "reference.json").write_text(json.dumps(description))
    assert mistake(folder) == f"{folder} holds a reference of format 99, this version of scbraid reads 1"


@pytest.mark.parametrize("content", ["{", "[]"])
def test_damaged_description(content: str, folder: Path) -> None:
    (folder / "reference.json").write_text(content)
    assert mistake(folder) == f"{folder / 'reference.json'} is damaged; copy the whole folder again"


def test_identifiers_are_text_that_differs_from_gene_to_gene() -> None:
    var = pd.DataFrame(
        {
            "gene_ids": pd.Categorical(["a", "b", "c", "d"]),
            "symbol": ["A", "A", "B", None],
            "feature_types": ["GEX"] * 4,
            "length": [1, 2, 3, 4],
            "selected": [True, False, True, False],
        }
    )
    assert list(identifier_columns(var)) == ["gene_ids", "symbol"]
    assert list(identifier_columns(pd.concat([var] * 2))) == ["gene_ids"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("results/d/runs/cvae/seed-3/model", None),
        ("results/e/runs/cvae/seed-0/model", f"no such folder: results/e/runs/cvae/seed-0/model (from {Path.cwd()})"),
        ("results/d/runs/cvea/seed-0/model", "no run 'cvea' of this config trains a model to map onto, did you mean"),
        ("elsewhere/model", f"no such folder: elsewhere/model (from {Path.cwd()})"),
        (str(Path(__file__).parent), None),
    ],
)
def test_reference_that_will_not_be_there(folder: str, message: str | None) -> None:
    said = why_no_reference(folder, datasets=["d"], run_names=["cvae", "labels"])
    assert said is None if message is None else said.startswith(message)


def run(adata: AnnData, folder: Path, **parameters: Any) -> str | None:
    defaults = {key: entry["default"] for key, entry in parameter_schema("cvae")["properties"].items()}
    folder.mkdir()
    return run_method(
        adata,
        folder,
        Run(
            name="mine",
            method="cvae",
            parameters=defaults | {"n_hidden": 8, "n_latent": 3, "n_layers": 1, "max_epochs": 1} | parameters,
            seed=5,
        ),
        accelerator="cpu",
        threads=1,
    )


def test_run_of_a_method_that_maps_leaves_a_reference(demo_hvg: AnnData, tmp_path: Path) -> None:
    assert run(demo_hvg, tmp_path / "run") is None
    reference, record = read_reference(tmp_path / "run" / "model"), read_json(tmp_path / "run" / "run.json")
    pd.testing.assert_frame_equal(reference.embedding, read_embedding(tmp_path / "run" / "embedding.parquet"))
    assert reference.run == Run(name="mine", method="cvae", parameters=record["parameters"], seed=5)
    assert reference.versions == record["versions"]
    assert list(reference.genes) == list(demo_hvg.var_names)
    assert list(reference.cells["label"]) == list(demo_hvg.obs["label"])


def test_run_that_failed_leaves_none(demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (lambda *_, **__: Result(), {}))
    assert run(demo_hvg, tmp_path / "run") is not None
    assert mistake(tmp_path / "run" / "model").endswith("its run.json says why")
