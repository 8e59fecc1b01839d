"""One run: a method with one seed, timed, checked and written down."""

from __future__ import annotations

import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import scbraid
from scbraid.contract import check_device, check_embedding
from scbraid.files import write_embedding, write_json, write_table
from scbraid.methods import Context, Result, load

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

VERSIONED = ("anndata", "harmonypy", "numpy", "scanpy", "scikit-learn", "scipy", "scvi-tools", "torch")


def run_method(
    adata: AnnData,
    folder: Path,
    *,
    run: str,
    method: str,
    parameters: dict[str, Any],
    seed: int,
    accelerator: str,
    threads: int,
    trains: bool,
) -> None:
    """Run a method and write embedding.parquet, run.json and, when it trains, history.tsv and model/.

    Parameters
    ----------
    adata
        HVG data: normalised ``X``, ``layers["counts"]``, ``obs["batch"]``, and ``obsm["X_pca"]`` for methods that take
        it. Methods get a copy.
    folder
        Folder of the run; the two files every run has are written last.
    run
        Name of the run in the config.
    method, parameters
        Name in the registry and all its parameters.
    seed, accelerator, threads
        As in :class:`~scbraid.methods.Context`.
    trains
        Whether history and model are expected.

    Raises
    ------
    ContractError
        The result is not an embedding of these cells, or ran on another device than asked.
    """
    function, _ = load(method)
    model_dir = folder / "model" if trains else None
    if model_dir:
        model_dir.mkdir(parents=True, exist_ok=True)
    context = Context(seed=seed, accelerator=accelerator, threads=threads, model_dir=model_dir)
    started = time.perf_counter()
    result = function(adata.copy(), context, **parameters)
    seconds = time.perf_counter() - started

    check_device(asked=accelerator if trains else "cpu", used=result.device, method=run)
    embedding = check_embedding(
        result.embedding, adata.obs_names, method=run, expression=adata.X, batch=adata.obs["batch"].to_numpy()
    )
    if trains:
        write_table(result.history, folder / "history.tsv")
    write_embedding(embedding, folder / "embedding.parquet")
    asked = {"seed": seed, "device_asked": accelerator, "threads": threads}
    facts = {"run": run, "method": method, "parameters": parameters, **asked}
    write_json(facts | _measurements(result, adata.n_obs, seconds), folder / "run.json")


def _measurements(result: Result, n_cells: int, seconds: float) -> dict[str, Any]:
    epochs = result.facts.get("epochs")
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
