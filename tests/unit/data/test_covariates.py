"""Covariates are refused before training when the data cannot give them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scbraid.data.covariates import check_covariates, covariates_of
from scbraid.errors import UserError

OBS = pd.DataFrame(
    {"donor": ["a", "b", "a"], "age": [30.0, 41.0, 30.0], "gap": ["x", None, "y"], "infinite": [1, np.inf, 2]}
)


def covariates(kind: str, column: str) -> dict[str, dict[str, list[str]]]:
    return covariates_of({"scvi": {"parameters": {kind: [column], "n_latent": 10}}, "pca": {"parameters": {}}})


def test_columns_that_fit_are_listed() -> None:
    both = {"scvi": {"categorical_covariates": ["donor"], "continuous_covariates": ["age"]}}
    table = check_covariates(OBS, both, name="d")
    assert table.to_dict("records") == [
        {"run": "scvi", "column": "donor", "kind": "categorical_covariates", "values": 2},
        {"run": "scvi", "column": "age", "kind": "continuous_covariates", "values": 2},
    ]


@pytest.mark.parametrize(
    ("kind", "column", "message"),
    [
        ("categorical_covariates", "doner", "'doner' is no column of obs in 'd', did you mean 'donor'?"),
        ("categorical_covariates", "gap", "'gap' has 1 missing values in 'd'; fill them in"),
        ("continuous_covariates", "donor", "'donor' holds text in 'd'; a continuous covariate is numeric"),
        (
            "categorical_covariates",
            "label",
            "'label': labels are what is judged and predicted, they cannot be corrected for",
        ),
        ("continuous_covariates", "infinite", "'infinite' holds infinite values in 'd'"),
    ],
)
def test_columns_that_do_not_fit(kind: str, column: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_covariates(OBS, covariates(kind, column), name="d")
    assert str(caught.value) == f"config: methods/scvi/{kind}: {message}"


def test_runs_without_covariates_are_left_out() -> None:
    assert covariates_of({"pca": {"parameters": {}}, "scvi": {"parameters": {"categorical_covariates": []}}}) == {}
