"""The schema and the checks of all stages: valid, documented, all of them in use."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from scbraid.config import checks
from scbraid.config.schema import SCHEMAS, load_schema
from scbraid.methods.registry import METHODS, parameter_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def properties(schema: Any) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every property of a schema: its name, its schema, and whether it is required."""
    if isinstance(schema, dict):
        for name, entry in schema.get("properties", {}).items():
            yield name, entry, name in schema.get("required", ())
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
            Draft202012Validator(entry).validate(entry["default"])


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.schema.yaml")), ids=lambda file: file.name)
def test_every_definition_of_a_file_is_referred_to(file: Path) -> None:
    schema = yaml.safe_load(file.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    everything = "".join(other.read_text() for other in SCHEMAS.glob("*.schema.yaml"))
    for name in schema["$defs"]:
        assert f'"{file.name}#/$defs/{name}"' in everything or f'"#/$defs/{name}"' in file.read_text(), name


def test_no_reference_is_left() -> None:
    assert "$ref" not in str(load_schema())


def test_keys_beside_a_reference_add_to_it_or_replace_what_it_says() -> None:
    qc = load_schema()["properties"]["qc"]["properties"]
    assert qc["max_doublet_score"] == {
        "type": ["number", "null"],
        "minimum": 0,
        "default": None,
        "description": "Drop cells with a higher doublet score; null keeps them and shows the score.",
        "maximum": 1,
    }
    query = load_schema()["properties"]["queries"]["additionalProperties"]["properties"]
    assert query["label"]["description"] == "Column of obs with labels to compare the predictions with, or null."


def test_every_check_of_a_stage_is_called() -> None:
    public = [
        function
        for name, function in inspect.getmembers(checks, inspect.isfunction)
        if function.__module__ == checks.__name__ and not name.startswith("_")
    ]
    assert set(checks.CHECKS) == set(public)
    assert len(checks.CHECKS) == len(public)
