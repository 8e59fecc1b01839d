"""The section on training: what each method that trains learned over its epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.report.drawing.curves import training_curves

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"training": "Training"}


def view(dataset: DatasetResults) -> dict[str, Any] | None:
    """Prepare the curves; None where no run trained."""
    curves = training_curves(dataset)
    return {"curves": curves} if curves else None
