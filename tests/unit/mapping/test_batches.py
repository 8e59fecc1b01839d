"""Batches of a query: their names, one by one or together, and a query that is one small batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from scbraid.data.standardize import standardize
from scbraid.errors import UserError
from scbraid.mapping.batches import name_batches
from unit.mapping.onto_demo import mapping, predictions_of

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference


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
