"""The section of runs: time, memory and device of each, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"runs": "Runs", "failures": "Failures"}


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Pick the runs that failed."""
    return {"failed": [run for run in dataset.runs if run.facts["failed"]]}
