"""The default profile: what plain `snakemake` uses."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

import pytest
from yte import process_yaml

from support import ROOT

if TYPE_CHECKING:
    from typing import Any

PROFILE = ROOT / "workflow" / "profiles" / "default" / "profile.yaml"


@pytest.mark.parametrize(("devices", "slots"), [([], 1), (["/dev/nvidia0"], 1), (["/dev/nvidia0", "/dev/nvidia1"], 2)])
def test_gpu_slots_are_the_devices_of_the_machine_and_at_least_one(
    devices: list[str], slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glob, "glob", lambda pattern: devices if pattern == "/dev/nvidia[0-9]*" else [])
    profile: dict[str, Any] = process_yaml(PROFILE.read_text())
    assert profile["resources"]["gpu"] == slots


def test_snakemake_finds_the_profile() -> None:
    assert (ROOT / "profiles" / "default" / "profile.yaml").samefile(PROFILE)
