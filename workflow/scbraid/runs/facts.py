"""What run.json tells of a run: measurements and versions."""

from __future__ import annotations

import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import scbraid

if TYPE_CHECKING:
    from scbraid.methods.spec import Method, Result

VERSIONED = (
    "anndata",
    "bbknn",
    "harmonypy",
    "numpy",
    "scanorama",
    "scanpy",
    "scikit-learn",
    "scipy",
    "scvi-tools",
    "torch",
)


def nature(method: Method) -> dict[str, bool]:
    """Tell what readers of scores must know of a method."""
    return {
        "is_control": method.is_control,
        "needs_labels": "labels" in method.uses,
        "is_graph": "neighbors" in method.gives,
    }


def measurements(result: Result, n_cells: int, seconds: float) -> dict[str, Any]:
    """Device, time, epochs, memory and versions of a run, for run.json."""
    epochs = result.facts.get("epochs")
    seconds = with_epochs_before(result, seconds)
    return {
        "device": result.device,
        "seconds": round(seconds, 3),
        "epochs": epochs,
        "cells_per_second": round(n_cells * epochs / seconds, 1) if epochs else None,
        "peak_ram_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "peak_gpu_mb": _peak_gpu_mb(),
        **result.facts,
        "versions": software_versions(),
    }


def with_epochs_before(result: Result, seconds: float) -> float:
    """Seconds of a training where those measured leave out its epochs before an interruption."""
    if result.history is None or "seconds" not in result.history:
        return seconds
    return max(seconds, float(result.history["seconds"].sum()))


def _peak_gpu_mb() -> float | None:
    """Peak GPU memory of this process; a process that never imported torch used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return round(torch.cuda.max_memory_allocated() / 2**20, 1)


def software_versions() -> dict[str, str]:
    """Versions of scbraid, Python and the packages that results rest on."""
    found = {"scbraid": scbraid.__version__, "python": platform.python_version()}
    for package in VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
