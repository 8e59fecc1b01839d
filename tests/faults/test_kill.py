"""Jobs and Snakemake itself killed at random moments: the next run completes and nothing tells the difference."""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from faults.data import DEMO
from faults.processes import Background, end_all, jobs, kill, wait_until
from results import content
from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_KILLS = 20
#: with more than the default number, and so more time, up to the report
KILLS = int(os.environ.get("SCBRAID_KILLS", DEFAULT_KILLS))
SEED = int(os.environ.get("SCBRAID_KILL_SEED", "0"))
MOST_JOBS_BEFORE = 4
LONGEST_INTO_A_JOB = 1.5


def config() -> dict[str, Any]:
    return {
        "datasets": {"d": {"source": str(DEMO), "batch": "batch", "label": "cell_type", "qc": {"scrublet": False}}},
        "methods": {"pca": {}, "harmony": {}, "cvae": {"max_epochs": 3}},
        "features": {"n_top_genes": 200},
        "accelerator": "cpu",
    }


FOLDERS = [f"results/d/runs/{run}/seed-0" for run in config()["methods"]]
TARGETS = ["all"] if KILLS > DEFAULT_KILLS else ["results/runs.tsv", *(f"{folder}/neighbors.npz" for folder in FOLDERS)]
ARGUMENTS = (*TARGETS, "--cores", "2", "--configfile", "small.yaml")
OPTIONS = ARGUMENTS[len(TARGETS) :]


def new_checkout(folder: Path) -> Path:
    checkout = copy_checkout(folder / "scbraid")
    write_config(config(), checkout / "small.yaml")
    return checkout


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = new_checkout(tmp_path_factory.mktemp("undisturbed"))
    finished = snakemake(checkout, *ARGUMENTS)
    assert finished.returncode == 0, finished.stdout
    return checkout / "results"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    checkout = new_checkout(tmp_path)
    yield checkout
    end_all(checkout)


def unlock(checkout: Path, run: Background) -> None:
    """Open the lock of a run that was killed."""
    if run.wait() == -signal.SIGKILL:
        assert snakemake(checkout, *ARGUMENTS, "--unlock").returncode == 0


def come_to_a_moment(checkout: Path, run: Background, generator: np.random.Generator) -> None:
    """Wait until some jobs have begun, and into the last of them."""
    seen: set[int] = set()
    before = int(generator.integers(MOST_JOBS_BEFORE))
    into = float(generator.uniform(0, LONGEST_INTO_A_JOB))

    def enough() -> bool:
        seen.update(job.pid for job in jobs(checkout))
        return len(seen) > before or run.ended

    wait_until(enough)
    time.sleep(into)


def strike(checkout: Path, run: Background, generator: np.random.Generator) -> str:
    """Kill a running job, Snakemake, or both at once."""
    victim = str(generator.choice(["job", "snakemake", "both"]))
    running = jobs(checkout)
    if victim != "job" or not running:
        run.kill()
    if victim == "both":
        for job in running:
            kill(job)
    elif victim == "job" and running:
        kill(running[generator.integers(len(running))])
    return victim


@pytest.mark.timeout(300 + 60 * KILLS)
def test_killed_runs_end_like_an_undisturbed_one(checkout: Path, undisturbed: Path) -> None:
    generator = np.random.default_rng(SEED)
    run = Background(checkout, *ARGUMENTS)
    victims = []
    while len(victims) < KILLS:
        come_to_a_moment(checkout, run, generator)
        if not run.ended:
            victims.append(strike(checkout, run, generator))
        elif run.process.returncode == 0:
            shutil.rmtree(checkout / "results")
        if run.ended:
            unlock(checkout, run)
            run = Background(checkout, *ARGUMENTS)
    unlock(checkout, run)
    finished = snakemake(checkout, *ARGUMENTS)
    assert finished.returncode == 0, (victims, finished.stdout)
    assert "Nothing to be done" in snakemake(checkout, *ARGUMENTS, "--dry-run").stdout
    assert content(checkout / "results") == content(undisturbed), victims


@pytest.mark.parametrize("moment", ["before its script begins", "in its script"])
def test_jobs_end_with_their_snakemake(checkout: Path, moment: str) -> None:
    run = Background(checkout, "results/d/standard.h5ad", *OPTIONS)
    wait_until(lambda: jobs(checkout))
    if moment == "in its script":
        wait_until((checkout / "results" / "logs" / "download" / "d.log").exists)
    (job,) = jobs(checkout)
    job.suspend()  # so that it cannot end before its Snakemake
    run.kill()
    job.resume()
    wait_until(lambda: not jobs(checkout))
    assert not (checkout / "results" / "d" / "source.json").exists()


def test_lock_of_a_killed_run_is_explained_and_opened(checkout: Path) -> None:
    run = Background(checkout, *ARGUMENTS)
    wait_until(lambda: jobs(checkout))
    run.kill()
    refused = snakemake(checkout, *ARGUMENTS)
    assert refused.returncode != 0
    assert "Directory cannot be locked" in refused.stdout
    assert "--unlock" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert snakemake(checkout, *ARGUMENTS, "--unlock").returncode == 0
    assert snakemake(checkout, "results/d/source.json", *OPTIONS).returncode == 0


def test_second_run_in_the_same_folder_is_refused(checkout: Path) -> None:
    target = "results/d/standard.h5ad"
    first = Background(checkout, target, *OPTIONS)
    wait_until(lambda: jobs(checkout))
    (job,) = jobs(checkout)
    job.suspend()  # so that the first run does not end before the second has begun
    second = snakemake(checkout, *ARGUMENTS)
    job.resume()
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert "Traceback" not in second.stdout
    assert first.wait() == 0
    assert (checkout / target).is_file()
