"""Read a config: check it against the schema, fill in defaults, word every mistake for its author."""

from __future__ import annotations

import copy
import importlib.util
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from scbraid.config_text import check_characters, check_path, check_source
from scbraid.errors import UserError, shown, suggest
from scbraid.methods import METHODS, find, own, parameter_schema
from scbraid.metrics import DEFAULT_TOTAL, LABEL_FREE, METRICS
from scbraid.transfer.tasks import applies

SCHEMA_FILE = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"
DATASET_SECTIONS = ("qc", "features")
MINIMUM_BATCHES = 2
MINIMUM_COMPARED = 2
#: files and folders that stand beside those of the data sets in results/
RESERVED_DATASET_NAMES = ("verdict.txt", "report.html", "runs.tsv", "queries", "logs", "benchmarks", "bench")
#: `export.integrated` stores layouts and further seeds under such names
RESERVED_RUN_NAME = re.compile(r"^umap_|_seed\d+$")
TYPE_WORDS = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "null": "null",
}

Config = dict[str, Any]


@cache
def load_schema() -> Config:
    """Parse the JSON schema of the config."""
    return yaml.safe_load(SCHEMA_FILE.read_text())


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
    _check_metrics(resolved)
    _check_labels(resolved)
    _check_classifiers(resolved)
    return resolved


def _check_classifiers(resolved: Config) -> None:
    methods = [find(entry["method"]) for entry in resolved["methods"].values()]
    if all(method.is_control for method in methods):
        return
    classifiers = resolved["transfer"]["classifiers"]
    if any(applies(classifier, method) for classifier in classifiers for method in methods):
        return
    for name, dataset in resolved["datasets"].items():
        if dataset["transfer"] is not None:
            raise UserError(
                f"config: datasets/{name}/transfer asks for labels, but none of transfer/classifiers "
                f"({', '.join(classifiers)}) applies to a method of this config"
            )


def _maps_only(config: Any) -> bool:
    """Whether there is something to map, and nothing to integrate."""
    return isinstance(config, dict) and bool(config.get("queries")) and not {"datasets", "methods"} & set(config)


def _resolve_query(name: str, query: Config) -> Config:
    check_source(query["source"], f"config: queries/{name}/source")
    check_path(query["reference"], f"config: queries/{name}/reference")
    if query["label"] and query["label"] in as_list(query["batch"] or []):
        raise UserError(f"config: queries/{name}: batch and label are the same column; without labels set label: null")
    return query | {"reference": str(Path(query["reference"]).expanduser())}


def _check_labels(resolved: Config) -> None:
    unlabelled = [name for name, dataset in resolved["datasets"].items() if dataset["label"] is None]
    for run, entry in resolved["methods"].items():
        if unlabelled and find(entry["method"]).needs_labels:
            raise UserError(
                f"config: methods/{run} looks at labels, but datasets/{unlabelled[0]}/label is null; name the "
                "column, or leave the method out"
            )


def _check_metrics(resolved: Config) -> None:
    include, engine = resolved["metrics"]["include"], resolved["metrics"]["engine"]
    if engine == "scib":
        _check_scib(resolved["metrics"])
    if resolved["metrics"]["scale_over_methods"]:
        _check_scaling(resolved["methods"])
    if include is None:
        return
    for metric in include:
        if metric not in METRICS:
            raise UserError(f"config: metrics/include: unknown metric '{metric}', {suggest(metric, METRICS)}")
    for name, dataset in resolved["datasets"].items():
        ranking = DEFAULT_TOTAL if dataset["label"] else LABEL_FREE
        ranking = [metric for metric in ranking if engine == "scbraid" or METRICS[metric].in_scib]
        if not set(include) & set(ranking):
            raise UserError(
                f"config: metrics/include leaves nothing to rank the runs of datasets/{name} by; name at least one of "
                + ", ".join(ranking)
            )


def _check_scib(metrics: Config) -> None:
    if metrics["bootstrap"]:
        raise UserError("config: metrics/bootstrap needs metrics/engine scbraid; the package scib has no intervals")
    if importlib.util.find_spec("scib") is None:
        raise UserError("config: metrics/engine is scib, a Python package that is not installed here; scbraid is")


def _check_scaling(methods: Config) -> None:
    compared = [run for run, entry in methods.items() if not find(entry["method"]).is_control]
    if methods and len(compared) < MINIMUM_COMPARED:
        raise UserError(
            f"config: metrics/scale_over_methods compares methods, and the config has {len(compared)} beside controls"
        )


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
        _check_pseudotime(name, dataset)
    if dataset["transfer"] is not None:
        _check_transfer(name, dataset, dataset["transfer"])


def _check_pseudotime(name: str, dataset: Config) -> None:
    where = f"config: datasets/{name}/pseudotime"
    if dataset["label"] is None:
        raise UserError(f"{where} needs labels, to find where it begins, but datasets/{name}/label is null")
    if dataset["pseudotime"] in (dataset["label"], *as_list(dataset["batch"])):
        raise UserError(f"{where} is '{dataset['pseudotime']}', the column of the batch or the label")


