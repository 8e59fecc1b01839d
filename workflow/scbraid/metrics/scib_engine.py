"""The metrics that the package scib has, computed by that package, for those who must quote it."""

from __future__ import annotations

import inspect
import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.errors import UserError
from scbraid.metrics.engine import chosen, part_for, table
from scbraid.metrics.isolated import isolated_of
from scbraid.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData

    from scbraid.metrics.cells import Cells
    from scbraid.metrics.registry import Metric

logger = logging.getLogger(__name__)
#: what a function of scib is told where it asks for it
_REQUIRED = {"batch_key": "batch", "label_key": "label", "covariate": "batch", "cluster_key": "cluster", "type_": "knn"}


def score_with_scib(cells: Cells, *, metrics: Iterable[str] | None = None) -> pd.DataFrame:
    """Score an integration with the package scib (Luecken et al. 2022), on our kNN graph.

    Takes and returns what :func:`scbraid.metrics.engine.score` does, without a bootstrap. Absent are metrics for which
    the registry names no function of scib, and what scib cannot compute here, with the reason in the log: kBET needs R,
    LISI a binary that does not load everywhere.

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
    rows: list[tuple[str | float, ...]] = []
    data: dict[bool, AnnData] = {}
    failed = not cells.neighbors.indices.size
    for name in chosen(metrics):
        metric, part = METRICS[name], None if failed else part_for(name, cells)
        if part is None or metric.scib is None or _is_of_no_label(metric.scib, part):
            logger.info("%s does not apply", name)
            continue
        if metric.needs_labels not in data:
            data[metric.needs_labels] = _as_anndata(part)
        value = _computed(name, data[metric.needs_labels], list(cells.resolutions))
        if value is not None and np.isfinite(value):
            rows.append((name, float(value), metric.group))
    return table(rows)


def _is_of_no_label(function: str, cells: Cells) -> bool:
    """Whether a function is of isolated labels where every label is in every batch; scib would take all of them."""
    return function.startswith("isolated") and not len(isolated_of(cells))


def _as_anndata(cells: Cells) -> AnnData:
    """Build what scib takes: batch and label of every cell, the embedding, our kNN graph and the PCA."""
    import anndata as ad

    codes = {"batch": cells.batch, "label": cells.labels}
    obs = pd.DataFrame(codes, index=[str(cell) for cell in range(len(cells.batch))])
    # scib wants names and sorts them: with leading zeros they stay in our order
    obs = obs.map("{:06}".format).astype("category")
    data = ad.AnnData(np.zeros((len(obs), 1), dtype=np.float32), obs=obs)
    if cells.embedding.shape[1]:
        data.obsm["X_emb"] = np.asarray(cells.embedding, dtype=np.float32)
    data.obsp["connectivities"] = data.obsp["distances"] = cells.graph
    data.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": cells.n_neighbors, "method": "umap", "use_rep": "X_emb"},
    }
    if cells.pca is not None:
        data.obsm["X_pca"] = np.asarray(cells.pca)
        data.uns["pca"] = {"variance": np.var(cells.pca, axis=0, ddof=1)}
    return data


def _computed(name: str, data: AnnData, resolutions: list[float]) -> float | None:
    """Call the function of scib; None where it fails, with the reason in the log."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _call(METRICS[name], data, resolutions)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what scib lacks on this machine is no fault of the run
        logger.warning("scib cannot compute %s here (%s: %s)", name, type(error).__name__, error)
        return None


def _call(metric: Metric, data: AnnData, resolutions: list[float]) -> float:
    import scib

    function = getattr(scib.me, str(metric.scib))
    parameters = inspect.signature(function).parameters
    required = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    if "cluster_key" in required and "cluster" not in data.obs:
        options = {"flavor": "igraph", "n_iterations": 2, "directed": False, "verbose": False}
        scib.cl.cluster_optimal_resolution(data, "label", "cluster", resolutions=resolutions, **options)
    optional = {"embed": "X_emb" if metric.needs_embedding else None, "n_cores": 1, "verbose": False}
    given: dict[str, object] = {name: value for name, value in _REQUIRED.items() if name in required}
    given |= {name: value for name, value in optional.items() if name in parameters}
    before_and_after = [data for name in required if name.startswith("adata")]  # or one of the two
    return function(*before_and_after, **given)
