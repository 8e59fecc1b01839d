"""Turn any .h5ad file into the one form that every later step reads, and refuse what cannot be right."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from scbraid.data.counts import Counts
from scbraid.data.raw_counts import why_not_counts
from scbraid.errors import MOST_NAMES, UserError, shown, suggest

if TYPE_CHECKING:
    from scbraid.data.counts import Matrix

MIN_CELLS_PER_BATCH = 10
logger = logging.getLogger(__name__)


def standard_form(
    adata: ad.AnnData,
    *,
    source: str,
    batch: str | list[str] | None,
    label: str | None = None,
    counts: str = "auto",
    batches: list[str] | None = None,
    feature_types: list[str] | None = None,
    query: str | None = None,
) -> tuple[ad.AnnData, Counts]:
    """Bring data to scbraid's form and check them; counts in a file are read chunk by chunk.

    Parameters
    ----------
    adata
        Cells x genes with raw counts in ``X``, ``raw`` or a layer, in memory or in a file
        (:func:`~scbraid.data.h5ad.open_h5ad`).
    source
        Name of the file, for messages.
    batch, label
        Columns of ``obs``. Of several columns for the batch, each combination that occurs is a batch, its values joined
        by ``+``; the columns themselves are kept. No column: all cells are of one batch, named like the query.
    counts
        ``X``, ``raw``, ``layers/<name>``, or ``auto`` for the first place that holds counts.
    batches
        Batches to keep.
    feature_types
        Values of ``var["feature_types"]`` to keep.
    query
        Name of the query, where the data are one: cells to be mapped onto a reference may be of a single batch, and of
        small ones.

    Returns
    -------
    tuple
        ``obs["batch"]`` and ``obs["label"]`` (categorical; missing labels stay missing) with all other columns of
        ``obs`` and ``var``, nothing else; and the counts of these cells and genes (float32 whole numbers).

    Raises
    ------
    UserError
        Missing column or layer, counts that are negative, fractional or NaN, duplicate or empty names, fewer than two
        batches, or a batch (of a query: all of it) with fewer than 10 cells.
    """
    chosen = {"batch": _whole_file(adata.obs, query) if batch is None else _batch_column(adata.obs, batch, source)}
    if label is not None:
        chosen["label"] = _column(adata.obs, label, source, key="label")
    cells = _batch_selection(chosen["batch"], batches, source)
    chosen = {key: values[cells] for key, values in chosen.items()}
    _check_missing(chosen, source)
    matrix, var = _find_counts(adata, counts, source)
    genes = _gene_selection(var, feature_types, source)
    _check_names(adata.obs_names[cells], "cell", source)
    _check_names(var.index[genes], "gene", source)
    if query is None:
        _check_batches(chosen["batch"], source)
    elif cells.sum() < MIN_CELLS_PER_BATCH:
        raise UserError(f"{source} has {cells.sum()} cells; a query needs at least {MIN_CELLS_PER_BATCH}")

    standard = ad.AnnData(obs=_rename(adata.obs[cells], chosen), var=var[genes].copy())
    return standard, Counts(matrix, cells=cells, genes=genes)


def _column(obs: pd.DataFrame, column: str, source: str, *, key: str) -> pd.Series:
    """Take a column as text; blank entries are missing ones."""
    if column not in obs:
        raise UserError(
            f"{source}: obs has no column '{shown(column)}' (config key {key}), {suggest(column, obs.columns)}"
        )
    text = obs[column].astype(object).map(str, na_action="ignore")
    return text.where(text.map(str.strip, na_action="ignore") != "")


def _whole_file(obs: pd.DataFrame, query: str | None) -> pd.Series:
    return pd.Series(query, index=obs.index, name=None, dtype=object)


def _batch_column(obs: pd.DataFrame, batch: str | list[str], source: str) -> pd.Series:
    if isinstance(batch, str):
        return _column(obs, batch, source, key="batch")
    parts = pd.DataFrame({column: _column(obs, column, source, key="batch") for column in batch})
    joined = parts.fillna("").agg("+".join, axis=1).where(parts.notna().all(axis=1)).rename("+".join(batch))
    if parts.dropna().drop_duplicates().shape[0] != joined.nunique():
        raise UserError(
            f"{source}: two combinations of {', '.join(batch)} read the same when joined by '+'; rename one"
        )
    return joined


def _check_missing(chosen: dict[str, pd.Series], source: str) -> None:
    batch, label = chosen["batch"], chosen.get("label")
    missing = int(batch.isna().sum())
    if missing:
        raise UserError(
            f"{source}: {missing} cells have no batch in obs['{shown(batch.name)}']; name it or remove these cells"
        )
    if label is not None and label.isna().all():
        raise UserError(
            f"{source}: no cell has a label in obs['{shown(label.name)}']; set label: null for data without labels"
        )


def _find_counts(adata: ad.AnnData, counts: str, source: str) -> tuple[Matrix, pd.DataFrame]:
    places = _places(adata)
    if counts != "auto":
        if counts not in places:
            raise UserError(f"{source}: there is no {shown(counts)} to take counts from, {suggest(counts, places)}")
        matrix, var = places[counts]
        problem = why_not_counts(matrix)
        if problem:
            raise UserError(f"{source}: {counts} does not hold raw counts: {problem}")
        return matrix, var
    problems = {}
    for place, (matrix, var) in places.items():
        problems[place] = why_not_counts(matrix)
        if problems[place] is None:
            logger.info("raw counts found in %s", place)
            return matrix, var
    found = "; ".join(f"{shown(place)}: {problem}" for place, problem in problems.items())
    raise UserError(f"{source}: no raw counts found ({found or 'the file has no matrix'})")


def _places(adata: ad.AnnData) -> dict[str, tuple[Matrix, pd.DataFrame]]:
    """All matrices of the file, the likeliest place of counts first."""
    layers = {f"layers/{name}": (adata.layers[name], adata.var) for name in adata.layers}
    places = {name: layers.pop(name) for name in ("layers/counts",) if name in layers}
    if adata.X is not None:
        places["X"] = (adata.X, adata.var)
    if adata.raw is not None:
        places["raw"] = (adata.raw.X, adata.raw.var)
    return places | layers


def _gene_selection(var: pd.DataFrame, feature_types: list[str] | None, source: str) -> np.ndarray:
    if feature_types is None:
        return np.ones(len(var), dtype=bool)
    if "feature_types" not in var:
        raise UserError(f"{source}: var has no column 'feature_types' to select {', '.join(feature_types)} from")
    present = set(var["feature_types"].astype(str))
    for wanted in feature_types:
        if wanted not in present:
            raise UserError(f"{source}: no gene has feature type '{shown(wanted)}', {suggest(wanted, present)}")
    return var["feature_types"].astype(str).isin(feature_types).to_numpy()


def _batch_selection(column: pd.Series, batches: list[str] | None, source: str) -> np.ndarray:
    if batches is None:
        return np.ones(len(column), dtype=bool)
    known = set(column.dropna())
    for wanted in batches:
        if wanted not in known:
            raise UserError(
                f"{source}: obs['{shown(column.name)}'] has no batch '{shown(wanted)}', {suggest(wanted, known)}"
            )
    return column.isin(batches).to_numpy()


def _check_names(names: pd.Index, kind: str, source: str) -> None:
    empty = int((names.astype(str).str.strip() == "").sum() + names.isna().sum())
    if empty:
        raise UserError(f"{source}: {empty} {kind} names are empty")
    if not names.is_unique:
        doubled = names[names.duplicated()]
        raise UserError(
            f"{source}: {len(doubled)} {kind} names stand more than once, such as '{shown(doubled[0])}'; "
            f"make them unique (anndata: {'obs' if kind == 'cell' else 'var'}_names_make_unique())"
        )


def _rename(obs: pd.DataFrame, chosen: dict[str, pd.Series]) -> pd.DataFrame:
    """Put the chosen columns under their new names; columns that stood there before become ``<name>_original``."""
    renamed = obs.drop(columns=[values.name for values in chosen.values() if values.name in obs])
    for name in ("batch", "label"):
        if name in renamed:
            renamed[f"{name}_original"] = renamed.pop(name)
    for name, values in chosen.items():
        renamed[name] = pd.Categorical(values, categories=sorted(values.dropna().unique()))
    renamed.index = renamed.index.astype(str)
    renamed.index.name = None
    return renamed


def _check_batches(batch: pd.Series, source: str) -> None:
    sizes = batch.value_counts()
    if len(sizes) < 2:
        raise UserError(
            f"{source}: all {len(batch)} cells are of one batch ('{shown(sizes.index[0])}'); integration needs two"
        )
    small = sizes[sizes < MIN_CELLS_PER_BATCH].sort_index()
    if len(small):
        listed = ", ".join(f"'{shown(name)}' ({size})" for name, size in small[:MOST_NAMES].items())
        if len(small) > MOST_NAMES:
            listed += f", ... ({len(small)} in all)"
        raise UserError(
            f"{source}: fewer than {MIN_CELLS_PER_BATCH} cells in batch {listed}; leave such batches out with `batches`"
        )
