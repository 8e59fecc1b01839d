"""What a config may hold, what becomes of it, and how its mistakes are answered."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from scbraid.config.resolve import resolve
from scbraid.config.schema import load_schema
from scbraid.errors import UserError, suggest
from scbraid.methods.registry import METHODS, find, parameter_schema
from support import demo_config

if TYPE_CHECKING:
    from collections.abc import Iterator


def config(text: str = "", *, dataset: str = "", methods: str = "pca: {}") -> Any:
    """A small valid config with more text at the top level, in its one data set, or other methods."""
    return yaml.safe_load(f"datasets: {{d: {{source: a.h5ad, batch: b, {dataset}}}}}\nmethods: {{{methods}}}\n{text}")


def mistake(given: Any) -> str:
    with pytest.raises(UserError) as caught:
        resolve(given)
    message = str(caught.value)
    assert 1 <= len(message.splitlines()) <= 2
    return message


def test_shipped_config_resolves() -> None:
    resolved = resolve(demo_config())
    pbmc = resolved["datasets"]["pbmc"]
    assert pbmc["features"]["n_top_genes"] == 600
    assert pbmc["transfer"] == {"query": ["pbmc10k_v3"], "reference": None}
    assert list(resolved["methods"]) == ["pca", "harmony", "scvi", "cvae"]
    assert resolved["seeds"] == [0]


def test_defaults_fill_a_minimal_config() -> None:
    resolved = resolve(config(methods="pca: , h2: {method: harmony, theta: 3}"))
    dataset = resolved["datasets"]["d"]
    assert {
        key: dataset[key] for key in ("sha256", "label", "pseudotime", "counts", "batches", "feature_types", "transfer")
    } == {
        "sha256": None,
        "label": None,
        "pseudotime": None,
        "counts": "auto",
        "batches": None,
        "feature_types": None,
        "transfer": None,
    }
    assert dataset["qc"] == {
        "mads_log_counts": 5,
        "mads_log_genes": 5,
        "mads_top_20": 5,
        "mads_mitochondrial": 3,
        "min_counts": None,
        "max_counts": None,
        "min_genes": None,
        "max_genes": None,
        "max_mitochondrial": None,
        "scrublet": True,
        "max_doublet_score": None,
        "allow_large_loss": False,
    }
    assert dataset["features"] == {"flavor": "seurat_v3", "n_top_genes": 2000, "genes": None, "exclude": []}
    assert resolved["methods"] == {
        "pca": {"method": "pca", "parameters": {}},
        "h2": {"method": "harmony", "parameters": {"theta": 3, "sigma": 0.1, "max_iter_harmony": 10}},
    }
    assert {
        key: resolved[key]
        for key in ("seeds", "accelerator", "allow_failures", "pca", "neighbors", "umap", "transfer", "metrics")
    } == {
        "seeds": [0],
        "accelerator": "auto",
        "pca": {"n_comps": 30},
        "neighbors": {"n_neighbors": 15},
        "umap": {"min_dist": 0.5},
        "transfer": {"classifiers": ["knn", "logistic", "head"], "unknown_above": 0.5, "n_neighbors": 15},
        "allow_failures": False,
        "metrics": {
            "include": None,
            "profile": "full",
            "max_cells": None,
            "bootstrap": 0,
            "engine": "scbraid",
            "scale_over_methods": False,
        },
    }
    assert not {"qc", "features"} & set(resolved)


def test_data_set_overrides_some_keys_of_qc_and_features() -> None:
    given = config("qc: {min_genes: 7, mads_top_20: null}\nfeatures: {n_top_genes: 100}", dataset="qc: {min_genes: 9}")
    given["datasets"]["e"] = {"source": "e.h5ad", "batch": "b", "features": {"exclude": ["ribosomal"]}}
    resolved = resolve(given)["datasets"]
    assert [resolved[name]["qc"]["min_genes"] for name in "de"] == [9, 7]
    assert [resolved[name]["qc"]["mads_top_20"] for name in "de"] == [None, None]
    assert [resolved[name]["features"]["n_top_genes"] for name in "de"] == [100, 100]
    assert [resolved[name]["features"]["exclude"] for name in "de"] == [[], ["ribosomal"]]


def test_override_with_null_turns_a_rule_off() -> None:
    resolved = resolve(config("qc: {max_counts: 9}", dataset="qc: {max_counts: null, mads_log_counts: null}"))
    assert resolved["datasets"]["d"]["qc"]["max_counts"] is None
    assert resolved["datasets"]["d"]["qc"]["mads_log_counts"] is None


def test_input_is_not_changed_and_not_shared() -> None:
    given = demo_config()
    before = copy.deepcopy(given)
    resolved = resolve(given)
    resolved["datasets"]["pbmc"]["transfer"]["query"].append("x")
    resolved["datasets"]["pbmc"]["features"]["exclude"].append("x")
    resolved["seeds"].append(1)
    assert given == before
    assert resolve(given) == resolve(before)
    assert load_schema()["$defs"]["features"]["properties"]["exclude"]["default"] == []


def test_resolved_config_does_not_depend_on_the_order_of_keys() -> None:
    given = config("seeds: [1]\nqc: {min_genes: 1, min_counts: 2}", dataset="label: l, counts: X")
    turned = {key: given[key] for key in reversed(given)}
    turned["qc"] = {"min_counts": 2, "min_genes": 1}
    turned["datasets"] = {"d": {key: given["datasets"]["d"][key] for key in reversed(given["datasets"]["d"])}}
    assert yaml.safe_dump(resolve(turned), sort_keys=False) == yaml.safe_dump(resolve(given), sort_keys=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config("seed: [0]"), "config: unknown key 'seed', did you mean 'seeds'?"),
        (config("dataset: {}"), "config: unknown key 'dataset', did you mean 'datasets'?"),
        (config("pca: {n_comp: 3}"), "config: pca: unknown key 'n_comp', did you mean 'n_comps'?"),
        (
            config("neighbors: {n_neighbours: 3}"),
            "config: neighbors: unknown key 'n_neighbours', did you mean 'n_neighbors'?",
        ),
        (config("umap: {mindist: 1}"), "config: umap: unknown key 'mindist', did you mean 'min_dist'?"),
        (
            config("transfer: {k: 1}"),
            "config: transfer: unknown key 'k', valid: classifiers, n_neighbors, unknown_above",
        ),
        (config("metrics: {includ: [nmi]}"), "config: metrics: unknown key 'includ', did you mean 'include'?"),
        (config("qc: {mads_mito: 3}"), "config: qc: unknown key 'mads_mito', did you mean 'mads_mitochondrial'?"),
        (
            config("features: {n_top_gene: 3}"),
            "config: features: unknown key 'n_top_gene', did you mean 'n_top_genes'?",
        ),
        (config(dataset="labels: x"), "config: datasets/d: unknown key 'labels', did you mean 'label'?"),
        (
            config(dataset="qc: {min_count: 3}"),
            "config: datasets/d/qc: unknown key 'min_count', did you mean 'min_counts'?",
        ),
        (
            config(dataset="features: {flavour: seurat}"),
            "config: datasets/d/features: unknown key 'flavour', did you mean 'flavor'?",
        ),
        (
            config(dataset="label: l, transfer: {query: [x], ref: [y]}"),
            "config: datasets/d/transfer: unknown key 'ref', did you mean 'reference'?",
        ),
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
        (
            config("metrics: {include: [nmi, arii]}"),
            "config: metrics/include: unknown metric 'arii', did you mean 'ari'?",
        ),
        (
            config("metrics: {engine: scib, bootstrap: 100}"),
            "config: metrics/bootstrap needs metrics/engine scbraid; the package scib has no intervals",
        ),
        (
            config("metrics: {engine: scib, include: [bras]}", dataset="label: cell_type"),
            "config: metrics/include leaves nothing to rank the runs of datasets/d by; name at least one of nmi, ari, "
            "silhouette_label, isolated_label_f1, isolated_label_silhouette, clisi, ilisi, kbet, graph_connectivity, "
            "pcr",
        ),
        (
            config("metrics: {scale_over_methods: true}"),
            "config: metrics/scale_over_methods compares methods, and the config has 1 beside controls",
        ),
        (
            config(dataset="pseudotime: time"),
            "config: datasets/d/pseudotime needs labels, to find where it begins, but datasets/d/label is null",
        ),
        (
            config(dataset="pseudotime: b, label: cell_type"),
            "config: datasets/d/pseudotime is 'b', the column of the batch or the label",
        ),
        (
            config("metrics: {max_cells: 1e5}"),
            "config: metrics/max_cells is '1e5'; it should be a whole number or null; YAML reads this as text, write "
            "100000",
        ),
        (
            config("features: {flavor: seurat_v4}"),
            "config: features/flavor is 'seurat_v4', did you mean 'seurat_v3'?",
        ),
        (
            config("features: {exclude: [mito]}"),
            "config: features/exclude/0 is 'mito', did you mean 'mitochondrial'?",
        ),
        (config("accelerator: GPU"), "config: accelerator is 'GPU', did you mean 'gpu'?"),
        (config("accelerator: cuda"), "config: accelerator is 'cuda', valid: auto, cpu, gpu"),
        (
            config(methods="scvi: {gene_likelihood: nbb}"),
            "config: methods/scvi/gene_likelihood is 'nbb', did you mean 'nb'?",
        ),
    ],
)
def test_misspelling_is_answered_with_the_nearest_valid_name(given: dict, message: str) -> None:
    assert mistake(given) == message


def test_run_with_a_new_name_and_no_method_is_explained() -> None:
    message = mistake(config(methods="mine: {n_latent: 5}"))
    assert message.startswith("config: methods/mine: unknown method 'mine', valid: ")
    assert message.endswith("a run with another name needs the key 'method'")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "config is empty; it should be a mapping (key: value)"),
        ([1, 2], "config is [1, 2]; it should be a mapping (key: value)"),
        ({}, "config: the key 'datasets' is missing"),
        ({"datasets": {"d": {"batch": "b", "source": "a"}}}, "config: the key 'methods' is missing"),
        (config() | {"methods": None}, "config: methods is empty; it should be a mapping (key: value)"),
        (config() | {"methods": {}}, "config: methods: {} should be non-empty"),
        (config() | {"datasets": {"d": None}}, "config: datasets/d is empty; it should be a mapping (key: value)"),
        (config() | {"datasets": {"d": {"source": "a"}}}, "config: datasets/d: the key 'batch' is missing"),
        (config("seeds:"), "config: seeds is empty; it should be a list"),
        (config("seeds: 3"), "config: seeds is 3; it should be a list, such as [3]"),
        (config("seeds: [1.0]"), "config: seeds/0 is 1.0; it should be a whole number"),
        (config("seeds: [true]"), "config: seeds/0 is True; it should be a whole number"),
        (config("seeds: [-1]"), "config: seeds/0: -1 is less than the minimum of 0"),
        (config("seeds: [0, 0]"), "config: seeds: [0, 0] has non-unique elements"),
        (config("pca: 3"), "config: pca is 3; it should be a mapping (key: value)"),
        (config("pca: {n_comps: 1}"), "config: pca/n_comps: 1 is less than the minimum of 2"),
        (config("umap: {min_dist: .nan}"), "config: umap/min_dist is nan; it should be a finite number"),
        (config("qc: {scrublet: 1}"), "config: qc/scrublet is 1; it should be true or false"),
        (
            config("qc: {min_counts: many}"),
            "config: qc/min_counts is 'many'; it should be a finite number or null",
        ),
        (config(dataset="label: 3"), "config: datasets/d/label is 3; it should be text or null; put it in quotes"),
        (
            config(dataset="batches: [1, 2]"),
            "config: datasets/d/batches/0 is 1; it should be text; put it in quotes",
        ),
        (
            config(dataset="label: l, transfer: {query: x}"),
            "config: datasets/d/transfer/query is 'x', which does not fit. Cells whose labels are hidden and "
            "predicted: a list of batches, `each_batch` (every batch in turn from the others), or `unlabelled` "
            "(cells without a label, also those called unknown).",
        ),
        (
            config(dataset='features: {n_top_genes: "2000"}'),
            "config: datasets/d/features/n_top_genes is '2000'; it should be a whole number; "
            "YAML reads this as text, write 2000",
        ),
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
def test_wrong_type_or_value(given: Any, message: str) -> None:
    assert mistake(given) == message


@pytest.mark.parametrize("key", ["sha256: abc", "counts: layer"])
def test_pattern_is_explained_by_the_description_of_the_key(key: str) -> None:
    name, value = key.split(": ")
    description = load_schema()["$defs"]["dataset"]["properties"][name]["description"]
    assert mistake(config(dataset=key)) == f"config: datasets/d/{name} is '{value}', which does not fit. {description}"


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


@pytest.mark.parametrize("name", ["umap_pca", "pca_seed1"])
def test_run_names_that_the_export_needs_itself(name: str) -> None:
    assert mistake(config(methods=f"{name}: {{method: pca}}")).endswith("are reserved")


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
        ("batches: [x]", "names one batch only; integration needs at least two"),
        ("label: b", "batch and label are the same column"),
        ("qc: {scrublet: false, max_doublet_score: 0.3}", "needs doublet scores, but qc/scrublet is false"),
    ],
)
def test_contradictions(dataset: str, message: str) -> None:
    assert message in mistake(config(dataset=dataset))


def test_long_values_are_shown_in_part() -> None:
    assert len(mistake(config() | {"datasets": list(range(10_000))})) < 200


def properties(schema: Any) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every property of a schema: its name, its schema, and whether it is required."""
    if isinstance(schema, dict):
        for name, entry in schema.get("properties", {}).items():
            target = load_schema()["$defs"].get(entry.get("$ref", "").rsplit("/", 1)[-1], {})
            yield name, target | entry, name in schema.get("required", ())
        for part in schema.values():
            yield from properties(part)


