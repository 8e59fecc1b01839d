"""Label transfer in a config: the section, and the key of a data set."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from unit.config.configs import config, mistake


def test_defaults() -> None:
    resolved = resolve(config())
    assert resolved["datasets"]["d"]["transfer"] is None
    assert resolved["transfer"] == {
        "classifiers": ["knn", "logistic", "head"],
        "unknown_above": 0.5,
        "n_neighbors": 15,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            config("transfer: {k: 1}"),
            "config: transfer: unknown key 'k', valid: classifiers, n_neighbors, unknown_above",
        ),
        (
            config(dataset="label: l, transfer: {query: [x], ref: [y]}"),
            "config: datasets/d/transfer: unknown key 'ref', did you mean 'reference'?",
        ),
        (
            config(dataset="label: l, transfer: {query: x}"),
            "config: datasets/d/transfer/query is 'x', which does not fit. Cells whose labels are hidden and "
            "predicted: a list of batches, `each_batch` (every batch in turn from the others), or `unlabelled` "
            "(cells without a label, also those called unknown).",
        ),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("transfer: {query: [x]}", "transfer needs labels, but datasets/d/label is null"),
        ("label: l, transfer: {}", "datasets/d/transfer: the key 'query' is missing"),
        ("label: l, transfer: {query: []}", "[] should be non-empty"),
        ("label: l, transfer: {query: [x], reference: [y, x]}", "'x' is both query and reference; name it once"),
        (
            "label: l, batches: [lung, liver], transfer: {query: [lungs]}",
            "transfer names 'lungs', which datasets/d/batches leaves out, did you mean 'lung'?",
        ),
        (
            "label: l, batches: [x, y], transfer: {query: [x], reference: [other]}",
            "transfer names 'other', which datasets/d/batches leaves out, valid: x, y",
        ),
        ("label: l, batches: [x, y], transfer: {query: [y, x]}", "every batch is a query; leave at least one"),
    ],
)
def test_contradictions(dataset: str, message: str) -> None:
    assert message in mistake(config(dataset=dataset))


@pytest.mark.parametrize("query", ["each_batch", "unlabelled"])
def test_query_may_be_each_batch_or_the_unlabelled(query: str) -> None:
    resolved = resolve(config(dataset=f"label: l, batches: [x, y], transfer: {{query: {query}}}"))
    assert resolved["datasets"]["d"]["transfer"] == {"query": query, "reference": None}


def test_transfer_that_no_classifier_serves_is_refused() -> None:
    given = config(dataset="label: l, transfer: {query: [x]}")
    given["methods"] = {"pca": {}}
    given["transfer"] = {"classifiers": ["head", "mapping"]}
    with pytest.raises(UserError) as caught:
        resolve(given)
    assert str(caught.value) == (
        "config: datasets/d/transfer asks for labels, but none of transfer/classifiers (head, mapping) applies to a "
        "method of this config"
    )
