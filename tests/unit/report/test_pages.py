"""The config that a report shows can be run again."""

from __future__ import annotations

import pytest
import yaml

from scbraid.config.resolve import resolve
from scbraid.report.pages import config_text
from support import ROOT

CONFIGS = sorted([ROOT / "config" / "config.yaml", *(ROOT / "config" / "examples").glob("*.yaml")])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config_of_the_report_resolves_to_the_same(path) -> None:
    resolved = resolve(yaml.safe_load(path.read_text()))
    assert resolve(yaml.safe_load(config_text(resolved))) == resolved
