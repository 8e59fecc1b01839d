"""The runs of a config: names, methods, parameters, seeds, accelerator."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from scbraid.methods.registry import METHODS, find, parameter_schema
from unit.config.configs import config, mistake


def test_defaults() -> None:
    resolved = resolve(config(methods="pca: , h2: {method: harmony, theta: 3}"))
    assert resolved["methods"] == {
        "pca": {"method": "pca", "parameters": {}},
        "h2": {"method": "harmony", "parameters": {"theta": 3, "sigma": 0.1, "max_iter_harmony": 10}},
    }
    assert {key: resolved[key] for key in ("seeds", "accelerator", "allow_failures")} == {
        "seeds": [0],
        "accelerator": "auto",
        "allow_failures": False,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            config(methods="harmoni: {}"),
            "config: methods/harmoni: unknown method 'harmoni', did you mean 'harmony'?",
        ),
        (config(methods="x: {method: SCVI2}"), "config: methods/x: unknown method 'SCVI2', did you mean 'scvi'?"),
        (
            config(methods="harmony: {thetta: 1}"),
            "config: methods/harmony: unknown key 'thetta', did you mean 'theta'?",
        ),
        (
            config(methods="x: {method: scvi, latent: 1}"),
            "config: methods/x: unknown key 'latent', did you mean 'n_latent'?",
        ),
        (config("accelerator: GPU"), "config: accelerator is 'GPU', did you mean 'gpu'?"),
        (config("accelerator: cuda"), "config: accelerator is 'cuda', valid: auto, cpu, gpu"),
        (
            config(methods="scvi: {gene_likelihood: nbb}"),
            "config: methods/scvi/gene_likelihood is 'nbb', did you mean 'nb'?",
        ),
        (config() | {"methods": None}, "config: methods is empty; it should be a mapping (key: value)"),
        (config() | {"methods": {}}, "config: methods: {} should be non-empty"),
        (config("seeds:"), "config: seeds is empty; it should be a list"),
        (config("seeds: 3"), "config: seeds is 3; it should be a list, such as [3]"),
        (config("seeds: [1.0]"), "config: seeds/0 is 1.0; it should be a whole number"),
        (config("seeds: [true]"), "config: seeds/0 is True; it should be a whole number"),
        (config("seeds: [-1]"), "config: seeds/0: -1 is less than the minimum of 0"),
        (config("seeds: [0, 0]"), "config: seeds: [0, 0] has non-unique elements"),
        (
            config(methods="scvi: {lr: 1e-3}"),
            "config: methods/scvi/lr is '1e-3'; it should be a finite number; YAML reads this as text, write 0.001",
        ),
        (config(methods="scvi: {n_latent: 0}"), "config: methods/scvi/n_latent: 0 is less than the minimum of 1"),
        (config(methods="scvi: {n_latent: 9.0}"), "config: methods/scvi/n_latent is 9.0; it should be a whole number"),
        (config(methods="pca: 3"), "config: methods/pca is 3; it should be a mapping (key: value) or null"),
        (config(methods="harmony: {theta: }"), "config: methods/harmony/theta is empty; it should be a finite number"),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


def test_run_with_a_new_name_and_no_method_is_explained() -> None:
    message = mistake(config(methods="mine: {n_latent: 5}"))
    assert message.startswith("config: methods/mine: unknown method 'mine', valid: ")
    assert message.endswith("a run with another name needs the key 'method'")


@pytest.mark.parametrize("name", ["umap_pca", "pca_seed1"])
def test_run_names_that_the_export_needs_itself(name: str) -> None:
    assert mistake(config(methods=f"{name}: {{method: pca}}")).endswith("are reserved")


@pytest.mark.parametrize("name", METHODS)
def test_defaults_of_methods_are_used(name: str) -> None:
    parameters = resolve(config(dataset="label: l", methods=f"{name}: {{}}"))["methods"][name]["parameters"]
    assert parameters == {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}


def test_method_that_looks_at_labels_needs_some() -> None:
    given = config()
    given["methods"] = {"head": {"method": "cvae_labels"}}
    with pytest.raises(UserError) as caught:
        resolve(given)
    assert str(caught.value) == (
        "config: methods/head looks at labels, but datasets/d/label is null; name the column, or leave the method out"
    )


def test_method_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "combat", dataclasses.replace(METHODS["combat"], package="no_such_package"))
    find.cache_clear()
    given = config()
    given["methods"] = {"combat": {}}
    with pytest.raises(UserError, match="methods/combat needs the Python package no_such_package"):
        resolve(given)
    find.cache_clear()
