"""How a config becomes complete, whatever the stage: order, empty sections, names, values of no use."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from scbraid.config.resolve import resolve
from scbraid.config.schema import load_schema
from support import demo_config
from unit.config.configs import config, mistake


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config("seed: [0]"), "config: unknown key 'seed', did you mean 'seeds'?"),
        (config("dataset: {}"), "config: unknown key 'dataset', did you mean 'datasets'?"),
        (None, "config is empty; it should be a mapping (key: value)"),
        ([1, 2], "config is [1, 2]; it should be a mapping (key: value)"),
        ({}, "config: the key 'datasets' is missing"),
        ({"datasets": {"d": {"batch": "b", "source": "a"}}}, "config: the key 'methods' is missing"),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


def test_shipped_config_resolves() -> None:
    resolved = resolve(demo_config())
    pbmc = resolved["datasets"]["pbmc"]
    assert pbmc["features"]["n_top_genes"] == 600
    assert pbmc["transfer"] == {"query": ["pbmc10k_v3"], "reference": None}
    assert list(resolved["methods"]) == ["pca", "harmony", "scvi", "cvae"]
    assert resolved["seeds"] == [0]


def test_input_is_not_changed_and_not_shared() -> None:
    given = demo_config()
    before = copy.deepcopy(given)
    resolved = resolve(given)
    resolved["datasets"]["pbmc"]["transfer"]["query"].append("x")
    resolved["datasets"]["pbmc"]["features"]["exclude"].append("x")
    resolved["seeds"].append(1)
    assert given == before
    assert resolve(given) == resolve(before)
    assert load_schema()["properties"]["features"]["properties"]["exclude"]["default"] == []


def test_keys_stand_in_an_order_that_later_versions_keep_or_everything_reruns() -> None:
    resolved = resolve(config())
    assert " ".join(resolved) == (
        "datasets methods queries seeds accelerator allow_failures pca neighbors umap transfer metrics"
    )
    assert " ".join(resolved["datasets"]["d"]) == (
        "source sha256 batch label pseudotime counts batches feature_types transfer qc features"
    )


def test_resolved_config_does_not_depend_on_the_order_of_keys() -> None:
    given = config("seeds: [1]\nqc: {min_genes: 1, min_counts: 2}", dataset="label: l, counts: X")
    turned = {key: given[key] for key in reversed(given)}
    turned["qc"] = {"min_counts": 2, "min_genes": 1}
    turned["datasets"] = {"d": {key: given["datasets"]["d"][key] for key in reversed(given["datasets"]["d"])}}
    assert yaml.safe_dump(resolve(turned), sort_keys=False) == yaml.safe_dump(resolve(given), sort_keys=False)


@pytest.mark.parametrize("section", ["qc", "features", "pca", "neighbors", "umap", "transfer", "metrics"])
def test_empty_section_stands_for_its_defaults(section: str) -> None:
    assert resolve(config(f"{section}:")) == resolve(config())


@pytest.mark.parametrize("section", ["qc", "features", "transfer"])
def test_empty_section_of_a_data_set_stands_for_its_defaults(section: str) -> None:
    assert resolve(config(dataset=f"{section}: ")) == resolve(config())


@pytest.mark.parametrize("section", ["datasets", "methods"])
@pytest.mark.parametrize("name", ["../x", "a b", "$(x)", "x" * 65, "", ".x", "-x", "é", "a/b", "a;b", "{a}", "*"])
def test_names_that_cannot_be_file_names(section: str, name: str) -> None:
    given = config()
    given[section] = {name: {"source": "a", "batch": "b"} if section == "datasets" else {"method": "pca"}}
    message = mistake(given)
    assert message.startswith(f"config: {section}: the name '{name}' becomes part of file names")


@pytest.mark.parametrize("section", ["datasets", "methods"])
@pytest.mark.parametrize("name", ["2020", "true", "2020-01-01", "null", "1.5"])
def test_names_that_yaml_does_not_read_as_text(section: str, name: str) -> None:
    given = config()
    given[section] = yaml.safe_load(f"{name}: {{source: a, batch: b, method: pca}}")
    message = mistake(given)
    assert message.startswith(f"config: {section}: YAML does not read the name ")
    assert message.endswith("put it in quotes")


@pytest.mark.parametrize("name", ["x" * 64, "2020", "a.b-c_d"])
def test_unusual_but_valid_names(name: str) -> None:
    given = {"datasets": {name: {"source": "a", "batch": "b"}}, "methods": {name: {"method": "pca"}}}
    resolved = resolve(given)
    assert list(resolved["datasets"]) == list(resolved["methods"]) == [name]


def test_long_values_are_shown_in_part() -> None:
    assert len(mistake(config() | {"datasets": list(range(10_000))})) < 200
