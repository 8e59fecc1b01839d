"""The config schema: its validator, its defaults."""

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

SCHEMA_FILE = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


Config = dict[str, Any]


@cache
def load_schema() -> Config:
    """Parse the JSON schema of the config."""
    return yaml.safe_load(SCHEMA_FILE.read_text())


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
