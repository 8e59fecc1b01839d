"""What a run writes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from scbraid.data.h5ad import write_h5ad
from scbraid.files import embedding_table, write_embedding, write_table
from scbraid.graphs.neighbors import no_neighbors
from scbraid.methods.registry import find

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Result


def clear(folder: Path) -> None:
    """Take away what only some methods write: a half-written model, or leftovers of a run that had another method."""
    shutil.rmtree(folder / "model", ignore_errors=True)
    for name in ("history.tsv", "probabilities.parquet", "corrected.h5ad"):
        (folder / name).unlink(missing_ok=True)


def write_result(result: Result, folder: Path, *, method: str, adata: AnnData) -> None:
    """Write every output of a run that its method has; of a failed run without content."""
    kind, cells = find(method), adata.obs_names
    if kind.trains:
        write_table(
            pd.DataFrame(columns=["epoch"]) if result.history is None else result.history, folder / "history.tsv"
        )
    if kind.is_graph:
        (result.neighbors or no_neighbors(len(cells))).save(folder / "neighbors.npz")
    if kind.corrects:
        write_h5ad(_corrected(result, adata), folder / "corrected.h5ad")
    if kind.predicts:
        write_embedding(probability_table(result.probabilities, cells), folder / "probabilities.parquet")
    values = np.empty((len(cells), 0)) if result.embedding is None else np.asarray(result.embedding)
    write_embedding(embedding_table(values, cells), folder / "embedding.parquet")


def _corrected(result: Result, adata: AnnData) -> AnnData:
    """Corrected expression as it is written: float32 in ``X``; without genes where there is none."""
    if result.corrected is None:
        return ad.AnnData(obs=adata.obs[["batch"]])
    return ad.AnnData(np.asarray(result.corrected, dtype=np.float32), obs=adata.obs[["batch"]], var=adata.var[[]])


def probability_table(probabilities: pd.DataFrame | None, cells: pd.Index) -> pd.DataFrame:
    """Probabilities of labels as they are written: float32, index = `cells`; without columns where there are none."""
    names = pd.Index(cells, name="cell")
    return pd.DataFrame(index=names) if probabilities is None else probabilities.astype(np.float32).set_axis(names)
