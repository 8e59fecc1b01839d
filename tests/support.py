"""Helpers of the tests that run the workflow itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".snakemake", "results", "downloads", "__pycache__", "*.h5ad.tmp")


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


def demo_config() -> dict[str, Any]:
    """Read the shipped config."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def write_config(config: dict[str, Any], path: Path) -> Path:
    """Write a config as YAML."""
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
