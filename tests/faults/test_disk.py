"""A full disk, and files and folders without permission: told clearly, and nothing half-written counts as complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from faults.data import DEMO, config
from faults.server import serving
from faults.terminal import check_complaint, check_refused
from scbraid.data.download import fetch
from scbraid.data.h5ad import read_h5ad
from scbraid.errors import UserError
from scbraid.files import read_json, write_json
from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGET = "results/d/standard.h5ad"
#: root without the right to do what the permissions of a file forbid
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of this size on a folder, or skip where that is not possible."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    checkout = copy_checkout(tmp_path / "scbraid")
    write_config(config(DEMO, batch="batch"), checkout / "c.yaml")
    return checkout


def bound(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake as a user to whom permissions apply."""
    prefix = BOUND if os.geteuid() == 0 else []
    if prefix and shutil.which("setpriv") is None:
        pytest.skip("permissions do not bind root, and setpriv is not here to change that")
    command = [*prefix, sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    return subprocess.run(
        command, cwd=checkout, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300
    )


def test_full_disk_of_results(checkout: Path) -> None:
    with small_disk(checkout / "results", "256k"):
        finished = snakemake(checkout, "--cores", "1", TARGET, "--configfile", "c.yaml")
        check_refused(finished, f"{TARGET}: No space left on device")
        assert not (checkout / TARGET).exists()
        subprocess.run(["mount", "-o", "remount,size=64m", checkout / "results"], check=True)
        again = snakemake(checkout, "--cores", "1", TARGET, "--configfile", "c.yaml")
        assert again.returncode == 0, again.stdout
        assert read_h5ad(checkout / TARGET).n_obs == read_h5ad(DEMO).n_obs


def test_full_disk_within_a_method_is_not_its_failure(checkout: Path) -> None:
    methods = {"cvae": {"max_epochs": 1}, "scvi": {"max_epochs": 1}}
    small = {"qc": {"scrublet": False}, "features": {"n_top_genes": 200}}
    settings = {"methods": methods, "accelerator": "cpu", "allow_failures": True}
    write_config(config(DEMO, batch="batch", **small) | settings, checkout / "c.yaml")
    options = ("--cores", "2", "--keep-going", "--configfile", "c.yaml")
    prepared = snakemake(checkout, "results/d/features/hvg.h5ad", *options)
    assert prepared.returncode == 0, prepared.stdout
    embeddings = [f"results/d/runs/{method}/seed-0/embedding.parquet" for method in methods]
    with small_disk(checkout / "results" / "d" / "runs", "64k"):
        finished = snakemake(checkout, *embeddings, *options)
        assert finished.returncode != 0
        for embedding in embeddings:
            told = f"scbraid: {embedding}: No space left on device; free some space and run again"
            assert finished.stdout.count(told) == 2, finished.stdout  # and once more in a second attempt
        assert "Traceback" not in finished.stdout
        assert list((checkout / "results" / "d" / "runs").rglob("run.json")) == []
        subprocess.run(["mount", "-o", "remount,size=64m", checkout / "results" / "d" / "runs"], check=True)
        again = snakemake(checkout, embeddings[0], *options)
        assert again.returncode == 0, again.stdout
        assert read_json((checkout / embeddings[0]).with_name("run.json"))["failed"] is None


def test_full_disk_of_downloads(tmp_path: Path) -> None:
    places = {"folder": tmp_path / "downloads", "record": tmp_path / "downloads" / "d.json"}
    with small_disk(places["folder"], "64k"), serving() as site:
        site.files["/x.h5ad"] = DEMO.read_bytes()
        with pytest.raises(UserError, match="No space left on device") as caught:
            fetch(f"{site.url}/x.h5ad", sha256=None, **places)
        check_complaint(str(caught.value).splitlines(), f"{site.url}/x.h5ad")
        assert len(site.requests) == 1
        assert list(places["folder"].iterdir()) == []


def test_json_stays_whole_on_a_full_disk(tmp_path: Path) -> None:
    record = tmp_path / "disk" / "record.json"
    with small_disk(record.parent, "64k"):
        write_json({"source": "x"}, record)
        with pytest.raises(OSError, match="No space left"):
            write_json({"source": "x" * 100_000}, record)
        assert read_json(record) == {"source": "x"}
        assert list(record.parent.iterdir()) == [record]


def test_source_without_permission(checkout: Path) -> None:
    source = checkout / "mine.h5ad"
    shutil.copy(DEMO, source)
    source.chmod(0)
    write_config(config(source, batch="batch"), checkout / "c.yaml")
    check_refused(bound(checkout, TARGET, "--configfile", "c.yaml"), f"{source}: no permission to read this file")


def test_results_without_permission(checkout: Path) -> None:
    results = checkout / "results"
    results.mkdir()
    results.chmod(0o555)
    finished = bound(checkout, TARGET, "--configfile", "c.yaml")
    assert finished.returncode != 0
    assert "Permission denied: 'results/d'" in finished.stdout
    assert "Traceback" not in finished.stdout
    assert list(results.iterdir()) == []


def test_downloads_without_permission(checkout: Path) -> None:
    (checkout / "resources" / "downloads").mkdir()
    (checkout / "resources" / "downloads").chmod(0o555)
    with serving() as site:
        site.files["/x.h5ad"] = DEMO.read_bytes()
        write_config(config(f"{site.url}/x.h5ad", batch="batch"), checkout / "c.yaml")
        check_refused(bound(checkout, TARGET, "--configfile", "c.yaml"), "resources/downloads/d (Permission denied)")
        assert site.requests == []
