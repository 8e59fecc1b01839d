"""The config schema: the fragments of all stages in one, what violates it, and its defaults."""

from __future__ import annotations

import copy
import math
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from scbraid.config.messages import describe
from scbraid.errors import UserError

Config = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "schemas"
ROOT_FILE = "config.schema.yaml"
#: sections of the config of which a data set may set keys for itself alone
DATASET_SECTIONS = ("qc", "features")


@cache
def load_schema() -> Config:
    """Read the JSON schema of the config, with every ``$ref`` replaced by what it refers to."""
    return _without_references(_read(ROOT_FILE), ROOT_FILE)


@cache
def _read(file: str) -> Config:
    return yaml.safe_load((SCHEMAS / file).read_text())


def _without_references(part: Any, file: str) -> Any:
    """Copy a part of a schema file; keys beside a ``$ref`` add to what it refers to, or replace it."""
    if isinstance(part, list):
        return [_without_references(item, file) for item in part]
    if not isinstance(part, dict):
        return part
    own = {key: _without_references(value, file) for key, value in part.items() if key != "$ref"}
    if "$ref" not in part:
        return own
    other, _, place = part["$ref"].partition("#/")
    target = _read(other or file)
    for key in place.split("/"):
        target = target[key]
    return _without_references(target, other or file) | own


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
        raise UserError(describe(errors[0], where))


def with_defaults(instance: Any, schema: Config) -> Any:
    """Return a deep copy of `instance` in which every absent key that has a default in the schema is present.

    Keys stand in the order of the schema, so that writing them in another order changes nothing downstream. A section
    without keys (``qc:``, which YAML reads as null) stands for its defaults.
    """
    if not isinstance(instance, dict):
        return copy.deepcopy(instance)
    properties = schema.get("properties", {})
    other = schema.get("additionalProperties")
    defaults = {key: subschema["default"] for key, subschema in properties.items() if "default" in subschema}
    given = {key: value for key, value in instance.items() if value is not None or defaults.get(key) != {}}
    present = defaults | given
    ordered = [key for key in properties if key in present] + [key for key in given if key not in properties]
    free = other if isinstance(other, dict) else {}
    return {key: with_defaults(present[key], properties.get(key, free)) for key in ordered}
