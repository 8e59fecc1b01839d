"""The cells that scores rest on, and all that is known of them before integration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.data.counts import Counts
from scbraid.errors import UserError, suggest
from scbraid.files import read_table, write_table
from scbraid.graphs.neighbors import neighbors_within
from scbraid.labels import known_labels
from scbraid.metrics.cell_cycle import PHASES, score_phases
from scbraid.metrics.cells import Cells, Phases
from scbraid.metrics.engine import score
from scbraid.metrics.sample import PROFILES, stratified
from scbraid.metrics.scib_engine import score_with_scib
from scbraid.preprocess.expression import log_normalised

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from anndata import AnnData

    from scbraid.graphs.neighbors import Neighbors


@dataclass(frozen=True)
class ScoredCells:
    """What the metrics know of a data set.

    Attributes
    ----------
    cells
        Index = names of the scored cells in the order of the data; columns batch, label (missing for data without
        labels), pseudotime and the scores of cell cycle phases (missing where there are none).
    explained
        Share of the variance before integration that these phases explain, by batch; empty where there are none.
    """

    cells: pd.DataFrame
    explained: dict[str, float]

    @property
    def phases(self) -> Phases | None:
        """Cell cycle phases of the scored cells."""
        return Phases(self.cells[PHASES].to_numpy(float), self.explained) if self.explained else None

    def column(self, name: str) -> np.ndarray | None:
        """Return a column as an array, None where it is missing."""
        return self.cells[name].to_numpy() if name in self.cells else None

    def in_run(
        self,
        embedding: pd.DataFrame,
        *,
        neighbors: Neighbors,
        pca: pd.DataFrame,
        expression: tuple[AnnData, AnnData] | None = None,
        profile: str = "full",
        n_neighbors: int = 15,
    ) -> Cells:
        """Take the scored cells out of a run.

        Parameters
        ----------
        embedding, pca
            Of all cells, index = cells.
        neighbors
            The kNN graph of all cells.
        expression
            Log-normalised and corrected expression of all cells; a failed run has no genes in the latter.
        profile
            A name of :data:`~scbraid.metrics.sample.PROFILES`.
        n_neighbors
            As in :meth:`scbraid.metrics.cells.Cells.of`.
        """
        kept = embedding.index.isin(self.cells.index)
        values = embedding.to_numpy()
        if expression is not None:
            expression = tuple(data[kept] for data in expression) if expression[1].n_vars else None
        return Cells.of(
            values[kept],
            batch=self.cells["batch"].to_numpy(),
            labels=self.column("label"),
            neighbors=neighbors_within(values, neighbors, kept),
            pca=pca.to_numpy()[kept],
            pseudotime=self.column("pseudotime"),
            phases=self.phases,
            expression=expression,
            resolutions=PROFILES[profile].resolutions,
            n_neighbors=n_neighbors,
        )

    def write(self, cells: str | Path, explained: str | Path) -> None:
        """Write both tables, tab-separated."""
        write_table(self.cells.rename_axis("cell").reset_index(), cells)
        write_table(pd.DataFrame(list(self.explained.items()), columns=["batch", "variance_explained"]), explained)

    @classmethod
    def read(cls, cells: str | Path, explained: str | Path) -> ScoredCells:
        """Read what :meth:`write` wrote."""
        by_batch = read_table(explained, names=("batch",))
        table = read_table(cells, names=("cell", "batch", "label")).set_index("cell")
        return cls(table, dict(zip(by_batch["batch"], by_batch["variance_explained"])))


def choose_cells(
    adata: AnnData,
    *,
    name: str,
    profile: str = "full",
    max_cells: int | None = None,
    pseudotime: str | None = None,
    with_phases: bool = True,
    seed: int = 0,
) -> ScoredCells:
    """Draw the cells to be scored, the same for all methods, and score their cell cycle.

    Parameters
    ----------
    adata
        Cells after quality control with all genes: ``layers["counts"]``, ``obs["batch"]``, ``obs["label"]`` where there
        are labels.
    name
        Data set, for messages.
    profile
        A name of :data:`~scbraid.metrics.sample.PROFILES`.
    max_cells
        Size of the sample; None for that of the profile.
    pseudotime
        Column of ``obs`` with a pseudotime, missing for cells off the trajectory.
    with_phases
        Whether to score the cell cycle.
    seed
        Seed of the draw.

    Raises
    ------
    UserError
        The column of the pseudotime does not exist or is not numeric.
    """
    known = {"batch": adata.obs["batch"].astype(str)}
    if "label" in adata.obs:
        known["label"] = known_labels(adata.obs["label"])
    table = pd.DataFrame(known, index=adata.obs_names)
    if pseudotime is not None:
        table["pseudotime"] = _numeric(adata.obs, pseudotime, name)
    kept = stratified(table[list(known)], max_cells or PROFILES[profile].max_cells, seed=seed)
    table = table.iloc[kept]
    phases = None
    if with_phases:
        is_kept = np.isin(np.arange(adata.n_obs), kept)
        expression = log_normalised(Counts(adata.layers["counts"], cells=is_kept).read())
        phases = score_phases(expression, adata.var_names, table["batch"].to_numpy())
    if phases is None:
        return ScoredCells(table, {})
    return ScoredCells(table.assign(**dict(zip(PHASES, phases.scores.T))), phases.explained)


def _numeric(obs: pd.DataFrame, column: str, name: str) -> pd.Series:
    where = f"config: datasets/{name}/pseudotime: '{column}'"
    if column not in obs:
        raise UserError(f"{where} is no column of obs, {suggest(column, obs.columns)}")
    if not pd.api.types.is_numeric_dtype(obs[column]):
        raise UserError(f"{where} holds text; a pseudotime is numeric")
    values = obs[column].astype(float)
    return values.where(np.isfinite(values))


def score_run(
    cells: Cells, *, engine: str = "scbraid", metrics: Iterable[str] | None = None, bootstrap: int = 0
) -> pd.DataFrame:
    """Score the chosen cells of a run, as :func:`scbraid.metrics.engine.score` does.

    Parameters
    ----------
    cells
        The cells to score (:meth:`ScoredCells.in_run`).
    engine
        ``scbraid``, or ``scib`` for the package of Luecken et al. (2022), which has no bootstrap.
    metrics, bootstrap
        As in :func:`~scbraid.metrics.engine.score`.
    """
    if engine == "scib":
        return score_with_scib(cells, metrics=metrics)
    return score(cells, metrics=metrics, bootstrap=bootstrap)
