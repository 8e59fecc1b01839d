"""The check that guards every method's result before it is written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import euclidean_distances

from scbraid.files import embedding_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scbraid.graphs.neighbors import Neighbors

MAX_MEAN_RANK = 0.45
MIN_CELLS_TO_JUDGE = 50
logger = logging.getLogger(__name__)


class ContractError(Exception):
    """A method returned something that is not an embedding of the cells it was given."""


def check_embedding(
    embedding: np.ndarray | pd.DataFrame | None,
    cells: Sequence[str],
    *,
    run_name: str,
    expression: Any = None,
    batch: np.ndarray | None = None,
) -> pd.DataFrame:
    """Prove that a result is an embedding of `cells`, and return it as a table.

    Parameters
    ----------
    embedding
        Cells x dimensions. A table must carry the cell names as its index; the row order of an array is judged by
        `expression`.
    cells
        Names of the cells, in the order of the data.
    run_name
        For messages.
    expression, batch
        Cells x genes (normalised, sparse or dense) and the batch of each cell. When given, an embedding in which cells
        of a batch have lost all relation to their expression is refused as permuted.

    Returns
    -------
    pandas.DataFrame
        float32, index = `cells`, columns ``"0"``, ``"1"``, ...

    Raises
    ------
    ContractError
        Transposed, wrong shape, other or reordered cells, not numeric, not finite, constant, or permuted rows.
    """
    if embedding is None:
        raise ContractError(f"{run_name}: the method returned no embedding")
    if isinstance(embedding, pd.DataFrame):
        _check_cells(embedding.index, cells, run_name)
    values = np.asarray(embedding)
    _check_shape(values, len(cells), run_name)
    if not np.issubdtype(values.dtype, np.floating):
        raise ContractError(f"{run_name}: the embedding holds {values.dtype}, not floating-point numbers")
    values = values.astype(np.float32)
    _check_values(values, run_name)
    if expression is not None and batch is not None:
        _check_rows(values, expression, np.asarray(batch), run_name)
    return embedding_table(values, cells)


def check_device(*, asked: str, used: str, run_name: str) -> None:
    """Raise a ContractError when a method ran elsewhere than asked; the log tells where ``auto`` ran."""
    used_kind = "cpu" if used == "cpu" else "gpu"
    if asked in ("cpu", "gpu") and asked != used_kind:
        raise ContractError(f"{run_name}: the {asked} was asked for but the method ran on {used}")
    if asked == "auto":
        logger.info("%s ran on %s", run_name, "the CPU, not on a GPU" if used_kind == "cpu" else used)


def check_neighbors(neighbors: Neighbors | None, n_cells: int, *, run_name: str) -> None:
    """Raise a ContractError unless a graph method returned a kNN graph of that many cells."""
    if neighbors is None or neighbors.graph is None:
        raise ContractError(f"{run_name}: a graph method returns neighbors with a graph, and this one returned none")
    shapes = {"indices": (n_cells,), "distances": (n_cells,), "graph": (n_cells, n_cells)}
    for name, expected in shapes.items():
        found = getattr(neighbors, name).shape
        if found[: len(expected)] != expected:
            raise ContractError(f"{run_name}: {name} of the kNN graph has shape {found}, the data have {n_cells} cells")
    if not np.isfinite(neighbors.graph.data).all() or neighbors.graph.nnz == 0:
        raise ContractError(f"{run_name}: the kNN graph has no edges, or weights that are not finite")


def check_corrected(corrected: np.ndarray | None, shape: tuple[int, int], *, run_name: str) -> None:
    """Raise a ContractError unless a method that corrects returned finite expression of these cells and genes."""
    if corrected is None:
        raise ContractError(f"{run_name}: a method that corrects returns expression, and this one returned none")
    values = np.asarray(corrected)
    if values.shape != shape:
        raise ContractError(f"{run_name}: corrected expression has shape {values.shape}, the data {shape}")
    if not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        raise ContractError(f"{run_name}: corrected expression holds values that are not finite numbers")


def check_probabilities(probabilities: pd.DataFrame | None, cells: Sequence[str], *, run_name: str) -> None:
    """Raise a ContractError unless a method that predicts returned shares of labels for these cells."""
    if probabilities is None:
        raise ContractError(f"{run_name}: a method that predicts returns probabilities, and this one returned none")
    _check_cells(probabilities.index, cells, run_name, what="the table of probabilities")
    values = probabilities.to_numpy(dtype=float)
    if not np.isfinite(values).all() or values.min() < 0 or not np.allclose(values.sum(axis=1), 1, atol=1e-3):
        raise ContractError(f"{run_name}: probabilities of labels are not shares that sum to 1 in every cell")


def _check_cells(index: pd.Index, cells: Sequence[str], run_name: str, what: str = "the embedding") -> None:
    if list(index) == list(cells):
        return
    if set(index) == set(cells):
        raise ContractError(f"{run_name}: {what} has the cells of the data in another order")
    raise ContractError(f"{run_name}: {what} has other cells than the data")


def _check_shape(values: np.ndarray, n_cells: int, run_name: str) -> None:
    if values.ndim == 2 and values.shape[0] == n_cells and values.shape[1] >= 1:
        return
    hint = "; it looks transposed" if values.ndim == 2 and values.shape[1] == n_cells else ""
    raise ContractError(f"{run_name}: the embedding has shape {values.shape}, expected ({n_cells}, dimensions){hint}")


def _check_values(values: np.ndarray, run_name: str) -> None:
    bad = int((~np.isfinite(values)).any(axis=1).sum())
    if bad:
        raise ContractError(f"{run_name}: {bad} of {len(values)} cells have NaN or infinite coordinates")
    if np.ptp(values, axis=0).max() == 0:
        raise ContractError(f"{run_name}: the embedding is constant, every cell has the same coordinates")


def _check_rows(values: np.ndarray, reference: Any, batch: np.ndarray, run_name: str) -> None:
    """Refuse rows whose nearest neighbours within a batch are strangers in the reference.

    Unrelated rows give a mean rank of 0.5, any sensible integration far less: methods move batches against each other
    but keep most of the order within one.
    """
    ranks = [
        _mean_neighbor_rank(values[chosen], reference[chosen])
        for chosen in _samples_within_batches(batch, n_cells=1000, n_batches=5)
    ]
    if ranks and np.mean(ranks) > MAX_MEAN_RANK:
        raise ContractError(
            f"{run_name}: the rows look permuted: neighbours in the embedding are strangers in the expression data "
            f"(mean rank {np.mean(ranks):.2f}, unrelated rows give 0.50)"
        )


def _samples_within_batches(batch: np.ndarray, *, n_cells: int, n_batches: int) -> list[np.ndarray]:
    """Pick evenly spaced cells of the largest batches, leaving out batches too small to judge."""
    names, sizes = np.unique(batch, return_counts=True)
    largest = names[np.argsort(-sizes, kind="stable")[:n_batches]]
    members = [np.flatnonzero(batch == name) for name in largest]
    return [
        rows[np.linspace(0, len(rows) - 1, min(len(rows), n_cells)).astype(int)]
        for rows in members
        if len(rows) >= MIN_CELLS_TO_JUDGE
    ]


def _mean_neighbor_rank(values: np.ndarray, reference: Any, n_near: int = 10) -> float:
    near = np.argsort(euclidean_distances(values), axis=1)[:, 1 : n_near + 1]
    ranks = np.argsort(np.argsort(euclidean_distances(reference), axis=1), axis=1)
    return float(np.take_along_axis(ranks, near, axis=1).mean() / len(values))
