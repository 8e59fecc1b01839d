"""Helpers of the tests that run the workflow itself."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
#: forks of one process that has imported Snakemake and its plugins, so that each plans without that start-up
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli", "snakemake.scheduling.job_scheduler", "yte"])
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".snakemake", ".*_cache", ".coverage*", "results", "downloads", "__pycache__", "*.h5ad.tmp"
)


def copy_checkout(target: Path) -> Path:
    """Copy the repository without its outputs, so that a test cannot touch the user's."""
    shutil.copytree(ROOT, target, ignore=LEFT_OUT, symlinks=True)
    return target


def snakemake(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a checkout as a user would, and return status and all output."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(
        command, cwd=checkout, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=1200
    )


def dry_run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Plan in a checkout as ``snakemake --dry-run`` does, and return status and all output."""
    command = ["snakemake", "--dry-run", *arguments]
    with tempfile.TemporaryFile("w+") as output:
        process = FORKS.Process(target=_plan, args=(command, checkout, DupFd(output.fileno())))
        process.start()
        process.join(timeout=1200)
        process.kill()  # where it has not ended
        process.join()
        output.seek(0)
        return subprocess.CompletedProcess(command, process.exitcode, output.read())


def _plan(command: list[str], checkout: Path, output: Any) -> None:
    """Be that command, in a process of its own."""
    from snakemake.cli import main

    descriptor = output.detach()
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    os.chdir(checkout)
    sys.argv = command
    main(command[1:])


def demo_config() -> dict[str, Any]:
    """Read the shipped config."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def write_config(config: dict[str, Any], path: Path) -> Path:
    """Write a config as YAML."""
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
