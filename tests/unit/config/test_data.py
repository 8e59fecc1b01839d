"""The data sets of a config: source, batch, label, counts, what to keep."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve
from scbraid.config.schema import load_schema
from scbraid.errors import UserError
from unit.config.configs import config, mistake


def test_defaults() -> None:
    dataset = resolve(config())["datasets"]["d"]
    assert {key: dataset[key] for key in ("sha256", "label", "counts", "batches", "feature_types")} == {
        "sha256": None,
        "label": None,
        "counts": "auto",
        "batches": None,
        "feature_types": None,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config(dataset="labels: x"), "config: datasets/d: unknown key 'labels', did you mean 'label'?"),
        (config() | {"datasets": {"d": None}}, "config: datasets/d is empty; it should be a mapping (key: value)"),
        (config() | {"datasets": {"d": {"source": "a"}}}, "config: datasets/d: the key 'batch' is missing"),
        (config(dataset="label: 3"), "config: datasets/d/label is 3; it should be text or null; put it in quotes"),
        (
            config(dataset="batches: [1, 2]"),
            "config: datasets/d/batches/0 is 1; it should be text; put it in quotes",
        ),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("batches: [x]", "names one batch only; integration needs at least two"),
        ("label: b", "batch and label are the same column"),
    ],
)
def test_contradictions(dataset: str, message: str) -> None:
    assert message in mistake(config(dataset=dataset))


@pytest.mark.parametrize("key", ["sha256: abc", "counts: layer"])
def test_pattern_is_explained_by_the_description_of_the_key(key: str) -> None:
    name, value = key.split(": ")
    description = load_schema()["properties"]["datasets"]["additionalProperties"]["properties"][name]["description"]
    assert mistake(config(dataset=key)) == f"config: datasets/d/{name} is '{value}', which does not fit. {description}"


@pytest.mark.parametrize("name", ["report.html", "logs", "benchmarks"])
def test_dataset_names_that_scbraid_writes_itself_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="reserved"):
        resolve({"datasets": {name: {"source": "x.h5ad", "batch": "b"}}, "methods": {"pca": {}}})


def test_batch_of_several_columns() -> None:
    given = config(dataset="label: l")
    given["datasets"]["d"]["batch"] = ["study", "sample"]
    assert resolve(given)["datasets"]["d"]["batch"] == ["study", "sample"]
    given["datasets"]["d"]["batch"] = ["study", "l"]
    with pytest.raises(UserError, match="batch and label are the same column"):
        resolve(given)
