"""The pinned environment: what runs, what tests need besides, the same pins for pip, conda and the container."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement

import scbraid
from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENVS = ROOT / "envs"
LOCKS = ("requirements", "dev")
#: imported where it is there: the package that `metrics/engine: scib` names
ON_REQUEST = {"scib"}


def pins(lock: str = "requirements") -> list[str]:
    return (ENVS / f"{lock}.lock").read_text().split()


def pinned(lock: str) -> dict[str, str]:
    return dict(pin.split("==") for pin in pins(lock))


def direct(lock: str) -> Iterator[tuple[Requirement, str]]:
    """Every direct dependency of a lock, and the reason beside it."""
    for line in (ENVS / f"{lock}.in").read_text().splitlines():
        if line and not line.startswith(("#", "-c ")):
            specification, _, reason = line.partition("#")
            yield Requirement(specification.strip()), reason.strip()


def imported(folder: Path) -> set[str]:
    """Names of the packages that the code in a folder imports, wherever in it that is."""
    modules: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    roots = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names)
    distributions = packages_distributions()
    return {name.lower().replace("_", "-") for root in roots for name in distributions.get(root, [])}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_exact_public_version(lock: str) -> None:
    assert [pin for pin in pins(lock) if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_dependency_is_pinned_within_its_bounds_and_says_why(lock: str) -> None:
    for requirement, reason in direct(lock):
        assert requirement.specifier.contains(pinned(lock)[requirement.name.lower()]), requirement
        assert reason, requirement


def test_locks_agree_on_what_both_name() -> None:
    runs, tests = pinned("requirements"), pinned("dev")
    assert {name: tests[name] for name in tests if name in runs} == {name: runs[name] for name in runs if name in tests}
    assert {"numpy", "scanpy"} <= set(runs) & set(tests)


def test_users_do_not_install_what_tests_and_style_need() -> None:
    tools = {requirement.name for requirement, _ in direct("dev")} - {"psutil"}  # snakemake measures memory with it
    assert {"pytest", "mypy", "ruff", "selenium", "scib"} <= tools
    assert tools & set(pinned("requirements")) == set()


def test_everything_that_the_workflow_imports_is_a_direct_dependency() -> None:
    named = {requirement.name for requirement, _ in direct("requirements")}
    assert imported(ROOT / "workflow") - named == ON_REQUEST


def test_conda_environment_has_the_pins_of_the_lock() -> None:
    dependencies = yaml.safe_load((ENVS / "scbraid.yaml").read_text())["dependencies"]
    assert dependencies[-1]["pip"] == pins()


def test_container_has_the_python_of_the_lock_and_files_that_are_there() -> None:
    conda = yaml.safe_load((ENVS / "scbraid.yaml").read_text())["dependencies"]
    python = next(entry.removeprefix("python=") for entry in conda if isinstance(entry, str) and "python=" in entry)
    lines = [line.split() for line in (ENVS / "Dockerfile").read_text().splitlines()]
    assert {words[1] for words in lines if words[:1] == ["FROM"]} == {f"python:{python}-slim"}
    copied = [words[1] for words in lines if words[:1] == ["COPY"] and "--from=build" not in words]
    assert copied == ["envs/requirements.lock"]
    assert all((ROOT / file).is_file() for file in copied)
    assert lines[-1] == ["ENTRYPOINT", '["snakemake"]']
    assert ["USER", "scbraid"] in lines


@pytest.mark.parametrize(
    ("lock", "packages"),
    [
        ("requirements", ("snakemake", "scanpy", "anndata", "scvi-tools", "harmonypy", "torch")),
        ("dev", ("pytest", "scib", "ruff", "mypy")),
    ],
)
def test_tests_run_on_the_pinned_versions(lock: str, packages: tuple[str, ...]) -> None:
    for package in packages:
        assert version(package).split("+")[0] == pinned(lock)[package]


def test_version_is_the_same_wherever_it_is_told() -> None:
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == scbraid.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == scbraid.__version__


def test_snakemake_is_not_older_than_the_workflow_allows() -> None:
    least = re.search(r'min_version\("([\d.]+)"\)', (ROOT / "workflow" / "Snakefile").read_text())
    assert least is not None
    assert Requirement(f"snakemake>={least[1]}").specifier.contains(pinned("requirements")["snakemake"])
