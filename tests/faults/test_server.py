"""Downloads from a server that misbehaves: asked again or refused in a clear line, and a good file that is there stays.

What :func:`scbraid.data.download.fetch` does with each status and content is tested in tests/unit/test_download.py.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from faults.data import DEMO, config
from faults.server import serving
from faults.terminal import check_complaint, check_refused
from scbraid.data import download
from scbraid.data.download import fetch
from scbraid.errors import UserError
from support import snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults.server import Site

GOOD = DEMO.read_bytes()
SHA256 = hashlib.sha256(GOOD).hexdigest()
SPOILT = {
    "page": b"<!doctype html><title>Sign in</title>",
    "nothing": b"",
    "half": GOOD[: len(GOOD) // 2],
    "all but one byte": GOOD[:-1],
    "another file": GOOD.replace(b"CD3", b"CD4"),
    "pickle": b"\x80\x04cposix\nsystem\n(S'touch canary'\ntR.",
}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    with serving() as site:
        yield site


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    return {"folder": tmp_path / "downloads", "record": tmp_path / "records" / "data.json"}


def refusal(site: Site, places: dict[str, Path], sha256: str | None = SHA256) -> str:
    with pytest.raises(UserError) as caught:
        fetch(f"{site.url}/x.h5ad", sha256=sha256, **places)
    check_complaint(str(caught.value).splitlines(), f"{site.url}/x.h5ad")
    return str(caught.value)


def flipped(seed: int) -> bytes:
    generator = np.random.default_rng(seed)
    content = bytearray(GOOD)
    content[generator.integers(len(content))] ^= 1 << generator.integers(8)
    return bytes(content)


@pytest.mark.parametrize("seed", range(20))
def test_one_flipped_bit_is_refused(site: Site, places: dict[str, Path], seed: int) -> None:
    site.files["/x.h5ad"] = flipped(seed)
    assert f"but the config expects {SHA256}" in refusal(site, places)
    assert list(places["folder"].iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sha256"),
    # without a checksum any sound file is right
    [(content, sha256) for content in SPOILT for sha256 in (SHA256, None) if sha256 or content != "another file"],
)
def test_spoilt_content_is_refused_and_not_kept(
    site: Site, places: dict[str, Path], content: str, sha256: str | None
) -> None:
    site.files["/x.h5ad"] = SPOILT[content]
    refusal(site, places, sha256)
    assert list(places["folder"].iterdir()) == []
    assert not places["record"].exists()
    site.files["/x.h5ad"] = GOOD
    assert fetch(f"{site.url}/x.h5ad", sha256=sha256, **places)["sha256"] == SHA256


@pytest.mark.parametrize("content", SPOILT)
def test_good_file_stays_where_another_one_was_wanted_in_vain(
    site: Site, places: dict[str, Path], content: str
) -> None:
    site.files["/x.h5ad"] = GOOD
    fetch(f"{site.url}/x.h5ad", sha256=SHA256, **places)
    site.files["/x.h5ad"] = SPOILT[content]
    refusal(site, places, sha256="0" * 64)
    (kept,) = places["folder"].iterdir()
    assert kept.read_bytes() == GOOD
    assert fetch(f"{site.url}/x.h5ad", sha256=SHA256, **places)["path"] == str(kept)
    assert site.requests == ["/x.h5ad", "/x.h5ad"]


def test_file_that_is_there_needs_no_server(site: Site, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = GOOD
    fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    site.failures = 100
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places)["sha256"] == SHA256


def test_dropped_connection_of_unknown_length_is_noticed(site: Site, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = GOOD
    site.tells_length, site.cuts, site.cut_after = False, 100, len(GOOD) // 2
    assert "is a damaged HDF5 file" in refusal(site, places, sha256=None)
    assert list(places["folder"].iterdir()) == []


@pytest.mark.parametrize("target", ["/x.h5ad", "file:///etc/passwd", "ftp://127.0.0.1:1/x", "javascript:1", "http://"])
def test_redirect_to_nowhere_is_refused(site: Site, places: dict[str, Path], target: str) -> None:
    site.moved_to["/x.h5ad"] = target
    assert "download failed" in refusal(site, places)
    assert list(places["folder"].iterdir()) == []


def test_run_recovers_from_a_failing_server(checkout: Path, tmp_path: Path) -> None:
    with serving() as site:
        site.files["/x.h5ad"], site.failures = GOOD, 1
        wanted = write_config(config(f"{site.url}/x.h5ad", batch="batch", sha256=SHA256), tmp_path / "c.yaml")
        finished = snakemake(checkout, "--cores", "1", "results/d/source.json", "--configfile", str(wanted))
    assert finished.returncode == 0, finished.stdout
    manifest = json.loads((checkout / "results" / "d" / "source.json").read_text())
    assert manifest["sha256"] == SHA256
    assert (checkout / manifest["path"]).read_bytes() == GOOD


def test_run_refuses_a_wrong_file(checkout: Path, tmp_path: Path) -> None:
    with serving() as site:
        site.files["/y.h5ad"] = flipped(0)
        wanted = write_config(config(f"{site.url}/y.h5ad", sha256=SHA256), tmp_path / "c.yaml")
        finished = snakemake(checkout, "--cores", "1", "results/d/source.json", "--configfile", str(wanted))
        check_refused(finished, f"{site.url}/y.h5ad: sha256 is ")
    assert not (checkout / "results" / "d" / "source.json").exists()
