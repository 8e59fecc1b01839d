"""The section on provenance: what the results were made from, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"provenance": "Provenance"}


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare the versions of packages."""
    return {"versions": versions(dataset)}


def versions(dataset: DatasetResults) -> dict[str, str]:
    """Versions of the packages that the runs rest on; several where runs differ."""
    found: dict[str, set[str]] = {}
    for run in dataset.runs:
        for package, version in run.facts["versions"].items():
            found.setdefault(package, set()).add(version)
    return {package: ", ".join(sorted(seen)) for package, seen in found.items()}
