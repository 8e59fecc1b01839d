"""Jobs that are cancelled, killed for memory or crash, and a Snakemake that is killed: the run goes on to its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.one_node import jobs
from cluster.submitting import SLURM, Run, config, finish
from support import snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Callable

# method, and what SLURM calls the end of its first attempt
FAULTY = {"cancelled": "CANCELLED", "crashing": "FAILED", "hungry": "FAILED"}


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def embedding(method: str) -> str:
    return f"results/pbmc/runs/{method}/seed-0/embedding.parquet"


def start(checkout: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "snakemake", *SLURM, *arguments]
    return subprocess.Popen(command, cwd=checkout, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def mended(prepared: Path) -> Run:
    """Run three methods that go wrong once, each in its way, beside a training that needs no GPU."""
    methods = {name: {"method": f"faulty.py:{name}"} for name in FAULTY}
    chosen = config(methods | {"cvae": {"max_epochs": 2}}) | {"accelerator": "cpu"}
    write_config(chosen, prepared / "faulty.yaml")
    before = {job["JobId"] for job in jobs()}
    process = start(prepared, *map(embedding, (*FAULTY, "cvae")), "--configfile", "faulty.yaml")
    wait_until((prepared / "cancelled.began").exists)
    (job,) = [job for job in jobs() if job["Comment"] == "rule_integrate_wildcards_pbmc_cancelled_0"]
    subprocess.run(["scancel", job["JobId"]], check=True)
    output, _ = process.communicate(timeout=500)
    assert process.returncode == 0, output
    return Run(prepared, output, [job for job in jobs() if job["JobId"] not in before])


@pytest.mark.parametrize(
    ("method", "state"), [("cancelled", "CANCELLED"), ("crashing", "FAILED"), ("hungry", "FAILED")]
)
def test_failed_job_is_retried_with_more_memory_and_time(mended: Run, method: str, state: str) -> None:
    first, second = mended.jobs_of(f"integrate_wildcards_pbmc_{method}_0")
    assert (first["JobState"], second["JobState"]) == (state, "COMPLETED")
    asked = int(first["MinMemoryNode"].removesuffix("M"))
    assert int(second["MinMemoryNode"].removesuffix("M")) in (2 * asked, 2 * asked + 1)
    assert (first["TimeLimit"], second["TimeLimit"]) == ("01:00:00", "02:00:00")
    assert (mended.checkout / embedding(method)).is_file()


def test_logs_of_failed_jobs_are_shown(mended: Run) -> None:
    assert "out of luck" in mended.output  # what the method said
    assert "exceeded memory limit" in mended.output  # what SLURM said


@pytest.mark.parametrize(("method", "words"), [("cancelled", "CANCELLED"), ("hungry", "exceeded memory limit")])
def test_error_names_the_file_in_which_slurm_says_why(mended: Run, method: str, words: str) -> None:
    first, _ = mended.jobs_of(f"integrate_wildcards_pbmc_{method}_0")
    log = Path(first["StdOut"])
    assert log.is_relative_to(mended.checkout / ".snakemake" / "slurm_logs")
    assert f"log: results/logs/integrate/pbmc/{method}-0.log, {log} (check" in mended.output
    assert words in log.read_text()


def test_training_that_is_cut_off_goes_on_from_its_checkpoint(prepared: Path) -> None:
    long = {"method": "cvae", "max_epochs": 40, "batch_size": 32}  # at most 200 steps and an epoch are lost: 7 epochs
    write_config(config({"long": long}), prepared / "long.yaml")
    log, before = prepared / "results" / "logs" / "train" / "pbmc" / "long-0.log", {job["JobId"] for job in jobs()}
    process = start(prepared, embedding("long"), "--configfile", "long.yaml")
    wait_until(lambda: log.exists() and "epoch 14/40" in log.read_text())
    (job,) = [job for job in jobs() if job["JobId"] not in before]
    subprocess.run(["scancel", job["JobId"]], check=True)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert [job["JobState"] for job in jobs() if job["JobId"] not in before] == ["CANCELLED", "COMPLETED"]
    assert int(re.search(r"going on after epoch (\d+) of", log.read_text())[1]) >= 14 - 7
    assert len((prepared / embedding("long")).with_name("history.tsv").read_text().splitlines()) == 1 + 40


def test_training_without_a_gpu_stays_out_of_the_gpu_partition(mended: Run) -> None:
    (job,) = mended.jobs_of("train_wildcards_pbmc_cvae_0")
    assert (job["Partition"], job["CPUs/Task"], job.get("TresPerJob")) == ("cpu", "1", None)


def test_killed_snakemake_is_resumed_by_the_documented_commands(prepared: Path) -> None:
    write_config(config({"stuck": {"method": "stuck.py"}}), prepared / "stuck.yaml")
    arguments = (embedding("stuck"), "--configfile", "stuck.yaml")
    process = start(prepared, *arguments)
    wait_until((prepared / "stuck.began").exists)
    os.kill(process.pid, signal.SIGKILL)
    run = re.search(r"SLURM run ID: (scbraid_\S+)", process.communicate()[0])[1]
    half_written = prepared / "results" / "pbmc" / "runs" / "stuck" / "seed-0" / "model" / "half-written"
    (left,) = [job for job in jobs() if job["JobName"] == run]
    assert (left["JobState"], half_written.exists()) == ("RUNNING", True)

    locked = snakemake(prepared, *SLURM, *arguments)
    assert locked.returncode != 0
    assert "LockException" in locked.stdout

    subprocess.run(["scancel", "--name", run], check=True)
    assert snakemake(prepared, *SLURM, "--unlock", "--configfile", "stuck.yaml").returncode == 0
    resumed = finish(prepared, *arguments)

    assert [job["JobState"] for job in jobs() if job["JobId"] == left["JobId"]] == ["CANCELLED"]
    (job,) = resumed.jobs
    assert (job["JobState"], job["Partition"]) == ("COMPLETED", "gpu")
    assert {path.name for path in half_written.parent.iterdir()} - {".snakemake_timestamp"} == {"weights"}
    assert (prepared / embedding("stuck")).is_file()
