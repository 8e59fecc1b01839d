"""The pinned environment: one lock, the same pins for pip and conda."""

from __future__ import annotations

import re
from importlib.metadata import version

import yaml
from packaging.requirements import Requirement

from support import ROOT

ENVS = ROOT / "envs"


def pins() -> list[str]:
    return (ENVS / "requirements.lock").read_text().split()


def test_every_line_of_the_lock_is_one_exact_public_version() -> None:
    assert [pin for pin in pins() if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin)] == []


def test_conda_environment_has_the_pins_of_the_lock() -> None:
    dependencies = yaml.safe_load((ENVS / "scbraid.yaml").read_text())["dependencies"]
    assert dependencies[-1]["pip"] == pins()


def test_every_direct_dependency_is_pinned_within_its_bounds_and_says_why() -> None:
    pinned = dict(pin.split("==") for pin in pins())
    for line in (ENVS / "requirements.in").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        specification, _, reason = line.partition("#")
        requirement = Requirement(specification.strip())
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), line
        assert reason.strip(), line


def test_tests_run_on_the_pinned_versions() -> None:
    pinned = dict(pin.split("==") for pin in pins())
    for package in ("snakemake", "scanpy", "anndata", "scvi-tools", "harmonypy", "torch"):
        assert version(package).split("+")[0] == pinned[package]
