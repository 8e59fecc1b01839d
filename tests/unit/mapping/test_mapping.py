"""Cells never seen before, mapped onto a model of two batches of the demo data."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from scbraid.mapping.reference import read_reference
from scbraid.methods.registry import METHODS
from scbraid.transfer.scores import score_predictions
from unit.mapping.onto_demo import N_LEFT_OUT, mapping, predictions_of, train

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference


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
    reference.parameters["categorical_covariates"] = ["donor"]
    try:
        with pytest.raises(
            UserError, match=r"queries/q: the reference was trained with covariates. .*'donor' is no column"
        ):
            mapping(query, reference)
    finally:
        reference.parameters["categorical_covariates"] = []


def test_every_method_that_maps_can_be_loaded() -> None:
    from scbraid.methods.registry import load_mapping

    assert {"cvae", "cvae_labels"} <= {name for name in METHODS if METHODS[name].maps}
    assert all(callable(load_mapping(name)) for name in METHODS if METHODS[name].maps)
