"""The section `queries` of a config."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from scbraid.config.resolve import resolve
from scbraid.config.schema import load_schema
from unit.config.configs import mistake

DATA = "datasets: {d: {source: a.h5ad, batch: b}}\nmethods: {cvae: {}}\n"
MODEL = "results/d/runs/cvae/seed-0/model"


def config(query: str = "", *, more: str = "") -> Any:
    """A config with one query, and more text at the top level."""
    return yaml.safe_load(f"queries: {{new: {{source: q.h5ad, reference: {MODEL}, {query}}}}}\n{more}")


def test_defaults() -> None:
    assert resolve(config(more=DATA))["queries"] == {
        "new": {
            "source": "q.h5ad",
            "sha256": None,
            "reference": MODEL,
            "batch": None,
            "known_batches": False,
            "label": None,
            "counts": "auto",
            "feature_types": None,
        }
    }


def test_queries_are_optional() -> None:
    assert resolve(yaml.safe_load(DATA))["queries"] == {}
    assert resolve(yaml.safe_load(DATA + "queries:"))["queries"] == {}


def test_queries_change_nothing_else() -> None:
    assert resolve(config(more=DATA)) | {"queries": {}} == resolve(yaml.safe_load(DATA))


def test_queries_alone_are_a_config() -> None:
    alone = resolve(config(more="seeds: [1]"))
    assert (alone["datasets"], alone["methods"], alone["seeds"]) == ({}, {}, [1])
    assert list(alone["queries"]) == ["new"]


@pytest.mark.parametrize("path", [f"./{MODEL}", f"{MODEL}/", MODEL.replace("/runs/", "//runs/")])
def test_path_of_the_reference_is_the_one_that_the_run_writes(path: str) -> None:
    given = config()
    given["queries"]["new"]["reference"] = path
    assert resolve(given)["queries"]["new"]["reference"] == MODEL


def test_reference_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    given = config()
    given["queries"]["new"]["reference"] = "~/model"
    assert resolve(given)["queries"]["new"]["reference"] == "/home/someone/model"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"queries": {}}, "config: the key 'datasets' is missing"),
        ({"queries": None}, "config: the key 'datasets' is missing"),
        (config(more="methods: {cvae: {}}"), "config: the key 'datasets' is missing"),
        (config(more="datasets: {d: {source: a, batch: b}}"), "config: the key 'methods' is missing"),
        (config(more="datasets: {}\nmethods: {cvae: {}}"), "config: datasets: {} should be non-empty"),
        ({"queries": 3}, "config: queries is 3; it should be a mapping (key: value)"),
        ({"queries": {"new": None}}, "config: queries/new is empty; it should be a mapping (key: value)"),
        ({"queries": {"new": {"source": "q"}}}, "config: queries/new: the key 'reference' is missing"),
        ({"queries": {"new": {"reference": "m"}}}, "config: queries/new: the key 'source' is missing"),
        (config("lable: x"), "config: queries/new: unknown key 'lable', did you mean 'label'?"),
        (config("known_batches: 1"), "config: queries/new/known_batches is 1; it should be true or false"),
        (
            config("batch: x, label: x"),
            "config: queries/new: batch and label are the same column; without labels set label: null",
        ),
        (
            config("batch: [x, y], label: y"),
            "config: queries/new: batch and label are the same column; without labels set label: null",
        ),
        (
            {"queries": {"a b": {"source": "q", "reference": "m"}}},
            "config: queries: the name 'a b' becomes part of file names: letters, digits, '_', '-' and '.' only, "
            "a letter or digit first, at most 64",
        ),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


@pytest.mark.parametrize("name", ["queries", "runs.tsv"])
def test_data_set_in_the_place_of_queries(name: str) -> None:
    given = {"datasets": {name: {"source": "x.h5ad", "batch": "b"}}, "methods": {"pca": {}}}
    assert mistake(given) == f"config: datasets/{name}: this name is reserved, scbraid itself writes results/{name}"


@pytest.mark.parametrize("key", ["source", "sha256", "label", "counts", "feature_types"])
def test_keys_that_data_sets_have_too_mean_the_same(key: str) -> None:
    sections = (load_schema()["properties"][name]["additionalProperties"] for name in ("queries", "datasets"))
    of_query, of_dataset = (section["properties"][key] for section in sections)
    assert {name: value for name, value in of_query.items() if name != "description"} == {
        name: value for name, value in of_dataset.items() if name != "description"
    }
