"""What a run can write: a new kind of output is one row of ``ARTIFACTS`` and its check in the contract.

Imports nothing heavy, as the workflow is planned from these rows.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.files import embedding_table, write_embedding, write_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Mapped, Method, Result


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One thing that a run can write, under the name of the field of a result that holds it.

    Attributes
    ----------
    file
        Its file in the folder of the run.
    write
        Writes (value, data, path). A failed run has the value None and leaves the same file, in which later steps find
        nothing.
    check
        Raises a :class:`~scbraid.runs.contract.ContractError` for (value, data, name of the run, method); None where
        there is nothing to prove.
    is_folder
        Whether the file is a folder.
    """

    file: str
    write: Callable[[Any, AnnData, Path], None]
    check: Callable[[Any, AnnData, str, Method], None] | None = None
    is_folder: bool = False


def check_result(result: Result | Mapped, adata: AnnData, *, run_name: str, method: Method) -> None:
    """Prove everything that a method gives.

    Raises
    ------
    ContractError
        It is missing, or is not of these cells.
    """
    for name, artifact in ARTIFACTS.items():
        if name in method.gives and artifact.check:
            artifact.check(getattr(result, name), adata, run_name, method)


def write_result(result: Result, folder: Path, *, method: Method, adata: AnnData) -> None:
    """Write everything that a run of a method writes."""
    for name, artifact in ARTIFACTS.items():
        if name in method.writes:
            artifact.write(getattr(result, name, None), adata, folder / artifact.file)


def clear(folder: Path) -> None:
    """Take away what only some methods write: a half-written model, or leftovers of a run that had another method.

    Every run has an embedding, and neighbours come from a later rule where the method itself gives none.
    """
    for name in ARTIFACTS.keys() - {"embedding", "neighbors"}:
        artifact = ARTIFACTS[name]
        if artifact.is_folder:
            shutil.rmtree(folder / artifact.file, ignore_errors=True)
        else:
            (folder / artifact.file).unlink(missing_ok=True)


def probability_table(probabilities: pd.DataFrame | None, cells: pd.Index) -> pd.DataFrame:
    """Probabilities of labels as they are written: float32, index = `cells`; without columns where there are none."""
    names = pd.Index(cells, name="cell")
    return pd.DataFrame(index=names) if probabilities is None else probabilities.astype(np.float32).set_axis(names)


def _check_embedding(value: Any, adata: AnnData, run_name: str, method: Method) -> None:
    from scbraid.runs.contract import check_embedding

    expression = None if method.is_control else adata.X
    batch = adata.obs["batch"].to_numpy()
    check_embedding(value, adata.obs_names, run_name=run_name, expression=expression, batch=batch)


def _write_embedding(value: Any, adata: AnnData, path: Path) -> None:
    values = np.empty((adata.n_obs, 0)) if value is None else np.asarray(value)
    write_embedding(embedding_table(values, adata.obs_names), path)


def _check_neighbors(value: Any, adata: AnnData, run_name: str, _method: Method) -> None:
    from scbraid.runs.contract import check_neighbors

    check_neighbors(value, adata.n_obs, run_name=run_name)


def _write_neighbors(value: Any, adata: AnnData, path: Path) -> None:
    from scbraid.graphs.neighbors import no_neighbors

    (value or no_neighbors(adata.n_obs)).save(path)


def _check_corrected(value: Any, adata: AnnData, run_name: str, _method: Method) -> None:
    from scbraid.runs.contract import check_corrected

    check_corrected(value, adata.shape, run_name=run_name)


def _write_corrected(value: Any, adata: AnnData, path: Path) -> None:
    """Write corrected expression as float32 in ``X``; without genes where there is none."""
    import anndata as ad

    from scbraid.data.h5ad import write_h5ad

    kept = {} if value is None else {"X": np.asarray(value, dtype=np.float32), "var": adata.var[[]]}
    write_h5ad(ad.AnnData(obs=adata.obs[["batch"]], **kept), path)


def _check_probabilities(value: Any, adata: AnnData, run_name: str, _method: Method) -> None:
    from scbraid.runs.contract import check_probabilities

    check_probabilities(value, adata.obs_names, run_name=run_name)


def _write_probabilities(value: Any, adata: AnnData, path: Path) -> None:
    write_embedding(probability_table(value, adata.obs_names), path)


def _write_history(value: Any, _adata: AnnData, path: Path) -> None:
    write_table(pd.DataFrame(columns=["epoch"]) if value is None else value, path)


def _keep_model(_value: Any, _adata: AnnData, path: Path) -> None:
    """Leave what the method itself wrote; a failed run has an empty folder."""
    path.mkdir(exist_ok=True)


#: what every run leaves of itself, and what trainings for the label transfer leave
RECORD, RECORD_OF_FOLDS = "run.json", "folds.json"
ARTIFACTS = {
    "embedding": Artifact(file="embedding.parquet", write=_write_embedding, check=_check_embedding),
    "history": Artifact(file="history.tsv", write=_write_history),
    "model": Artifact(file="model", write=_keep_model, is_folder=True),
    "neighbors": Artifact(file="neighbors.npz", write=_write_neighbors, check=_check_neighbors),
    "corrected": Artifact(file="corrected.h5ad", write=_write_corrected, check=_check_corrected),
    "probabilities": Artifact(file="probabilities.parquet", write=_write_probabilities, check=_check_probabilities),
}
