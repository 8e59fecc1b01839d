"""Downloads from a real server on the loopback interface, and local sources."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import h5py
import pytest

from faults.server import serving
from scbraid.data import download
from scbraid.data.download import fetch, is_url
from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults.server import Site


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    with serving() as site:
        yield site


def hdf5(folder: Path, value: int = 1) -> bytes:
    path = folder / f"made-{value}.h5"
    with h5py.File(path, "w") as file:
        file["x"] = [value] * 2000
    return path.read_bytes()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    return hdf5(tmp_path)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    return {"folder": tmp_path / "downloads", "record": tmp_path / "records" / "data.json"}


def left_behind(places: dict[str, Path]) -> list[Path]:
    return list(places["folder"].iterdir()) if places["folder"].exists() else []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://host/x.h5ad", True),
        ("HTTPS://host/x.h5ad", True),
        ("ftp://host/x.h5ad", True),
        ("data/x.h5ad", False),
        ("/data/x.h5ad", False),
        (r"C:\data\x.h5ad", False),
        ("s3://bucket/x.h5ad", False),
    ],
)
def test_is_url(source: str, expected: bool) -> None:
    assert is_url(source) is expected


def test_url_is_downloaded_and_its_checksum_recorded(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    manifest = fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    (kept,) = left_behind(places)
    assert kept.read_bytes() == good
    assert manifest == {
        "source": f"{site.url}/x.h5ad",
        "path": str(kept),
        "sha256": sha256(good),
        "bytes": len(good),
    }
    assert json.loads(places["record"].read_text()) == {"source": f"{site.url}/x.h5ad", "sha256": sha256(good)}


def test_complete_file_is_not_downloaded_again(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    first = fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places) == first
    assert fetch(f"{site.url}/x.h5ad", sha256=sha256(good).upper(), **places) == first
    assert site.requests == ["/x.h5ad"]


def test_damaged_local_copy_is_downloaded_again(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    (kept,) = left_behind(places)
    kept.write_bytes(good[:-10])
    fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert kept.read_bytes() == good


def test_wrong_checksum_is_refused(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    with pytest.raises(UserError, match=f"sha256 is {sha256(good)}, but the config expects {'0' * 64}$"):
        fetch(f"{site.url}/x.h5ad", sha256="0" * 64, **places)
    assert left_behind(places) == []
    assert not places["record"].exists()


def test_checksum_of_the_config_is_not_recorded(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    fetch(f"{site.url}/x.h5ad", sha256=sha256(good), **places)
    assert not places["record"].exists()


def test_file_changed_on_the_server_is_refused(
    site: Site, good: bytes, places: dict[str, Path], tmp_path: Path
) -> None:
    site.files["/x.h5ad"] = good
    fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    for kept in left_behind(places):
        kept.unlink()
    site.files["/x.h5ad"] = changed = hdf5(tmp_path, value=2)
    with pytest.raises(UserError, match="has changed since its first use") as caught:
        fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert str(caught.value).endswith(f"To accept the new file delete {places['record']}")
    assert left_behind(places) == []
    places["record"].unlink()
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places)["sha256"] == sha256(changed)


def test_another_url_with_the_same_file_name_is_another_file(
    site: Site, good: bytes, places: dict[str, Path], tmp_path: Path
) -> None:
    site.files["/a/x.h5ad"] = good
    site.files["/b/x.h5ad"] = other = hdf5(tmp_path, value=2)
    assert fetch(f"{site.url}/a/x.h5ad", sha256=None, **places)["sha256"] == sha256(good)
    assert fetch(f"{site.url}/b/x.h5ad", sha256=None, **places)["sha256"] == sha256(other)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_refusal_of_the_server_is_final(site: Site, places: dict[str, Path], status: int) -> None:
    site.failures, site.failing_status = 10, status
    with pytest.raises(UserError, match=f"^{site.url}/x.h5ad: download failed \\({status} "):
        fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert len(site.requests) == 1
    assert left_behind(places) == []
    assert not places["record"].exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_failing_server_is_asked_again(site: Site, good: bytes, places: dict[str, Path], status: int) -> None:
    site.files["/x.h5ad"] = good
    site.failures, site.failing_status = 2, status
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places)["sha256"] == sha256(good)
    assert len(site.requests) == 3


def test_server_that_keeps_failing_is_given_up(site: Site, places: dict[str, Path]) -> None:
    site.failures = 100
    with pytest.raises(UserError, match=r"download failed \(500 Internal Server Error\)$"):
        fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert len(site.requests) == download.ATTEMPTS
    assert left_behind(places) == []


def test_dropped_connection_restarts(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    site.cuts, site.cut_after = 2, len(good) // 2
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places)["sha256"] == sha256(good)
    assert [path.read_bytes() for path in left_behind(places)] == [good]


def test_connection_that_always_drops_leaves_nothing(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    site.cuts, site.cut_after = 100, len(good) // 2
    with pytest.raises(UserError, match="download failed"):
        fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert left_behind(places) == []


def test_part_of_a_killed_download_is_overwritten(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    path = fetch(f"{site.url}/x.h5ad", sha256=None, **places)["path"]
    (kept,) = left_behind(places)
    kept.rename(f"{path}.part")
    fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert [str(kept) for kept in left_behind(places)] == [path]


def test_redirect_is_followed(site: Site, good: bytes, places: dict[str, Path]) -> None:
    site.files["/x.h5ad"] = good
    site.moved_to["/moved/x.h5ad"] = "/x.h5ad"
    assert fetch(f"{site.url}/moved/x.h5ad", sha256=None, **places)["sha256"] == sha256(good)
    assert site.requests == ["/moved/x.h5ad", "/x.h5ad"]


def test_web_page_in_place_of_the_file_is_refused_and_not_kept(
    site: Site, good: bytes, places: dict[str, Path]
) -> None:
    site.files["/x.h5ad"] = b"<html>Please log in</html>"
    with pytest.raises(UserError, match=r"x\.h5ad is not an \.h5ad file: 26 bytes that are not HDF5$"):
        fetch(f"{site.url}/x.h5ad", sha256=None, **places)
    assert left_behind(places) == []
    site.files["/x.h5ad"] = good
    assert fetch(f"{site.url}/x.h5ad", sha256=None, **places)["sha256"] == sha256(good)


@pytest.mark.parametrize("path", ["/my%20cells%2B.h5ad", "/files%2F..", "/%2Fetc%2Fpasswd", "/" + "x" * 300, "/"])
def test_any_url_becomes_a_harmless_file_name(site: Site, good: bytes, places: dict[str, Path], path: str) -> None:
    site.files[path] = good
    kept = fetch(f"{site.url}{path}", sha256=None, **places)["path"]
    assert [str(found) for found in left_behind(places)] == [kept]
    assert site.requests == [path]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.h5ad", "http:///x.h5ad", "ftp://127.0.0.1/x.h5ad"])
def test_unreachable_server_is_one_line(url: str, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    with pytest.raises(UserError, match="download failed") as caught:
        fetch(url, sha256=None, **places)
    assert len(str(caught.value).splitlines()) == 1


def test_local_file_is_used_where_it_is(good: bytes, places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.h5ad"
    path.write_bytes(good)
    manifest = fetch(str(path), sha256=None, **places)
    assert manifest["path"] == str(path)
    assert manifest["sha256"] == sha256(good)
    assert left_behind(places) == []


def test_changed_local_file_is_refused(good: bytes, places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.h5ad"
    path.write_bytes(good)
    fetch(str(path), sha256=None, **places)
    path.write_bytes(hdf5(tmp_path, value=2))
    with pytest.raises(UserError, match="has changed since its first use"):
        fetch(str(path), sha256=None, **places)


def test_record_of_another_source_does_not_bind(good: bytes, places: dict[str, Path], tmp_path: Path) -> None:
    for name, content in {"a.h5ad": good, "b.h5ad": hdf5(tmp_path, value=2)}.items():
        (tmp_path / name).write_bytes(content)
        assert fetch(str(tmp_path / name), sha256=None, **places)["sha256"] == sha256(content)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"source"'])
def test_damaged_record_is_named(content: str, good: bytes, places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.h5ad"
    path.write_bytes(good)
    places["record"].parent.mkdir()
    places["record"].write_text(content)
    with pytest.raises(UserError, match=f"^{places['record']} is damaged"):
        fetch(str(path), sha256=None, **places)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "0 bytes that are not HDF5"),
        (b"gene,cell\n", "10 bytes that are not HDF5"),
    ],
)
def test_unusable_local_source(content: bytes | None, message: str, places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.h5ad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}.*{message}"):
        fetch(str(path), sha256=None, **places)
    assert not places["record"].exists()


def test_truncated_hdf5_is_refused(good: bytes, places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.h5ad"
    path.write_bytes(good[:-100])
    with pytest.raises(UserError, match="is a damaged HDF5 file"):
        fetch(str(path), sha256=None, **places)


def test_folder_is_no_source(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        fetch(str(tmp_path), sha256=None, **places)