ALL_SCHEMAS = {"config": load_schema()} | {name: parameter_schema(name) for name in METHODS}


@pytest.mark.parametrize("name", ALL_SCHEMAS)
def test_schema_is_valid_and_documented(name: str) -> None:
    schema = ALL_SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    for key, entry, required in properties(schema):
        assert entry.get("description"), key
        assert required or "default" in entry, key
        if "default" in entry:
            defs = {"$defs": load_schema()["$defs"]}
            Draft202012Validator(entry | defs).validate(entry["default"])


@pytest.mark.parametrize("name", METHODS)
def test_defaults_of_methods_are_used(name: str) -> None:
    parameters = resolve(config(dataset="label: l", methods=f"{name}: {{}}"))["methods"][name]["parameters"]
    assert parameters == {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}


@pytest.mark.parametrize(
    ("name", "valid", "expected"),
    [
        ("harmoni", ["pca", "harmony"], "did you mean 'harmony'?"),
        ("HARMONY", ["pca", "Harmony"], "did you mean 'Harmony'?"),
        ("mads_mito", ["mads_top_20", "mads_mitochondrial"], "did you mean 'mads_mitochondrial'?"),
        ("zzz", ["pca", "harmony"], "valid: harmony, pca"),
        ("x", [], "nothing is valid here"),
    ],
)
def test_suggest(name: str, valid: list[str], expected: str) -> None:
    assert suggest(name, valid) == expected


@pytest.mark.parametrize(("include", "label"), [(["silhouette_batch"], "cell_type"), (["nmi"], None)])
def test_metrics_that_rank_nothing_are_refused(include: list[str], label: str | None) -> None:
    config = {
        "datasets": {"d": {"source": "x.h5ad", "batch": "b", "label": label}},
        "methods": {"pca": {}},
        "metrics": {"include": include},
    }
    with pytest.raises(UserError, match="metrics/include leaves nothing to rank the runs of datasets/d by"):
        resolve(config)


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


@pytest.mark.parametrize("query", ["each_batch", "unlabelled"])
def test_query_may_be_each_batch_or_the_unlabelled(query: str) -> None:
    resolved = resolve(config(dataset=f"label: l, batches: [x, y], transfer: {{query: {query}}}"))
    assert resolved["datasets"]["d"]["transfer"] == {"query": query, "reference": None}


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
