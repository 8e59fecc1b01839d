"""Columns of obs that methods take as covariates: checked before anything trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scbraid.errors import UserError, suggest

_COLUMNS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "default": []}
#: schemas of the parameters that name such columns
COVARIATES: dict[str, dict[str, Any]] = {
    "categorical_covariates": {"description": "Columns of obs with categories to correct for beside batch."} | _COLUMNS,
    "continuous_covariates": {"description": "Columns of obs with numbers to correct for."} | _COLUMNS,
}


def covariates_of(methods: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Columns by kind of every run that has covariates (`methods` as in a resolved config)."""
    named = {
        run_name: {kind: entry["parameters"][kind] for kind in COVARIATES if entry["parameters"].get(kind)}
        for run_name, entry in methods.items()
    }
    return {run_name: kinds for run_name, kinds in named.items() if kinds}


def check_covariates(obs: pd.DataFrame, covariates: dict[str, dict[str, list[str]]], *, name: str) -> pd.DataFrame:
    """Prove that the columns exist and hold what a model can use.

    Parameters
    ----------
    obs
        Of the standardised data set.
    covariates
        From :func:`covariates_of`.
    name
        Data set, for messages.

    Returns
    -------
    Table run, column, kind and values (how many different ones).

    Raises
    ------
    UserError
        A column that does not exist, has missing values, or a continuous one that is not numeric.
    """
    rows = []
    for run_name, kinds in covariates.items():
        for kind, columns in kinds.items():
            for column in columns:
                where = f"config: methods/{run_name}/{kind}: '{column}'"
                if column == "label":
                    raise UserError(f"{where}: labels are what is judged and predicted, they cannot be corrected for")
                if column not in obs:
                    raise UserError(f"{where} is no column of obs in '{name}', {suggest(column, obs.columns)}")
                values = obs[column]
                if values.isna().any():
                    raise UserError(f"{where} has {int(values.isna().sum())} missing values in '{name}'; fill them in")
                if kind == "continuous_covariates":
                    _check_numeric(values, where, name)
                rows.append((run_name, column, kind, values.nunique()))
    return pd.DataFrame(rows, columns=["run", "column", "kind", "values"])


def _check_numeric(values: pd.Series, where: str, name: str) -> None:
    if not pd.api.types.is_numeric_dtype(values):
        raise UserError(f"{where} holds text in '{name}'; a continuous covariate is numeric")
    if not np.isfinite(values.to_numpy(dtype=float)).all():
        raise UserError(f"{where} holds infinite values in '{name}'")
