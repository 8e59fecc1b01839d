from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support import ROOT, copy_checkout, snakemake

if TYPE_CHECKING:
    from pathlib import Path

# Each checkout would compile the loops of all packages for itself.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers side by side have a core each; set before any library reads it. Snakemake says it anew for every job.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Threads of jobs wait without turning: there are more of them than cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

#: In the order in which they are handed out: what takes longest comes first, lest it is waited for at the end.
FOLDERS = ("e2e", "workflow", "unit/methods", "parity", "unit/runs", "unit", "browser")
#: Their tests share fixtures of many seconds over several files.
WHOLE_FOLDERS = {"unit/methods", "unit/mapping", "unit/runs", "browser", "cluster", "faults"}
#: They take minutes together; `make test-quick` leaves them out.
SLOW_FOLDERS = {"e2e", "parity", "browser", "cluster", "faults"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say for every test whether it is slow, and with which others it stays together where workers share the tests."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if _needs_demo(item) or _folder(item) in SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)
    items.sort(key=_turn)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to share out tests whose groups pytest-xdist did not write into their names: it makes fixtures twice."""
    grouped = "PYTEST_XDIST_WORKER" in os.environ and session.config.getvalue("loadgroup")
    if grouped and any("@" not in item.nodeid for item in session.items):
        raise pytest.UsageError("this pytest and this pytest-xdist do not group tests; install those of envs/dev.lock")


def _needs_demo(item: pytest.Item) -> bool:
    return "demo_run" in getattr(item, "fixturenames", ())


def _folder(item: pytest.Item) -> str:
    """Folder of a test below tests/, a part of unit/ by its own name: ``e2e``, ``unit/methods``."""
    return item.path.parent.relative_to(ROOT / "tests").as_posix()


def _group(item: pytest.Item) -> str:
    """Tests of a group run in one worker, so that no fixture of many seconds is made twice."""
    if _needs_demo(item):
        return "demo"
    if _folder(item) in WHOLE_FOLDERS:
        return _folder(item)
    case = item.callspec.params.get("case") if _folder(item) == "parity" and hasattr(item, "callspec") else None
    return "-".join(case) if case else item.path.relative_to(ROOT).as_posix()


def _turn(item: pytest.Item) -> tuple[bool, int]:
    folder = _folder(item)
    known = folder if folder in FOLDERS else folder.split("/")[0]
    return not _needs_demo(item), FOLDERS.index(known) if known in FOLDERS else len(FOLDERS)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo once, from a clean copy of the repository to the report, and return that folder."""
    checkout = copy_checkout(tmp_path_factory.mktemp("demo") / "scbraid")
    finished = snakemake(checkout)
    assert finished.returncode == 0, finished.stdout
    return checkout
