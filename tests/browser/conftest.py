from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chrome import Browser, missing_parts, start
from scbraid.report.pages import TEMPLATES
from support import ROOT
from unit.report.built import Results, make_results

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("pca", "harmony", "scvi", "cvae_labels", "bbknn", "control_labels", "control_mixed")


@dataclass(frozen=True)
class Report:
    """A results folder with its report."""

    folder: Path

    @property
    def page(self) -> Path:
        return self.folder / "report.html"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if reason := missing_parts():
        pytest.skip(reason)
    downloads = tmp_path_factory.mktemp("downloads")
    driver = start(downloads)
    yield Browser(driver, downloads)
    driver.quit()


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two seeds, methods of every kind, one of them failed, another with one seed; a label the reference lacks."""
    results = make_results(
        tmp_path_factory.mktemp("made"),
        datasets={"blood": {"labels": ("B", "T", "all", "pDC"), "novel": "pDC"}},
        methods=METHODS,
        seeds=(0, 1),
        classifiers=("knn", "logistic", "head", "mapping"),
        failing=(("scvi", 0), ("control_mixed", 0), ("control_mixed", 1)),
    )
    results.page()
    return results


@pytest.fixture(scope="session")
def made(results: Results) -> Report:
    return Report(results.folder)


@pytest.fixture(scope="session")
def finished() -> Report:
    """Results of the workflow: those that SCBRAID_REPORT names, else those of this checkout."""
    named = os.environ.get("SCBRAID_REPORT")
    report = Report(Path(named or ROOT / "results").resolve())
    if not report.page.is_file():
        if named:
            pytest.fail(f"SCBRAID_REPORT names {named}, which has no report.html")
        pytest.skip("no results/report.html here, and SCBRAID_REPORT names no other results folder")
    if not named and report.page.stat().st_mtime < max(part.stat().st_mtime for part in TEMPLATES.iterdir()):
        pytest.skip("results/report.html is older than what reports are made with; `make demo` writes it again")
    return report


@pytest.fixture(scope="session", params=["made", "finished"])
def report(request: pytest.FixtureRequest) -> Report:
    """Every test of this is run on a small report made for it, and on one that the workflow wrote."""
    return request.getfixturevalue(request.param)
