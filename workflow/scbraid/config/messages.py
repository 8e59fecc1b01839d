"""Violations of a schema in words for the author of a config."""

from __future__ import annotations

from typing import Any

from scbraid.errors import shown, suggest

TYPE_WORDS = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "null": "null",
}


def describe(error: Any, where: str) -> str:
    """Word one violation of a schema, with the place of its key."""
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
