"""One run: a method with one seed, timed, checked and written down."""

from __future__ import annotations

import logging
import shutil
import time
from typing import TYPE_CHECKING, Any

from scbraid.disk import out_of_space
from scbraid.errors import UserError
from scbraid.files import write_json
from scbraid.mapping.reference import write_reference
from scbraid.methods.registry import find, load, maps
from scbraid.methods.spec import Context, Result
from scbraid.runs.artifacts import ARTIFACTS, RECORD, check_result, clear, write_result
from scbraid.runs.contract import check_device
from scbraid.runs.facts import measurements, nature, software_versions

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Mapped, Run

#: in the folder of a run while it trains; no output, as Snakemake would delete it with the others of a failed job
CHECKPOINT = "checkpoint"
logger = logging.getLogger(__name__)


def run_method(adata: AnnData, folder: Path, run: Run, *, accelerator: str, threads: int) -> str | None:
    """Run a method and write what came of it.

    Every run has run.json and embedding.parquet, and what its method gives beside (:mod:`scbraid.runs.artifacts`). A
    graph has an embedding without dimensions. The model of a method that maps is a reference
    (:mod:`scbraid.mapping.reference`).

    A method that fails leaves the same files, without dimensions, neighbours, genes, labels or epochs, and its reason
    as ``failed`` in run.json: later steps find nothing in them, the others go on, and benchmark and report tell.

    A training that is ended from outside leaves none of them, but perhaps a checkpoint from which the next attempt
    goes on (``checkpoint_dir`` of :class:`~scbraid.methods.spec.Context`).

    Parameters
    ----------
    adata
        HVG data: normalised ``X``, ``layers["counts"]``, ``obs["batch"]``, and ``obsm["X_pca"]`` for methods that take
        it. Methods get a copy.
    folder
        Folder of the run.
    run
        What to run.
    accelerator, threads
        As in :class:`~scbraid.methods.spec.Context`; a method that does not train runs on the CPU.

    Returns
    -------
    Why the method failed, in one line, or None.

    Raises
    ------
    OSError
        The disk is full, which is no failure of the method.
    """
    method = find(run.method)
    context = _context(run, folder, accelerator=accelerator, threads=threads)
    facts: dict[str, Any] = {
        "run": run.name,
        "method": run.method,
        "parameters": run.parameters,
        "failed": None,
        **nature(method),
        "seed": run.seed,
        "device_asked": context.accelerator,
        "threads": threads,
    }
    clear(folder)
    for needed in filter(None, (context.model_dir, context.checkpoint_dir)):
        needed.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    try:
        result = checked_result(adata, run, context)
        measured = measurements(result, adata.n_obs, time.perf_counter() - started)
        write_result(result, folder, method=method, adata=adata)
        write_json(facts | measured, folder / RECORD)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the other methods go on
        facts["failed"] = failure(error, what=run.name, folder=folder)
        result = Result(device="none")
        measured = measurements(result, adata.n_obs, time.perf_counter() - started)
        clear(folder)
        write_result(result, folder, method=method, adata=adata)
        write_json(facts | measured, folder / RECORD)
    if maps(run.method) and result.embedding is not None:  # a failed run has none
        write_reference(folder / ARTIFACTS["model"].file, adata, result.embedding, run, versions=software_versions())
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    return facts["failed"]


def _context(run: Run, folder: Path, *, accelerator: str, threads: int) -> Context:
    if not find(run.method).trains:
        return Context(seed=run.seed, accelerator="cpu", threads=threads)
    return Context(
        seed=run.seed,
        accelerator=accelerator,
        threads=threads,
        model_dir=folder / ARTIFACTS["model"].file,
        checkpoint_dir=folder / CHECKPOINT,
    )


def checked_result(adata: AnnData, run: Run, context: Context) -> Result:
    """Run a method on a copy of the data, without labels unless it uses them, and prove its result.

    Raises
    ------
    ContractError
        The result is not an embedding or graph of these cells, or ran on another device than asked.
    """
    method = find(run.method)
    data = adata.copy()
    if "labels" not in method.uses and "label" in data.obs:
        del data.obs["label"]
    result = load(run.method)[0](data, context, **run.parameters)
    check_device(asked=context.accelerator, used=result.device, run_name=run.name)
    check_result(result, adata, run_name=run.name, method=method)
    return result


def check_mapped(mapped: Mapped, adata: AnnData, run: Run, context: Context) -> None:
    """Prove the result of a mapping of query cells, as :func:`checked_result` does that of a run.

    Raises
    ------
    ContractError
        The result is not an embedding of these cells, or ran on another device than asked.
    """
    check_device(asked=context.accelerator, used=mapped.device, run_name=run.name)
    check_result(mapped, adata, run_name=run.name, method=find(run.method))


def failure(error: BaseException, *, what: str, folder: Path) -> str:
    """Log why something that writes into a folder failed and put it in one line; a full disk is raised instead."""
    if full := out_of_space(error, folder):
        raise full from error
    if isinstance(error, UserError):
        logger.error("%s cannot run: %s", what, error)
        return str(error)
    logger.exception("%s failed", what)
    first = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
