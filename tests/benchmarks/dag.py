"""Seconds until Snakemake has built the DAG of a large config, and until a dry run has listed all jobs of it.

    python tests/benchmarks/dag.py --datasets 50

It is planned in a copy of the repository, where nothing has been made yet.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import copy_checkout, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = 3
METHODS: dict[str, dict[str, Any]] = {
    "harmony": {},
    "harmony_strong": {"method": "harmony", "theta": 4},
    "scvi": {},
    "scvi_wide": {"method": "scvi", "n_hidden": 256},
    "linear_scvi": {},
    "sysvi": {},
    "mrvi": {},
    "scanvi": {},
    "cvae": {},
    "cvae_zinb": {"method": "cvae", "likelihood": "zinb"},
    "cvae_wide": {"method": "cvae", "n_hidden": 256},
    "cvae_labels": {},
}


def large_config(datasets: int) -> dict[str, Any]:
    """Write a config of many data sets, all of one file, 12 methods that depend on the seed, and every classifier."""
    dataset = {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch", "label": "cell_type"}
    return {
        "datasets": {f"set_{number}": dataset | {"transfer": {"query": "each_batch"}} for number in range(datasets)},
        "methods": METHODS,
        "seeds": list(range(SEEDS)),
        "transfer": {"classifiers": ["knn", "logistic", "head", "mapping"]},
    }


@contextmanager
def dry_run(checkout: Path, config: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a dry run that says how many jobs there are as soon as the DAG is built, and end it with the block."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--configfile", str(config)]
    with subprocess.Popen(
        command, cwd=checkout, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_jobs(process: subprocess.Popen[str]) -> dict[str, int]:
    """Wait until the DAG is built; return the number of jobs of every rule, and of all as ``total``."""
    said, jobs = [], {}
    for line in process.stdout:
        said.append(line)
        rule, _, count = line.strip().partition(" ")
        if count.strip().isdecimal():
            jobs[rule] = int(count)
        if rule == "total":
            return jobs
    raise RuntimeError("".join(said))


def measured(datasets: int) -> dict[str, float]:
    """Plan a config of so many data sets once."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder, "scbraid"))
        config = write_config(large_config(datasets), checkout / "large.yaml")
        began = time.perf_counter()
        with dry_run(checkout, config) as process:
            jobs = read_jobs(process)
            built = time.perf_counter() - began
            process.stdout.read()
            listed = time.perf_counter() - began
    runs = datasets * len(METHODS) * SEEDS
    return {"datasets": datasets, "runs": runs, "jobs": jobs["total"], "DAG built": built, "jobs listed": listed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--datasets", type=int, nargs="+", default=[50], help="how many data sets (default: 50)")
    table = pd.DataFrame([measured(datasets) for datasets in parser.parse_args().datasets])
    print(table.to_string(index=False, float_format="{:.1f}".format))
