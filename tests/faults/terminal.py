"""What a user sees of a run that is refused, and what must not come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

MOST_LINES = 3
LONGEST_LINE = 1000
#: the end of a log that is shown, and a failed job
AFTER = ("=====", "RuleException:")
#: where the workflow may write
OWN = ("results", ".snakemake", "resources/downloads")


def complaint(output: str) -> list[str]:
    """Lines from the first ``scbraid:`` to the end of the output, or to where Snakemake speaks again."""
    lines = output.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("scbraid: ")]
    if not starts:
        return []
    told = lines[starts[0] :]
    ends = [number for number, line in enumerate(told) if line.startswith(AFTER)]
    return told[: ends[0]] if ends else told


def check_complaint(lines: Sequence[str], culprit: str) -> None:
    """Assert that the lines are few, short, and name the culprit."""
    assert 1 <= len(lines) <= MOST_LINES, lines
    assert max(map(len, lines)) <= LONGEST_LINE, lines
    assert culprit in "\n".join(lines)
    assert all(line.isprintable() for line in lines), lines


def check_refused(finished: subprocess.CompletedProcess[str], culprit: str) -> None:
    """Assert that a run ended with a clear complaint and without a traceback."""
    assert finished.returncode not in (0, None), finished.stdout
    assert "Traceback" not in finished.stdout, finished.stdout
    lines = complaint(finished.stdout)
    assert lines, finished.stdout
    check_complaint(lines, culprit)


def files_around(checkout: Path) -> set[str]:
    """Files in a checkout and beside it, without those that the workflow may write."""
    own = tuple(f"{checkout.name}/{folder}/" for folder in OWN)
    found = (path.relative_to(checkout.parent).as_posix() for path in checkout.parent.rglob("*") if path.is_file())
    return {path for path in found if not path.startswith(own) and "__pycache__" not in path}