def _check_transfer(name: str, dataset: Config, transfer: Config) -> None:
    if dataset["label"] is None:
        raise UserError(f"config: datasets/{name}/transfer needs labels, but datasets/{name}/label is null")
    query = [] if isinstance(transfer["query"], str) else transfer["query"]
    both = sorted(set(query) & set(transfer["reference"] or ()))
    if both:
        raise UserError(f"config: datasets/{name}/transfer: '{both[0]}' is both query and reference; name it once")
    if dataset["batches"] is None:
        return
    for batch in [*query, *(transfer["reference"] or ())]:
        if batch not in dataset["batches"]:
            raise UserError(
                f"config: datasets/{name}/transfer names '{batch}', which datasets/{name}/batches leaves out, "
                + suggest(batch, dataset["batches"])
            )
    if set(dataset["batches"]) <= set(query):
        raise UserError(f"config: datasets/{name}/transfer: every batch is a query; leave at least one as reference")


def as_list(columns: str | list[str]) -> list[str]:
    """One name or several, as a list."""
    return [columns] if isinstance(columns, str) else columns


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
    _check_package(name, find(method).package)
    schema = parameter_schema(method)
    parameters = {key: value for key, value in entry.items() if key != "method"}
    check(parameters, schema, where=f"config: methods/{name}")
    return {"method": method, "parameters": with_defaults(parameters, schema)}


def _check_package(name: str, package: str | None) -> None:
    if package and importlib.util.find_spec(package) is None:
        raise UserError(
            f"config: methods/{name} needs the Python package {package}, which is not installed here (it takes a C++ "
            "compiler to install); see 'When something breaks' in the README, or leave the method out"
        )


def _is_whole_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# JSON takes 2.0 for an integer and YAML has .nan and .inf; a method that gets them fails late.
Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_whole_number, "number": _is_finite_number}
    ),
)


def check(instance: Any, schema: Config, *, where: str) -> None:
    """Raise a :class:`~scbraid.errors.UserError` for the first violation of the schema, outermost first."""
    errors = sorted(Validator(schema).iter_errors(instance), key=lambda error: len(error.absolute_path))
    if errors:
        raise UserError(_describe(errors[0], where))


def _describe(error: Any, where: str) -> str:
    path = "/".join(str(part) for part in error.absolute_path)
    place = f"{where}: {path}" if path and where == "config" else "/".join(filter(None, (where, path)))
    if "propertyNames" in error.absolute_schema_path:
        return _describe_name(error.instance, place)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        valid = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in valid)
        return f"{place}: unknown key '{shown(unknown)}', {suggest(str(unknown), valid)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{place}: the key '{missing}' is missing"
    found = "empty" if error.instance is None else shown(repr(error.instance))
    if error.validator == "enum":
        return f"{place} is {found}, {suggest(str(error.instance), map(str, error.validator_value))}"
    if error.validator == "type":
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        expected = " or ".join(TYPE_WORDS[kind] for kind in types)
        return f"{place} is {found}; it should be {expected}{_type_hint(error.instance, types)}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{place} is {found}, which does not fit. {error.schema['description']}"
    return f"{place}: {error.message.replace(repr(error.instance), shown(repr(error.instance)))}"


def _describe_name(name: Any, place: str) -> str:
    if not isinstance(name, str):
        return f"{place}: YAML does not read the name {name!r} as text; put it in quotes"
    return (
        f"{place}: the name {shown(repr(name))} becomes part of file names: letters, digits, '_', '-' and '.' only, "
        "a letter or digit first, at most 64"
    )


def _type_hint(value: Any, types: list[str]) -> str:
    """Say how YAML wants the value where its reading of it is the likely mistake."""
    if value is None or isinstance(value, dict | list):
        return ""
    if "string" in types:
        return "; put it in quotes"
    if "array" in types:
        return f", such as [{shown(value)}]"
    if isinstance(value, str) and {"number", "integer"} & set(types):
        try:
            return f"; YAML reads this as text, write {float(value):.12g}"
        except ValueError:
            return ""
    return ""


def with_defaults(instance: Any, schema: Config, root: Config | None = None) -> Any:
    """Return a deep copy of `instance` in which every absent key that has a default in the schema is present.

    Keys stand in the order of the schema, so that writing them in another order changes nothing downstream. A section
    without keys (``qc:``, which YAML reads as null) stands for its defaults.
    """
    root = root or schema
    schema = _dereference(schema, root)
    if not isinstance(instance, dict):
        return copy.deepcopy(instance)
    properties = {key: _dereference(subschema, root) for key, subschema in schema.get("properties", {}).items()}
    other = schema.get("additionalProperties")
    defaults = {key: subschema["default"] for key, subschema in properties.items() if "default" in subschema}
    given = {key: value for key, value in instance.items() if value is not None or defaults.get(key) != {}}
    present = defaults | given
    ordered = [key for key in properties if key in present] + [key for key in given if key not in properties]
    free = other if isinstance(other, dict) else {}
    return {key: with_defaults(present[key], properties.get(key, free), root) for key in ordered}


def _dereference(schema: Config, root: Config) -> Config:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target = root["$defs"][reference.rsplit("/", 1)[-1]]
    return target | {key: value for key, value in schema.items() if key != "$ref"}
