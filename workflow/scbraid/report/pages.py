"""What every page of scbraid is made with: templates, filters, and files that stand in the page itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import scbraid
from scbraid import text
from scbraid.report.drawing.colors import on_dark

if TYPE_CHECKING:
    from scbraid.config.schema import Config

TEMPLATES = Path(__file__).with_name("templates")
FILTERS = ("exact", "decimals", "count", "compact", "duration", "megabytes")


def environment() -> Environment:
    """Templates of this package with the filters of :mod:`scbraid.text`; an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {name: getattr(text, name) for name in FILTERS}
    made.filters["on_dark"] = on_dark
    made.tests["missing"] = text.is_missing
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": True, "separators": (",", ":")}
    made.globals |= {"asset": _asset, "version": scbraid.__version__}
    return made


def data_uri(figure: Path) -> str:
    """Turn an SVG file into the address of an image that needs no file."""
    return "data:image/svg+xml;base64," + base64.b64encode(figure.read_bytes()).decode()


def config_text(config: Config) -> str:
    """Write a config from :func:`~scbraid.config.resolve.resolve` as YAML that resolves to the same."""
    methods = {run: {"method": entry["method"], **entry["parameters"]} for run, entry in config["methods"].items()}
    return yaml.safe_dump(config | {"methods": methods}, sort_keys=False, allow_unicode=True)


def _asset(name: str) -> Markup:
    """Read a style sheet or script of this package, to stand in the page as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
