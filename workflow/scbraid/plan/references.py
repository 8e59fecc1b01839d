"""Whether the reference of a query is there, or a run of the config will write it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from scbraid.errors import suggest
from scbraid.plan.paths import RESULTS

if TYPE_CHECKING:
    from collections.abc import Collection


MODEL_FOLDER = re.compile(RESULTS + r"/(?P<dataset>[^/]+)/runs/(?P<run>[^/]+)/seed-\d+/model$")


def why_no_reference(folder: str, *, datasets: Collection[str], run_names: Collection[str]) -> str | None:
    """Say why nothing can be mapped onto a folder before anything runs; None where it is there or will be.

    Parameters
    ----------
    folder
        From the config.
    datasets, run_names
        Data sets of the config, and names of its runs whose method maps.
    """
    planned = MODEL_FOLDER.match(folder)
    if Path(folder).is_dir() and not (planned and planned["dataset"] in datasets):
        return None
    if not planned or planned["dataset"] not in datasets:
        return f"no such folder: {folder} (from {Path.cwd()})"
    if planned["run"] not in run_names:
        hint = suggest(planned["run"], run_names)
        return f"no run '{planned['run']}' of this config trains a model to map onto, {hint}"
    return None
