"""Read a config: check it against the schema, fill in defaults, word every mistake for its author."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from scbraid.errors import UserError, suggest
from scbraid.methods import METHODS, parameter_schema
from scbraid.metrics import METRICS

SCHEMA_FILE = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"
DATASET_SECTIONS = ("qc", "features")
MINIMUM_BATCHES = 2

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
        ``{"method": registry name, "parameters": {...}}``.

    Raises
    ------
    UserError
        For the first mistake found: unknown key or method, wrong type or value, contradiction between keys.
    """
    schema = load_schema()
    check(config, schema, where="config")
    resolved = with_defaults(config, schema)
    for name, dataset in resolved["datasets"].items():
        _resolve_dataset(name, dataset, resolved, schema)
    for section in DATASET_SECTIONS:
        del resolved[section]
    resolved["methods"] = {name: _resolve_method(name, entry or {}) for name, entry in resolved["methods"].items()}
    for metric in resolved["metrics"]["include"] or ():
        if metric not in METRICS:
            raise UserError(f"config: metrics/include: unknown metric '{metric}', {suggest(metric, METRICS)}")
    return resolved


def _resolve_dataset(name: str, dataset: Config, resolved: Config, schema: Config) -> None:
    for section in DATASET_SECTIONS:
        section_schema = schema["$defs"][section] | {"$defs": schema["$defs"]}
        check(dataset[section], section_schema, where=f"config: datasets/{name}/{section}")
        dataset[section] = resolved[section] | dataset[section]
    if dataset["batches"] is not None and len(dataset["batches"]) < MINIMUM_BATCHES:
        raise UserError(f"config: datasets/{name}/batches names one batch only; integration needs at least two")
    transfer = dataset["transfer"]
    if transfer is None:
        return
    if dataset["label"] is None:
        raise UserError(f"config: datasets/{name}/transfer needs labels, but datasets/{name}/label is null")
    both = sorted(set(transfer["query"]) & set(transfer["reference"] or ()))
    if both:
        raise UserError(f"config: datasets/{name}/transfer: '{both[0]}' is both query and reference; name it once")
    if dataset["batches"] is not None:
        for batch in [*transfer["query"], *(transfer["reference"] or ())]:
            if batch not in dataset["batches"]:
                raise UserError(
                    f"config: datasets/{name}/transfer names '{batch}', which datasets/{name}/batches leaves out, "
                    + suggest(batch, dataset["batches"])
                )


def _resolve_method(name: str, entry: Config) -> Config:
    method = entry.get("method", name)
    if method not in METHODS:
        hint = suggest(str(method), METHODS)
        raise UserError(f"config: methods/{name}: unknown method '{method}', {hint}")
    schema = parameter_schema(method)
    parameters = {key: value for key, value in entry.items() if key != "method"}
    check(parameters, schema, where=f"config: methods/{name}")
    return {"method": method, "parameters": with_defaults(parameters, schema)}


def check(instance: Any, schema: Config, *, where: str) -> None:
    """Raise a :class:`~scbraid.errors.UserError` for the first violation of the schema, outermost first."""
    errors = sorted(Draft202012Validator(schema).iter_errors(instance), key=lambda error: len(error.absolute_path))
    if errors:
        raise UserError(_describe(errors[0], where))


def _describe(error: Any, where: str) -> str:
    path = "/".join(str(part) for part in error.absolute_path)
    place = f"{where}: {path}" if path and where == "config" else "/".join(filter(None, (where, path)))
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        valid = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in valid)
        return f"{place}: unknown key '{unknown}', {suggest(str(unknown), valid)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{place}: the key '{missing}' is missing"
    if "propertyNames" in error.absolute_schema_path:
        return (
            f"{place}: the name {error.instance!r} names files, so it may only hold letters, digits, '_', '-' and '.', "
            "starts with a letter or digit and has at most 64"
        )
    if error.validator == "enum":
        options = [str(option) for option in error.validator_value]
        return f"{place} is {error.instance!r}, {suggest(str(error.instance), options)} (valid: {', '.join(options)})"
    if error.validator == "type":
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{place} is {error.instance!r}; it should be of type {' or '.join(types)}"
    return f"{place}: {error.message}"


def with_defaults(instance: Any, schema: Config, root: Config | None = None) -> Any:
    """Return a deep copy of `instance` in which every absent key that has a default in the schema is present.

    Keys stand in the order of the schema, so that writing them in another order changes nothing downstream.
    """
    root = root or schema
    schema = _dereference(schema, root)
    if not isinstance(instance, dict):
        return copy.deepcopy(instance)
    properties = {key: _dereference(subschema, root) for key, subschema in schema.get("properties", {}).items()}
    other = schema.get("additionalProperties")
    defaults = {key: subschema["default"] for key, subschema in properties.items() if "default" in subschema}
    present = defaults | instance
    ordered = [key for key in properties if key in present] + [key for key in instance if key not in properties]
    free = other if isinstance(other, dict) else {}
    return {key: with_defaults(present[key], properties.get(key, free), root) for key in ordered}


def _dereference(schema: Config, root: Config) -> Config:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target = root["$defs"][reference.rsplit("/", 1)[-1]]
    return target | {key: value for key, value in schema.items() if key != "$ref"}
