"""Cells never seen before, mapped onto a model of two batches of the demo data."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from in_memory import standardize
from scbraid.errors import UserError
from scbraid.mapping.batches import name_batches
from scbraid.mapping.export import mapped_cells
from scbraid.mapping.joint import joint_layout
from scbraid.mapping.labels import predict_labels
from scbraid.mapping.map_onto import map_onto
from scbraid.mapping.reference import read_reference
from scbraid.methods.registry import METHODS, parameter_schema
from scbraid.methods.spec import Run
from scbraid.plots.mapping import mapped_umaps
from scbraid.plots.style import save
from scbraid.preprocess.features import select_features
from scbraid.report.mapping import write_mapping_report
from scbraid.runs.run import run_method
from scbraid.transfer.scores import score_predictions

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference

N_LEFT_OUT = 30


def train(demo_standard: AnnData, folder: Path, method: str, **parameters: Any) -> Reference:
    """Train on all batches of the demo but one."""
    known = demo_standard[demo_standard.obs["batch"] != "pbmc10k_v3"].copy()
    known.obs["batch"] = known.obs["batch"].cat.remove_unused_categories()
    hvg, _ = select_features(known, name="pbmc", n_top_genes=300)
    defaults = {key: entry["default"] for key, entry in parameter_schema(method)["properties"].items()}
    reason = run_method(
        hvg,
        folder,
        Run(name="demo", method=method, parameters=defaults | parameters, seed=0),
        accelerator="cpu",
        threads=1,
    )
    assert reason is None
    return read_reference(folder / "model")


@pytest.fixture(scope="module")
def reference(demo_standard: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return train(demo_standard, tmp_path_factory.mktemp("cvae"), "cvae", max_epochs=60)


@pytest.fixture(scope="module")
def query(demo_standard: AnnData, reference: Reference) -> AnnData:
    """193 cells in two batches, without 30 genes of the reference."""
    cells = demo_standard[demo_standard.obs["batch"] == "pbmc10k_v3"]
    kept = ~cells.var_names.isin(reference.genes[:N_LEFT_OUT])
    source = ad.AnnData(cells.layers["counts"][:, kept], obs=cells.obs[["label"]].copy(), var=cells.var[kept])
    source.obs["sample"] = np.where(np.arange(cells.n_obs) % 2, "odd", "even")
    return standardize(source, source="q.h5ad", batch="sample", label="label", query="q")


def mapping(adata: AnnData, reference: Reference, *, known_batches: bool = False) -> MappedQuery:
    return map_onto(adata, reference, name="q", known_batches=known_batches, accelerator="cpu", threads=1)


def predictions_of(mapped: MappedQuery, reference: Reference, adata: AnnData | None = None) -> pd.DataFrame:
    return predict_labels(
        mapped.embedding,
        reference,
        probabilities=mapped.probabilities,
        truth=None if adata is None else adata.obs["label"].astype(object),
        n_neighbors=15,
        unknown_above=0.5,
    )


@pytest.fixture(scope="module")
def mapped(query: AnnData, reference: Reference) -> MappedQuery:
    return mapping(query, reference)


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_labels_of_another_experiment_are_found(mapped: MappedQuery, reference: Reference, query: AnnData) -> None:
    predictions = predictions_of(mapped, reference, query)
    assert list(predictions["cell"]) == list(query.obs_names)
    assert list(predictions["truth"]) == list(query.obs["label"])
    assert (predictions["truth"] == predictions["prediction"]).mean() > 0.75
    labels = sorted(reference.cells["label"].dropna().unique())
    assert list(predictions.columns[-len(labels) :]) == [f"p({label})" for label in labels]
    np.testing.assert_allclose(predictions.iloc[:, -len(labels) :].sum(axis=1), 1, atol=1e-5)


def test_facts(mapped: MappedQuery, reference: Reference) -> None:
    expected = {
        "query": "q",
        "cells": 193,
        "batches": {"even": 97, "odd": 96},
        "renamed_batches": {},
        "reference": str(reference.folder),
        "run": "demo",
        "method": "cvae",
        "seed": 0,
        "reference_cells": 887,
        "genes": 300,
        "genes_found": 270,
        "genes_padded": 30,
        "overlap_percent": 90.0,
        "device_asked": "cpu",
        "device": "cpu",
        "epochs": 0,
        "fraction_trained": 0,
    }
    assert {name: mapped.facts[name] for name in expected} == expected
    assert mapped.facts["seconds"] > 0
    assert {"scbraid", "torch"} <= set(mapped.facts["versions"])
    padded = mapped.genes.loc[mapped.genes["status"] == "padded", "gene"]
    assert list(padded) == list(reference.genes[:N_LEFT_OUT])


def test_reference_is_not_changed(query: AnnData, reference: Reference, tmp_path: Path) -> None:
    before = checksums(reference.folder)
    mapping(query, reference)
    assert checksums(reference.folder) == before


def test_folder_is_all_it_takes(mapped: MappedQuery, query: AnnData, reference: Reference, tmp_path: Path) -> None:
    handed_over = read_reference(shutil.copytree(reference.folder, tmp_path / "handed_over"))
    np.testing.assert_array_equal(mapping(query, handed_over).embedding, mapped.embedding)


def test_labels_of_the_query_are_not_looked_at(mapped: MappedQuery, query: AnnData, reference: Reference) -> None:
    other = query.copy()
    other.obs["label"] = pd.Categorical(["T"] * query.n_obs)
    np.testing.assert_array_equal(mapping(other, reference).embedding, mapped.embedding)


def test_permuted_cells_give_permuted_results(mapped: MappedQuery, query: AnnData, reference: Reference) -> None:
    order = np.random.default_rng(0).permutation(query.n_obs)
    permuted = mapping(query[order].copy(), reference)
    pd.testing.assert_frame_equal(permuted.embedding, mapped.embedding.iloc[order])
    pd.testing.assert_frame_equal(
        predictions_of(permuted, reference),
        predictions_of(mapped, reference).iloc[order].reset_index(drop=True),
        check_exact=False,
        atol=1e-5,
    )


def test_batches_mapped_one_by_one_get_the_same_place(
    mapped: MappedQuery, query: AnnData, reference: Reference
) -> None:
    parts = [mapping(query[query.obs["batch"] == batch].copy(), reference) for batch in ("even", "odd")]
    embedding = pd.concat([part.embedding for part in parts]).loc[query.obs_names]
    np.testing.assert_allclose(embedding, mapped.embedding, atol=1e-4)
    predicted = pd.concat([predictions_of(part, reference) for part in parts]).set_index("cell")["prediction"]
    assert list(predicted[query.obs_names]) == list(predictions_of(mapped, reference)["prediction"])


def test_batch_with_a_name_of_the_reference(query: AnnData, reference: Reference) -> None:
    same = query.copy()
    same.obs["batch"] = pd.Categorical(["pbmc5k_v3"] * query.n_obs)
    new = mapping(same, reference).facts
    assert new["batches"] == {"pbmc5k_v3 (query)": 193}
    assert new["renamed_batches"] == {"pbmc5k_v3": "pbmc5k_v3 (query)"}
    assert (
        "batch 'pbmc5k_v3' is called 'pbmc5k_v3 (query)' here, as the reference has a batch of that name"
        in new["notes"]
    )
    known = mapping(same, reference, known_batches=True).facts
    assert known["batches"] == {"pbmc5k_v3": 193}
    assert known["renamed_batches"] == {}
    assert known["fraction_trained"] == known["epochs"] == 0


@pytest.mark.parametrize(
    ("batches", "known_batches", "expected"),
    [
        (["a", "c"], False, ["a (query)", "c"]),
        (["a", "c"], True, ["a", "c"]),
        (["a", "a (query)"], False, ["a (query 2)", "a (query)"]),
        (["b", "b"], False, ["b (query 2)", "b (query 2)"]),
    ],
)
def test_names_of_batches(batches: list[str], known_batches: bool, expected: list[str]) -> None:
    batch = pd.Series(batches, index=["x", "y"], dtype="category")
    named, renamed = name_batches(batch, ["a", "b", "b (query)"], known_batches=known_batches)
    assert list(named) == expected
    assert list(named.index) == ["x", "y"]
    assert renamed == {old: new for old, new in zip(batches, expected) if old != new}


def test_method_that_predicts(demo_standard: AnnData, query: AnnData, tmp_path: Path) -> None:
    reference = train(demo_standard, tmp_path, "cvae_labels", max_epochs=40)
    mapped = mapping(query, reference)
    predictions = predictions_of(mapped, reference, query)
    shares = mapped.probabilities.to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-3)
    assert list(predictions["prediction"]) == list(mapped.probabilities.columns[shares.argmax(axis=1)])
    assert (predictions["uncertainty"] >= 1 - shares.max(axis=1) - 1e-6).all()
    assert (predictions["truth"] == predictions["prediction"]).mean() > 0.75


def test_reference_without_labels_predicts_none(mapped: MappedQuery, reference: Reference, query: AnnData) -> None:
    reference.cells["label"], labels = np.nan, reference.cells["label"].copy()
    try:
        predictions = predictions_of(mapped, reference, query)
        notes = mapping(query, reference).facts["notes"]
    finally:
        reference.cells["label"] = labels
    assert predictions.empty
    assert score_predictions(predictions).empty
    assert "the reference has no labels, so none are predicted" in notes


def test_reference_of_a_method_that_does_not_map(query: AnnData, reference: Reference, tmp_path: Path) -> None:
    folder = shutil.copytree(reference.folder, tmp_path / "other")
    description = (folder / "reference.json").read_text().replace('"method": "cvae"', '"method": "future"')
    (folder / "reference.json").write_text(description)
    with pytest.raises(
        UserError, match=r"was trained with 'future', which maps no query here; methods that do: .*cvae"
    ):
        mapping(query, read_reference(folder))


def test_covariate_that_the_query_lacks(query: AnnData, reference: Reference) -> None:
    reference.run.parameters["categorical_covariates"] = ["donor"]
    try:
        with pytest.raises(
            UserError, match=r"queries/q: the reference was trained with covariates. .*'donor' is no column"
        ):
            mapping(query, reference)
    finally:
        reference.run.parameters["categorical_covariates"] = []


@pytest.fixture(scope="module")
def layout(mapped: MappedQuery, reference: Reference) -> pd.DataFrame:
    return joint_layout(mapped.embedding, reference)


def test_joint_layout(layout: pd.DataFrame, mapped: MappedQuery, reference: Reference) -> None:
    assert list(layout.columns) == ["0", "1", "role"]
    assert list(layout["role"]) == ["reference"] * 887 + ["query"] * 193
    assert list(layout.index) == [*reference.embedding.index, *mapped.embedding.index]
    assert (layout[["0", "1"]].dtypes == np.float32).all()
    points = layout[["0", "1"]].to_numpy()
    of_query = predictions_of(mapped, reference)["prediction"].to_numpy(object)
    labels = np.concatenate([reference.cells["label"].to_numpy(object), of_query])
    distances = ((points[887:, None] - points[None, :887]) ** 2).sum(axis=2)
    nearest = labels[:887][np.argsort(distances, axis=1)[:, :5]]
    assert (nearest == of_query[:, None]).mean() > 0.75


def test_joint_layout_of_permuted_cells_and_equal_names(
    layout: pd.DataFrame, mapped: MappedQuery, reference: Reference
) -> None:
    order = np.random.default_rng(0).permutation(len(mapped.embedding))
    permuted = joint_layout(mapped.embedding.iloc[order], reference)
    np.testing.assert_array_equal(permuted[["0", "1"]][887:], layout[["0", "1"]][887:].iloc[order])
    np.testing.assert_array_equal(permuted[["0", "1"]][:887], layout[["0", "1"]][:887])
    renamed = mapped.embedding.set_axis(reference.embedding.index[:193])
    assert list(joint_layout(renamed, reference)["role"]) == list(layout["role"])


@pytest.fixture(scope="module")
def exported(mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData) -> AnnData:
    earlier = query.copy()
    earlier.obs["prediction"] = "by hand"
    return mapped_cells(
        earlier,
        embedding=mapped.embedding,
        layout=layout,
        predictions=predictions_of(mapped, reference, query),
        facts=mapped.facts | {"renamed_batches": {"odd": "odd (query)"}},
        source={"source": "q.h5ad", "sha256": "0" * 64},
    )


def test_export(
    exported: AnnData, mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData, tmp_path: Path
) -> None:
    exported.write_h5ad(tmp_path / "mapped.h5ad")
    read = ad.read_h5ad(tmp_path / "mapped.h5ad")
    assert (read.layers["counts"] != query.layers["counts"]).nnz == 0
    np.testing.assert_array_equal(read.obsm["X_cvae"], mapped.embedding)
    np.testing.assert_array_equal(read.obsm["X_umap"], layout.loc[layout["role"] == "query", ["0", "1"]])
    predictions = predictions_of(mapped, reference)
    for name in ("prediction", "decision", "probability", "uncertainty"):
        assert list(read.obs[name]) == list(predictions[name])
    assert set(read.obs["prediction_original"]) == {"by hand"}
    assert set(read.obs["batch"]) == {"even", "odd (query)"}
    assert read.uns["scbraid"]["query"]["genes_padded"] == 30


def test_report_shows_the_numbers(
    exported: AnnData, mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData, tmp_path: Path
) -> None:
    save(mapped_umaps(layout, reference.cells, exported.obs), tmp_path / "umap.svg")
    predictions = predictions_of(mapped, reference, query)
    scores = score_predictions(predictions)
    facts = mapped.facts | {"query": "<q>", "batches": {"even": 97, "odd (query)": 96}, "notes": ["a & b"]}

    def written(name: str, **changes: Any) -> str:
        content = {"obs": exported.obs, "predictions": predictions, "scores": scores, "facts": facts} | changes
        source = {"source": "q.h5ad", "sha256": "0" * 64}
        figure, output = tmp_path / "umap.svg", tmp_path / name
        write_mapping_report(output, genes=mapped.genes, source=source, figure=figure, **content)
        return output.read_text()

    page = written("report.html")
    assert page == written("again.html")
    assert "&lt;q&gt; on demo" in page
    assert "a &amp; b" in page
    assert "270 of its 300 genes (90.0 %) are in the data." in page
    assert f"{100 * (predictions['decision'] == 'unknown').mean():.1f} % of the cells are too uncertain" in page
    assert f"{(predictions['truth'] == predictions['prediction']).mean():.3f}" in page
    assert ", ".join(reference.genes[:N_LEFT_OUT]) in page
    of_b = exported.obs[exported.obs["prediction"] == "B"]
    cells = [(of_b["batch"] == "even").sum(), (of_b["batch"] != "even").sum(), len(of_b)]
    assert '<th scope="row">B</th>' + "".join(f'<td class="number">{n}</td>' for n in cells) in page
    assert "http" not in page.replace("http://www.w3.org", "")

    plain = written(
        "plain.html",
        obs=query.obs,
        predictions=predictions[:0],
        scores=scores[:0],
        facts=facts | {"overlap_percent": 70.0},
    )
    assert 'id="labels"' not in plain
    assert "Many genes of the reference are missing" in plain


def test_a_query_may_be_one_small_batch(demo_standard: AnnData) -> None:
    source = ad.AnnData(
        demo_standard.layers["counts"][:12], obs=demo_standard.obs[:12][["batch"]], var=demo_standard.var
    )
    whole = standardize(source, source="q.h5ad", batch=None, query="lung")
    assert list(whole.obs["batch"]) == ["lung"] * 12
    assert list(whole.obs["batch_original"]) == list(source.obs["batch"])
    assert standardize(source, source="q.h5ad", batch="batch", query="lung").obs["batch"].nunique() == 1
    with pytest.raises(UserError, match=r"q.h5ad has 9 cells; a query needs at least 10"):
        standardize(source[:9].copy(), source="q.h5ad", batch=None, query="lung")


def test_every_method_that_maps_can_be_loaded() -> None:
    from scbraid.methods.registry import load_mapping, maps

    assert {name for name in METHODS if maps(name)} == {"cvae", "cvae_labels", "scvi", "scanvi"}
    assert all(callable(load_mapping(name)) for name in METHODS if maps(name))
