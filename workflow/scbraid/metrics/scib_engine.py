"""The metrics that the package scib has, computed by that package, for those who must quote it."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.errors import UserError
from scbraid.graphs.neighbors import connectivities, neighbors_within
from scbraid.labels import known_labels
from scbraid.metrics.isolated import isolated_labels
from scbraid.metrics.registry import METRICS, applies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anndata import AnnData

    from scbraid.graphs.neighbors import Neighbors

logger = logging.getLogger(__name__)
KEYS = {"batch_key": "batch", "label_key": "label"}
_QUIET = {"verbose": False}
_NO_LABELS = {"n_cells": 0, "n_labels": 0}


def score_with_scib(
    embedding: np.ndarray,
    *,
    batch: np.ndarray,
    labels: np.ndarray | None,
    neighbors: Neighbors,
    pca: np.ndarray,
    metrics: Iterable[str] | None = None,
    resolutions: Iterable[float],
    n_neighbors: int = 15,
) -> pd.DataFrame:
    """Score an integration with the package scib (Luecken et al. 2022), on our kNN graph.

    Takes and returns what :func:`scbraid.metrics.engine.score` does. Absent are metrics that scib does not have
    (``bras``, ``ilisi_within``, the k-means variants), those that compare with expression or pseudotime, and what scib
    cannot compute here, with the reason in the log: kBET needs R, LISI a binary that does not load everywhere.

    Raises
    ------
    UserError
        The package is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import scib  # noqa: F401
    except ImportError as error:
        raise UserError("config: metrics/engine is scib, but the package scib cannot be imported here") from error
    rows = []
    every = labelled = None
    if neighbors.indices.size:  # a failed run has none
        every, labelled = _cells(embedding, batch, labels, neighbors, pca, n_neighbors)
    counts = {"n_batches": len(set(batch)), "has_dimensions": embedding.shape[1] > 0}
    counts |= {"n_cells": labelled.n_obs, "n_labels": labelled.obs["label"].nunique()} if labelled else _NO_LABELS
    for name in METRICS if metrics is None else [name for name in METRICS if name in set(metrics)]:
        data = every if name in _OF_ALL_CELLS else labelled
        if data is None or not METRICS[name].in_scib or not applies(name, **counts) or _none_isolated(name, data):
            logger.info("%s does not apply", name)
            continue
        function = _OF_ALL_CELLS.get(name) or _OF_LABELLED_CELLS[name]
        value = _computed(name, function, data, list(resolutions))
        if value is not None and np.isfinite(value):
            rows.append((name, float(value), METRICS[name].group))
    return pd.DataFrame(rows, columns=["metric", "value", "group"]).astype({"value": np.float64})


def _none_isolated(name: str, data: AnnData) -> bool:
    """Whether a metric is of isolated labels and every label is in every batch; scib would take all of them."""
    if not name.startswith("isolated"):
        return False
    codes = (data.obs[column].cat.codes.to_numpy() for column in ("label", "batch"))
    return not len(isolated_labels(*codes))


def _cells(
    embedding: np.ndarray,
    batch: np.ndarray,
    labels: np.ndarray | None,
    neighbors: Neighbors,
    pca: np.ndarray,
    n_neighbors: int,
) -> tuple[AnnData, AnnData | None]:
    """All cells as scib takes them, and those with a label; None where no two have one."""
    every = _data(embedding, neighbors, {"batch": batch}, pca, n_neighbors)
    known = np.full(len(embedding), None) if labels is None else known_labels(pd.Series(labels)).to_numpy()
    kept = pd.notna(known)
    if kept.sum() < 2:
        return every, None
    columns = {"batch": np.asarray(batch)[kept], "label": known[kept]}
    return every, _data(embedding[kept], neighbors_within(embedding, neighbors, kept), columns, pca[kept], n_neighbors)


def _computed(name: str, function: Callable[..., Any], data: AnnData, resolutions: list[float]) -> float | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(data, resolutions)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what scib lacks on this machine is no fault of the run
        logger.warning("scib cannot compute %s here (%s: %s)", name, type(error).__name__, error)
        return None


def _data(
    embedding: np.ndarray, neighbors: Neighbors, columns: dict[str, Any], pca: np.ndarray, n_neighbors: int
) -> AnnData:
    import anndata as ad

    obs = pd.DataFrame(columns, index=[str(i) for i in range(len(embedding))]).astype("category")
    data = ad.AnnData(np.zeros((len(obs), 1), dtype=np.float32), obs=obs)
    if embedding.shape[1]:
        data.obsm["X_emb"] = np.asarray(embedding, dtype=np.float32)
    data.obsp["connectivities"] = connectivities(neighbors, n_neighbors)
    data.obsp["distances"] = data.obsp["connectivities"]
    data.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": n_neighbors, "method": "umap", "use_rep": "X_emb"},
    }
    data.obsm["X_pca"] = np.asarray(pca)
    data.uns["pca"] = {"variance": np.var(pca, axis=0, ddof=1)}
    return data


def _clustered(data: AnnData, resolutions: list[float]) -> AnnData:
    import scib

    if "cluster" not in data.obs:
        options = {"flavor": "igraph", "n_iterations": 2, "directed": False, "verbose": False}
        scib.cl.cluster_optimal_resolution(data, "label", "cluster", resolutions=resolutions, **options)
    return data


def _nmi(data: AnnData, resolutions: list[float]) -> float:
    import scib

    return scib.me.nmi(_clustered(data, resolutions), "cluster", "label")


def _ari(data: AnnData, resolutions: list[float]) -> float:
    import scib

    return scib.me.ari(_clustered(data, resolutions), "cluster", "label")


def _of_scib(name: str, **options: Any) -> Callable[..., float]:
    """Wrap a function of ``scib.me``."""

    def call(data: AnnData, _: list[float]) -> float:
        import scib

        return getattr(scib.me, name)(data, **options)

    return call


def _pcr(data: AnnData, _: list[float]) -> float:
    import scib

    return scib.me.pcr_comparison(data, data, "batch", embed="X_emb")


_OF_ALL_CELLS: dict[str, Callable[..., float]] = {
    "ilisi": _of_scib("ilisi_graph", batch_key="batch", type_="knn", n_cores=1, **_QUIET),
    "pcr": _pcr,
}
_OF_LABELLED_CELLS: dict[str, Callable[..., float]] = {
    "nmi": _nmi,
    "ari": _ari,
    "silhouette_label": _of_scib("silhouette", label_key="label", embed="X_emb"),
    "isolated_label_f1": _of_scib("isolated_labels_f1", embed=None, **KEYS, **_QUIET),
    "isolated_label_silhouette": _of_scib("isolated_labels_asw", embed="X_emb", **KEYS, **_QUIET),
    "clisi": _of_scib("clisi_graph", label_key="label", type_="knn", n_cores=1, **_QUIET),
    "silhouette_batch": _of_scib("silhouette_batch", embed="X_emb", **KEYS, **_QUIET),
    "kbet": _of_scib("kBET", type_="knn", embed=None, **KEYS, **_QUIET),
    "graph_connectivity": _of_scib("graph_connectivity", label_key="label"),
}
