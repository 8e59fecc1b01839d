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
from scbraid.methods.registry import find, load
from scbraid.methods.spec import Context, Result
from scbraid.runs.artifacts import clear, write_result
from scbraid.runs.contract import check_corrected, check_device, check_embedding, check_neighbors, check_probabilities
from scbraid.runs.facts import measurements, software_versions

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Mapped

#: in the folder of a run while it trains; no output, as Snakemake would delete it with the others of a failed job
CHECKPOINT = "checkpoint"
logger = logging.getLogger(__name__)


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
) -> str | None:
    """Run a method and write what came of it.

    Every run has run.json and embedding.parquet; methods that train add history.tsv and model/, graph methods
    neighbors.npz, methods that predict probabilities.parquet and methods that correct expression corrected.h5ad. A
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
        Name of the run in the config.
    method, parameters
        Name in the registry (or place of a user's function) and all its parameters.
    seed, accelerator, threads
        As in :class:`~scbraid.methods.spec.Context`; a method that does not train runs on the CPU.

    Returns
    -------
    Why the method failed, in one line, or None.

    Raises
    ------
    OSError
        The disk is full, which is no failure of the method.
    """
    kind = find(method)
    accelerator = accelerator if kind.trains else "cpu"
    clear(folder)
    model_dir = folder / "model" if kind.trains else None
    checkpoint_dir = folder / CHECKPOINT if kind.trains else None
    if kind.trains:
        model_dir.mkdir(parents=True)
        checkpoint_dir.mkdir(exist_ok=True)
    context = Context(
        seed=seed, accelerator=accelerator, threads=threads, model_dir=model_dir, checkpoint_dir=checkpoint_dir
    )
    nature = {name: getattr(kind, name) for name in ("is_control", "needs_labels", "is_graph")}
    asked = {"seed": seed, "device_asked": accelerator, "threads": threads}
    facts = {"run": run, "method": method, "parameters": parameters, "failed": None, **nature, **asked}
    started = time.perf_counter()
    try:
        result = checked_result(adata, context, run=run, method=method, parameters=parameters)
        measured = measurements(result, adata.n_obs, time.perf_counter() - started)
        write_result(result, folder, method=method, adata=adata)
        write_json(facts | measured, folder / "run.json")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the other methods go on
        facts["failed"] = failure(error, what=run, folder=folder)
        nothing = Result(device="none")
        measured = measurements(nothing, adata.n_obs, time.perf_counter() - started)
        clear(folder)
        if model_dir:
            model_dir.mkdir()
        write_result(nothing, folder, method=method, adata=adata)
        write_json(facts | measured, folder / "run.json")
    if kind.maps and not facts["failed"]:
        trained = {"run": run, "method": method, "parameters": parameters, "seed": seed}
        write_reference(model_dir, adata, result.embedding, **trained, versions=software_versions())
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    return facts["failed"]


def checked_result(adata: AnnData, context: Context, *, run: str, method: str, parameters: dict[str, Any]) -> Result:
    """Run a method on a copy of the data, without labels unless it needs them, and prove its result.

    Raises
    ------
    ContractError
        The result is not an embedding or graph of these cells, or ran on another device than asked.
    """
    kind = find(method)
    data = adata.copy()
    if not kind.needs_labels and "label" in data.obs:
        del data.obs["label"]
    result = load(method)[0](data, context, **parameters)
    check_device(asked=context.accelerator, used=result.device, method=run)
    if kind.is_graph:
        check_neighbors(result.neighbors, adata.n_obs, method=run)
    else:
        check_embedding(
            result.embedding,
            adata.obs_names,
            method=run,
            expression=None if kind.is_control else adata.X,
            batch=adata.obs["batch"].to_numpy(),
        )
    if kind.corrects:
        check_corrected(result.corrected, adata.shape, method=run)
    if kind.predicts:
        check_probabilities(result.probabilities, adata.obs_names, method=run)
    return result


def check_mapped(mapped: Mapped, adata: AnnData, context: Context, *, run: str, method: str) -> None:
    """Prove the result of a mapping of query cells, as :func:`checked_result` does that of a run.

    Raises
    ------
    ContractError
        The result is not an embedding of these cells, or ran on another device than asked.
    """
    check_device(asked=context.accelerator, used=mapped.device, method=run)
    batch = adata.obs["batch"].to_numpy()
    check_embedding(mapped.embedding, adata.obs_names, method=run, expression=adata.X, batch=batch)
    if find(method).predicts:
        check_probabilities(mapped.probabilities, adata.obs_names, method=run)


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
