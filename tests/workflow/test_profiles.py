"""The profiles: what plain `snakemake` uses, and what submits to a cluster (which tests/cluster does for real)."""

from __future__ import annotations

import glob
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from yte import process_yaml

from support import ROOT, copy_checkout, snakemake
from workflow.loading import loaded_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from snakemake.rules import Rule

PROFILES = ROOT / "workflow" / "profiles"
CLUSTERS = ("slurm", "generic", "kubernetes")


def profile(name: str, **lines: str) -> dict[str, Any]:
    """Read a profile as Snakemake does, some of its lines edited as a user would."""
    text = (PROFILES / name / "profile.yaml").read_text()
    for variable, value in lines.items():
        text, edits = re.subn(rf'- {variable} = (None|"[^"]*")', f"- {variable} = {value}", text)
        assert edits == 1
    return process_yaml(text, require_use_yte=True)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rule]]:
    """Every rule that is submitted to a cluster."""
    with loaded_rules(ROOT / "config" / "config.yaml", tmp_path_factory.mktemp("nothing")) as rules:
        yield {name: rule for name, rule in rules.items() if name not in rule.workflow._localrules}


def training(rules: dict[str, Rule]) -> set[str]:
    return {name for name, rule in rules.items() if "gpu" in rule.resources}


@pytest.mark.parametrize(("devices", "slots"), [([], 1), (["/dev/nvidia0"], 1), (["/dev/nvidia0", "/dev/nvidia1"], 2)])
def test_gpu_slots_are_the_devices_of_the_machine_and_at_least_one(
    devices: list[str], slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glob, "glob", lambda pattern: devices if pattern == "/dev/nvidia[0-9]*" else [])
    assert profile("default")["resources"]["gpu"] == slots


def test_snakemake_finds_the_profile() -> None:
    assert (ROOT / "profiles" / "default" / "profile.yaml").samefile(PROFILES / "default" / "profile.yaml")


def test_every_submitted_rule_says_how_much_memory_and_time_it_takes(submitted: dict[str, Rule]) -> None:
    says = {name: {"mem_mb", "runtime"} <= set(rule.resources) for name, rule in submitted.items()}
    assert {rule for rule, answer in says.items() if not answer} == set()


def test_rules_that_train_are_those_that_ask_for_a_gpu(submitted: dict[str, Rule]) -> None:
    assert training(submitted) == {"train", "train_probabilities", "folds", "mapping", "query_map"}
    assert set(profile("slurm", GPU='"gres"')["set-resources"]) == training(submitted)
    assert set(profile("kubernetes")["set-resources"]) == training(submitted)


@pytest.mark.parametrize("name", CLUSTERS)
def test_all_small_rules_share_jobs_and_long_ones_do_not(name: str, submitted: dict[str, Rule]) -> None:
    long = training(submitted) | {"integrate", "integrate_neighbors", "integrate_corrected", "export"}
    assert set(profile(name)["groups"]) == set(submitted) - long
    assert profile(name)["groups"] == profile("slurm")["groups"]


@pytest.mark.parametrize(
    ("gpu", "asked"),
    [('"gpus"', None), ('"gres"', {"gpu": 0, "gres": "'gpu:1'"}), ('"a100"', {"gpu_model": "'a100'"})],
)
def test_one_line_says_how_a_gpu_is_asked_for(gpu: str, asked: dict[str, Any] | None) -> None:
    assert profile("slurm", GPU=gpu).get("set-resources", {}).get("train") == asked


def test_one_line_names_the_account() -> None:
    assert "slurm_account" not in profile("slurm")["default-resources"]
    assert profile("slurm", ACCOUNT='"lab"')["default-resources"]["slurm_account"] == "'lab'"


@pytest.mark.parametrize("option", ["--workflow-profile", "--profile"])
def test_account_is_charged_whichever_option_names_the_profile(option: str, tmp_path: Path) -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    checkout = copy_checkout(tmp_path / "scbraid")
    file = checkout / "workflow" / "profiles" / "slurm" / "profile.yaml"
    file.write_text(file.read_text().replace("- ACCOUNT = None", '- ACCOUNT = "lab"'))
    planned = snakemake(checkout, option, "workflow/profiles/slurm", "--dry-run")
    assert planned.returncode == 0, planned.stdout
    assert "slurm_account=lab" in planned.stdout


@pytest.mark.parametrize("name", CLUSTERS)
def test_dry_run_of_the_demo(name: str, tmp_path: Path) -> None:
    executor = profile(name)["executor"]
    pytest.importorskip(f"snakemake_executor_plugin_{executor.replace('-', '_')}")
    checkout = copy_checkout(tmp_path / "scbraid")
    storage = ()
    if name == "kubernetes":  # a folder stands for the bucket
        pytest.importorskip("snakemake_storage_plugin_fs")
        bucket = tmp_path / "bucket"
        shutil.copytree(checkout / "resources", bucket / "resources")
        storage = ("--default-storage-provider", "fs", "--default-storage-prefix", str(bucket))
    planned = snakemake(checkout, "--workflow-profile", f"workflow/profiles/{name}", "--dry-run", *storage)
    assert planned.returncode == 0, planned.stdout
    groups = re.findall(r"Group job (\w+)", planned.stdout)
    assert sorted(groups) == ["prepare", *["score"] * 4, "summary", "transfer"]


QSTAT = """#!/bin/sh
case "$3" in
1.pbs) printf 'Job Id: 1.pbs\\n    job_state = R\\n' ;;
2.pbs) printf 'Job Id: 2.pbs\\n    job_state = F\\n    Exit_status = 0\\n' ;;
3.pbs) printf 'Job Id: 3.pbs\\n    job_state = F\\n    Exit_status = 271\\n' ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("job", "status"), [("1.pbs", "running"), ("2.pbs", "success"), ("3.pbs", "failed"), ("4.pbs", "running")]
)
def test_status_of_a_pbs_job(job: str, status: str, tmp_path: Path) -> None:
    qstat = tmp_path / "qstat"
    qstat.write_text(QSTAT)
    qstat.chmod(0o755)
    answer = subprocess.run(
        [PROFILES / "generic" / "status.sh", job],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.split() == [status]
