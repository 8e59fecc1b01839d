"""A config of many data sets, methods and seeds: every job is planned once, within a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from benchmarks.dag import dry_run, large_config, read_jobs
from support import copy_checkout, write_config

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

DATASETS, METHODS, SEEDS = 50, 12, 3
LONGEST = 60  # seconds of one core, which other work on the machine does not lengthen
ON_CPU = 2  # harmony
WITH_LABELS = 2  # scanvi, cvae_labels; each trains once more for every batch that is left out
MAPPING = 7  # scvi, scanvi, cvae and cvae_labels, and the variants of them
TRANSFERRING = 2 * METHODS + WITH_LABELS + MAPPING  # knn and logistic, head, mapping
JOBS_OF_DATASET = {
    **dict.fromkeys(("download", "standardize", "qc", "features", "pca", "scored_cells", "roles"), 1),
    "integrate": ON_CPU * SEEDS,
    "train": (METHODS - ON_CPU - WITH_LABELS) * SEEDS,
    "train_probabilities": WITH_LABELS * SEEDS,
    **dict.fromkeys(("neighbors", "umap", "metrics"), METHODS * SEEDS),
    "folds": WITH_LABELS * SEEDS,
    "mapping": MAPPING * SEEDS,
    "transfer": TRANSFERRING * SEEDS,
    **dict.fromkeys(("benchmark", "export"), 1),
}
JOBS_OF_CONFIG = dict.fromkeys(("outcomes", "report", "verdict", "all"), 1)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "scbraid")


def test_every_job_of_50_datasets_12_methods_and_3_seeds_is_planned_in_a_minute(checkout: Path) -> None:
    expected = {rule: DATASETS * jobs for rule, jobs in JOBS_OF_DATASET.items()} | JOBS_OF_CONFIG
    with dry_run(checkout, write_config(large_config(DATASETS), checkout / "large.yaml")) as process:
        jobs = read_jobs(process)
        used = psutil.Process(process.pid).cpu_times()
    assert used.user + used.system < LONGEST
    assert jobs == expected | {"total": sum(expected.values())}
