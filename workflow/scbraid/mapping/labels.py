"""Labels of mapped cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.transfer import classifiers
from scbraid.transfer.predict import no_predictions
from scbraid.transfer.tasks import QUERY

if TYPE_CHECKING:
    from scbraid.mapping.reference import Reference


def predict_labels(
    embedding: pd.DataFrame,
    reference: Reference,
    *,
    probabilities: pd.DataFrame,
    truth: pd.Series | None,
    n_neighbors: int,
    unknown_above: float,
) -> pd.DataFrame:
    """Predict the label of every mapped cell.

    Parameters
    ----------
    embedding
        Mapped cells x dimensions.
    reference
        Its labelled cells vote where the method itself predicts nothing.
    probabilities
        Mapped cells x labels, by the method; without columns where it predicts none.
    truth
        Labels to compare with, NaN where missing; None where there are none.
    n_neighbors
        Reference cells that vote.
    unknown_above
        Uncertainty above which a cell is called unknown.

    Returns
    -------
    pandas.DataFrame
        One row a cell, in the order of the embedding (:func:`scbraid.transfer.classifiers.prediction_table`). No rows
        for a reference without labels.
    """
    if not reference.labelled.any():
        return no_predictions()
    cells = embedding.index
    labels = reference.cells["label"][reference.labelled].astype(str).to_numpy()
    places = (reference.embedding.to_numpy()[reference.labelled], labels, embedding.to_numpy())
    if probabilities.shape[1]:
        uncertainty = classifiers.from_probabilities(probabilities, *places)
    else:
        probabilities, uncertainty = classifiers.knn(*places, n_neighbors=n_neighbors)
    return classifiers.prediction_table(
        probabilities.set_axis(cells),
        uncertainty,
        truth=pd.Series(np.nan, index=cells, dtype=object) if truth is None else truth.loc[cells],
        reference_labels=np.unique(labels),
        task=QUERY,
        unknown_above=unknown_above,
    )
