from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.report.built import Results, make_results

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_KIND = ("pca", "harmony", "scvi", "cvae_labels", "bbknn", "control_labels", "control_shuffled")


@pytest.fixture(scope="session")
def blood(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_results(tmp_path_factory.mktemp("blood"))


@pytest.fixture(scope="session")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Methods and classifiers of every kind, two seeds, a label that the reference lacks, and two runs that failed."""
    return make_results(
        tmp_path_factory.mktemp("every"),
        datasets={"blood": {"labels": ("B", "T", "all", "pDC"), "novel": "pDC"}},
        methods=EVERY_KIND,
        seeds=(0, 1),
        classifiers=("knn", "logistic", "head", "mapping"),
        failing=(("harmony", 0), ("harmony", 1), ("scvi", 0)),
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., Results]:
    return make_results
