"""Read a config: check it against the schema, fill in defaults, word every mistake for its author."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from scbraid.config.checks import (
    MINIMUM_BATCHES,
    as_list,
    check_classifiers,
    check_labels,
    check_metrics,
    check_package,
    check_pseudotime,
    check_transfer,
)
from scbraid.config.schema import Config, check, load_schema, with_defaults
from scbraid.config.text import check_characters, check_path, check_source
from scbraid.errors import UserError, suggest
from scbraid.methods import own
from scbraid.methods.registry import METHODS, find, parameter_schema

DATASET_SECTIONS = ("qc", "features")
#: files and folders that stand beside those of the data sets in results/
RESERVED_DATASET_NAMES = ("verdict.txt", "report.html", "runs.tsv", "queries", "logs", "benchmarks", "bench")
#: `export.integrated` stores layouts and further seeds under such names
RESERVED_RUN_NAME = re.compile(r"^umap_|_seed\d+$")


def resolve(config: Config) -> Config:
    """Check a user's config and return it complete: every key present, every method with all its parameters.

    Parameters
    ----------
    config
        The config as read from YAML.

    Returns
    -------
    dict
        A new config. Each data set carries its own full ``qc`` and ``features`` section; each method is
        ``{"method": registry name, "parameters": {...}}``. A config of queries alone has no data sets and no methods.

    Raises
    ------
    UserError
        For the first mistake found: unknown key or method, wrong type or value, contradiction between keys.
    """
    schema = load_schema()
    check_characters(config, "config")
    resolved = with_defaults(config, schema)
    check(resolved, schema | {"required": []} if _maps_only(resolved) else schema, where="config")
    resolved = {"datasets": {}, "methods": {}} | resolved
    for name, dataset in resolved["datasets"].items():
        if name in RESERVED_DATASET_NAMES:
            raise UserError(f"config: datasets/{name}: this name is reserved, scbraid itself writes results/{name}")
        check_source(dataset["source"], f"config: datasets/{name}/source")
        _resolve_dataset(name, dataset, resolved, schema)
    for section in DATASET_SECTIONS:
        del resolved[section]
    resolved["methods"] = {name: _resolve_method(name, entry or {}) for name, entry in resolved["methods"].items()}
    resolved["queries"] = {name: _resolve_query(name, query) for name, query in resolved["queries"].items()}
    check_metrics(resolved)
    check_labels(resolved)
    check_classifiers(resolved)
    return resolved


def _maps_only(config: Any) -> bool:
    """Whether there is something to map, and nothing to integrate."""
    return isinstance(config, dict) and bool(config.get("queries")) and not {"datasets", "methods"} & set(config)


def _resolve_query(name: str, query: Config) -> Config:
    check_source(query["source"], f"config: queries/{name}/source")
    check_path(query["reference"], f"config: queries/{name}/reference")
    if query["label"] and query["label"] in as_list(query["batch"] or []):
        raise UserError(f"config: queries/{name}: batch and label are the same column; without labels set label: null")
    return query | {"reference": str(Path(query["reference"]).expanduser())}


def _resolve_dataset(name: str, dataset: Config, resolved: Config, schema: Config) -> None:
    for section in DATASET_SECTIONS:
        section_schema = schema["$defs"][section] | {"$defs": schema["$defs"]}
        check(dataset[section], section_schema, where=f"config: datasets/{name}/{section}")
        dataset[section] = copy.deepcopy(resolved[section] | dataset[section])
    check_path(dataset["features"]["genes"], f"config: datasets/{name}/features/genes")
    if dataset["qc"]["max_doublet_score"] is not None and not dataset["qc"]["scrublet"]:
        raise UserError(f"config: qc/max_doublet_score of '{name}' needs doublet scores, but qc/scrublet is false")
    if dataset["batches"] is not None and len(dataset["batches"]) < MINIMUM_BATCHES:
        raise UserError(f"config: datasets/{name}/batches names one batch only; integration needs at least two")
    if dataset["label"] in as_list(dataset["batch"]):
        raise UserError(f"config: datasets/{name}: batch and label are the same column; without labels set label: null")
    if dataset["pseudotime"] is not None:
        check_pseudotime(name, dataset)
    if dataset["transfer"] is not None:
        check_transfer(name, dataset, dataset["transfer"])


def _resolve_method(name: str, entry: Config) -> Config:
    if RESERVED_RUN_NAME.search(name):
        raise UserError(
            f"config: methods/{name}: names that begin with 'umap_' or end with '_seed<number>' are reserved"
        )
    method = entry.get("method", name)
    if not isinstance(method, str) or (method not in METHODS and not own.is_own(method)):
        hint = suggest(str(method), METHODS)
        if "method" not in entry and hint.startswith("valid"):
            hint += "; a run with another name needs the key 'method'"
        raise UserError(f"config: methods/{name}: unknown method '{method}', {hint}")
    check_path(method, f"config: methods/{name}/method")
    check_package(name, find(method).package)
    schema = parameter_schema(method)
    parameters = {key: value for key, value in entry.items() if key != "method"}
    check(parameters, schema, where=f"config: methods/{name}")
    return {"method": method, "parameters": with_defaults(parameters, schema)}
