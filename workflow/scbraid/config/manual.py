"""Write the tables of config/README.md from the config schema and the methods' parameters.

Run ``make docs`` after a change of either; a test compares.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scbraid.config.schema import load_schema
from scbraid.methods.registry import METHODS, load, parameter_schema
from scbraid.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

MANUAL = Path(__file__).parents[3] / "config" / "README.md"
HEADER = "| key | type | default | meaning |\n|---|---|---|---|\n"


def tables() -> dict[str, str]:
    """Build every generated table of the manual as Markdown, by the name of its place."""
    built = {"keys": HEADER + "".join(_rows(load_schema()))}
    built["methods"] = "\n".join(_method_section(name) for name in METHODS)
    built["metrics"] = "| metric | group | in total | meaning |\n|---|---|---|---|\n" + "".join(
        f"| `{name}` | {metric.group} | {'yes' if metric.in_total else 'no'} | {_escaped(metric.description)} |\n"
        for name, metric in METRICS.items()
    )
    return built


def filled_in(text: str) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` by the table of that name."""
    for name, table in tables().items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = place.sub(partial(_around, table), text)
    return text


def _around(table: str, place: re.Match[str]) -> str:
    return f"{place[1]}\n{table}\n{place[2]}"


def _rows(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, entry in schema.get("properties", {}).items():
        yield _row(prefix + key, entry, required=key in schema.get("required", ()))
        yield from _rows(entry, f"{prefix}{key}/")
        named = entry.get("additionalProperties")
        if isinstance(named, dict):
            yield from _rows(named, f"{prefix}{key}/<name>/")


def _row(name: str, entry: dict[str, Any], *, required: bool = False) -> str:
    default = "required" if required else f"`{_yaml(entry.get('default'))}`"
    meaning = _escaped(" ".join(entry["description"].split()))
    return f"| `{name}` | {_type(entry)} | {default} | {meaning} |\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _type(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return " \\| ".join(f"`{option}`" for option in entry["enum"])
    kinds: list[str] = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
    names = {"object": "section", "array": "list", "null": "null", "string": "text"}
    return " or ".join(names.get(kind, kind) for kind in kinds)


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).replace("...", "").strip()


def _method_section(name: str) -> str:
    function, _ = load(name)
    facts = METHODS[name]
    kind = "trains, on a GPU where there is one" if facts.trains else "runs on the CPU"
    properties = parameter_schema(name)["properties"]
    table = (
        HEADER + "".join(_row(key, entry) for key, entry in properties.items()) if properties else "No parameters.\n"
    )
    about = (sys.modules[function.__module__].__doc__ or "").partition("\n")[0]
    return f"### {name}\n\n{about} It {kind}; {'one run a seed' if facts.stochastic else 'deterministic'}.\n\n{table}"


if __name__ == "__main__":
    MANUAL.write_text(filled_in(MANUAL.read_text()))
