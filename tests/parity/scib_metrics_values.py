"""Write what scib-metrics 0.5.10 makes of the cells of the parity tests: scib_metrics_values.tsv beside this file.

    python -m venv peers && peers/bin/pip install scib-metrics==0.5.10
    PYTHONPATH=workflow:tests peers/bin/python tests/parity/scib_metrics_values.py

JAX runs in float64, so that values of the same definition agree to the precision of ours. `lisi_batch`, `lisi_label`
(means over cells) and `accepted` get our exact neighbours; `kbet_of_walks` is its test of the neighbourhoods that
random walks find, as scib defines them; `ilisi`, `clisi` and `kbet` are what its Benchmarker does: approximate
neighbours, the cell itself among them, and diffusion maps for kBET.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from parity.cells import DATASETS, EMBEDDINGS, codes, embed, load

jax.config.update("jax_enable_x64", True)

import scib_metrics as sm  # noqa: E402 - JAX takes its precision first
from scib_metrics.metrics._kbet import _kbet  # noqa: E402 - sm.kbet wants a neighbourhood of every cell
from scib_metrics.nearest_neighbors import NeighborsResults, pynndescent  # noqa: E402

from scbraid.graphs.neighbors import Neighbors, connectivities, nearest_neighbors  # noqa: E402

if TYPE_CHECKING:
    from anndata import AnnData

TABLE = Path(__file__).with_name("scib_metrics_values.tsv")


def values(cells: AnnData, embedding: np.ndarray) -> dict[str, float]:
    """All values of one embedding."""
    batch, labels = codes(cells, "batch"), codes(cells, "cell_type")
    exact = nearest_neighbors(embedding)
    same = NeighborsResults(indices=exact.indices, distances=exact.distances.astype(np.float64))
    approximate = pynndescent(embedding, n_neighbors=90)
    approximate = NeighborsResults(indices=approximate.indices, distances=approximate.distances.astype(np.float64))
    points = embedding.astype(np.float64)
    return {
        "silhouette_label": sm.silhouette_label(points, labels),
        "silhouette_batch": sm.silhouette_batch(points, labels, batch),
        "bras": sm.bras(points, labels, batch),
        "isolated_label_silhouette": sm.isolated_labels(points, labels, batch),
        "pcr": sm.pcr_comparison(cells.obsm["X_pca"].astype(np.float64), points, batch, categorical=True),
        "lisi_batch": sm.lisi_knn(same, batch).mean(),
        "lisi_label": sm.lisi_knn(same, labels).mean(),
        "accepted": sm.kbet(same.subset_neighbors(50), batch)[0],
        "kbet_of_walks": kbet_of_walks(exact, labels, batch),
        "ilisi": sm.ilisi_knn(approximate, batch),
        "clisi": sm.clisi_knn(approximate, labels),
        "kbet": sm.kbet_per_label(approximate.subset_neighbors(50), batch, labels),
    }


def kbet_of_walks(neighbors: Neighbors, labels: np.ndarray, batch: np.ndarray) -> float:
    """Mean over labels of the share of accepted neighbourhoods: a cell and the cells its random walks visit most."""
    graph = connectivities(neighbors, 50).toarray().astype(np.float64)
    shares = []
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        own, (batches, codes_of_cells) = graph[np.ix_(cells, cells)], np.unique(batch[cells], return_inverse=True)
        if len(batches) < 2:
            continue
        size = int(np.clip(len(cells) // (4 * len(batches)), 10, 70))
        _, parts = connected_components(own, directed=False)
        kept = np.flatnonzero(np.bincount(parts)[parts] >= 3 * size)
        members = np.column_stack([kept, kept[most_visited(own[np.ix_(kept, kept)], size)[:, :-1]]])
        _, p_values = _kbet(codes_of_cells[members], codes_of_cells, len(batches))
        shares.append(np.mean(p_values >= 0.05))
    return float(np.mean(shares))


def most_visited(graph: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Cells ranked by ``T + T^2 + T^3``, or more steps until each reaches enough; scib's own function does not rank."""
    transitions = graph / graph.sum(axis=1, keepdims=True)
    power, visits, n_steps = transitions, transitions, 1
    while n_steps < 3 or (visits > 0).sum(axis=1).min() <= n_neighbors:
        power = power @ transitions
        visits = visits + power
        n_steps += 1
    np.fill_diagonal(visits, -1)
    return np.argsort(-visits, axis=1, kind="stable")[:, :n_neighbors]


def main() -> None:
    """Write the table."""
    warnings.simplefilter("ignore")
    rows = []
    for name in DATASETS:
        cells = load(name)
        for how in EMBEDDINGS:
            found = values(cells, embed(cells, how))
            rows += [(name, how, metric, float(value)) for metric, value in found.items()]
    table = pd.DataFrame(rows, columns=["dataset", "embedding", "metric", "value"])
    table.to_csv(TABLE, sep="\t", index=False, float_format="%.9f")


if __name__ == "__main__":
    main()
