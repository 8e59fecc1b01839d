from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.one_node import running, why_not_here
from cluster.submitting import Run, config, finish
from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if reason := why_not_here():
        pytest.skip(reason)
    pytest.importorskip("snakemake_executor_plugin_slurm")
    with running(tmp_path_factory.mktemp("slurm")):
        yield


@pytest.fixture(scope="session")
def both_runs(_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Run the same config on this machine alone and through SLURM, at the same time."""
    methods = {"harmony": {}, "cvae": {"max_epochs": 3}}
    local, submitted = (copy_checkout(tmp_path_factory.mktemp(name) / "scbraid") for name in ("local", "submitted"))
    for checkout in (local, submitted):
        write_config(config(methods), checkout / "run.yaml")
    with ThreadPoolExecutor() as pool:
        alone = pool.submit(snakemake, local, "--configfile", "run.yaml")
        run = finish(submitted, "--configfile", "run.yaml")
    assert alone.result().returncode == 0, alone.result().stdout
    return local, run


@pytest.fixture(scope="session")
def submitted(both_runs: tuple[Path, Run]) -> Run:
    return both_runs[1]


@pytest.fixture(scope="session")
def prepared(submitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy a checkout in which the data are prepared, for methods that go wrong."""
    checkout = tmp_path_factory.mktemp("prepared") / "scbraid"
    shutil.copytree(submitted.checkout, checkout, symlinks=True)
    for name in ("faulty.py", "stuck.py"):
        shutil.copy(HERE / name, checkout / name)
    return checkout
