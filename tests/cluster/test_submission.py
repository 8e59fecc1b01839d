"""What each rule's job was given, and that its results are those of a run without a cluster."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cluster.one_node import jobs
from cluster.submitting import OFTEN, Run, config
from support import snakemake, write_config

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = "train_wildcards_pbmc_cvae_0"
# name of the job: partition, cores
JOBS = {
    "prepare_download_features_pca_qc_roles_...": ("cpu", "2"),
    "integrate_wildcards_pbmc_harmony_0": ("cpu", "2"),
    TRAIN: ("gpu", "2"),
    "score_metrics_neighbors_umap": ("cpu", "3"),
    "transfer_transfer": ("cpu", "2"),
    "summary_benchmark_report": ("cpu", "1"),
    "export_wildcards_pbmc": ("cpu", "1"),
}
# They tell seconds and megabytes of the run, and when it was.
MEASURED = ("run.json", "history.tsv", "model.json", "summary.tsv", "integrated.h5ad", "report.html")
MEASURED_FIGURES = ("scores.svg", "scores.pdf", "time.svg", "time.pdf")


def megabytes(*files: Path) -> float:
    return sum(file.stat().st_size for file in files) / 2**20


def test_small_steps_share_jobs(submitted: Run) -> None:
    expected = Counter(f"rule_{name}" for name in JOBS)
    expected["rule_score_metrics_neighbors_umap"] = 2
    assert Counter(job["Comment"] for job in submitted.jobs) == expected
    assert submitted.output.count("Finished jobid") == 23


def test_only_training_goes_to_the_gpu_partition_and_gets_a_gpu(submitted: Run) -> None:
    for name, (partition, cores) in JOBS.items():
        for job in submitted.jobs_of(name):
            assert (job["Partition"], job["CPUs/Task"]) == (partition, cores), name
            assert job.get("TresPerJob") == ("gres:gpu:1" if name == TRAIN else None), name


def test_memory_follows_the_size_of_the_data(submitted: Run) -> None:
    results = submitted.checkout / "results" / "pbmc"
    hvg, pca = results / "features" / "hvg.h5ad", results / "pca" / "embedding.parquet"
    source = submitted.checkout / "resources" / "pbmc" / "pbmc.h5ad"
    expected = {
        "prepare_download_features_pca_qc_roles_...": 4000 + 4 * megabytes(source),
        "integrate_wildcards_pbmc_harmony_0": 1500 + 12 * megabytes(hvg, pca),
        TRAIN: 1500 + 12 * megabytes(hvg),
    }
    for name, memory in expected.items():
        (job,) = submitted.jobs_of(name)
        assert job["MinMemoryNode"] == f"{int(memory)}M", name


def test_time_limits_are_those_of_the_rules(submitted: Run) -> None:
    limits = {name: {job["TimeLimit"] for job in submitted.jobs_of(name)} for name in JOBS}
    assert limits == {
        "prepare_download_features_pca_qc_roles_...": {"01:05:00"},
        "integrate_wildcards_pbmc_harmony_0": {"01:00:00"},
        TRAIN: {"04:00:00"},
        "score_metrics_neighbors_umap": {"00:30:00"},
        "transfer_transfer": {"00:10:00"},
        "summary_benchmark_report": {"00:35:00"},
        "export_wildcards_pbmc": {"00:10:00"},
    }


def test_results_are_those_of_a_local_run_byte_for_byte(both_runs: tuple[Path, Run]) -> None:
    local, submitted = both_runs[0] / "results", both_runs[1].checkout / "results"
    files = {path.relative_to(local).as_posix() for path in local.rglob("*") if path.is_file()}
    assert files == {path.relative_to(submitted).as_posix() for path in submitted.rglob("*") if path.is_file()}
    made = {file for file in files if not file.startswith(("logs/", "benchmarks/"))}
    different = {file for file in made if (local / file).read_bytes() != (submitted / file).read_bytes()}
    assert {file for file in different if not file.endswith(MEASURED + MEASURED_FIGURES)} == set()
    assert {"pbmc/runs/cvae/seed-0/model/weights.pt", "pbmc/benchmark/metrics.tsv"} <= made


def test_profile_may_be_named_by_the_other_option(prepared: Path) -> None:
    write_config(config({"pca": {}, "short": {"method": "cvae", "max_epochs": 1}}), prepared / "other.yaml")
    targets = [f"results/pbmc/runs/{run}/seed-0/embedding.parquet" for run in ("pca", "short")]
    before = {job["JobId"] for job in jobs()}
    profile = ("--profile", "workflow/profiles/slurm", "--workflow-profile", "none")
    finished = snakemake(prepared, *targets, *profile, *OFTEN, "--configfile", "other.yaml")
    assert finished.returncode == 0, finished.stdout
    given = {job["Comment"]: (job["Partition"], job.get("TresPerJob")) for job in jobs() if job["JobId"] not in before}
    assert given == {
        "rule_integrate_wildcards_pbmc_pca_0": ("cpu", None),
        "rule_train_wildcards_pbmc_short_0": ("gpu", "gres:gpu:1"),
    }
