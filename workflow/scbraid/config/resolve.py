"""Read a config: check it against the schema, fill in defaults, word every mistake for its author."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from scbraid.config.checks import CHECKS
from scbraid.config.schema import DATASET_SECTIONS, Config, check, load_schema, with_defaults
from scbraid.config.text import check_characters
from scbraid.methods.registry import parameter_schema


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
    _give_every_dataset_its_sections(resolved)
    resolved["methods"] = {run: _with_method(run, entry or {}) for run, entry in resolved["methods"].items()}
    for check_stage in CHECKS:
        check_stage(resolved)
    # Only now: which parameters there are depends on the method, and a path with a mistake is shown as it was written.
    for run in resolved["methods"].values():
        run["parameters"] = with_defaults(run["parameters"], parameter_schema(run["method"]))
    for query in resolved["queries"].values():
        query["reference"] = str(Path(query["reference"]).expanduser())
    return resolved


def _maps_only(config: Any) -> bool:
    """Whether there is something to map, and nothing to integrate."""
    return isinstance(config, dict) and bool(config.get("queries")) and not {"datasets", "methods"} & set(config)


def _give_every_dataset_its_sections(resolved: Config) -> None:
    for section in DATASET_SECTIONS:
        shared = resolved.pop(section)
        for dataset in resolved["datasets"].values():
            dataset[section] = copy.deepcopy(shared) | dataset[section]


def _with_method(run: str, entry: Config) -> Config:
    parameters = {key: value for key, value in entry.items() if key != "method"}
    return {"method": entry.get("method", run), "parameters": parameters}
