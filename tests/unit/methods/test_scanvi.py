"""What scANVI makes of labels: known, hidden and missing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.errors import UserError
from unit.methods.scvi_family import SHORT, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from unit.methods.running import Trained


def test_probabilities_of_labels(finished: Callable[[str], Trained], few: AnnData) -> None:
    probabilities = finished("scanvi")[0].probabilities
    assert list(probabilities.index) == list(few.obs_names)
    assert list(probabilities) == list(few.obs["label"].cat.categories)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_hidden_labels_cannot_matter(few: AnnData, tmp_path: Path) -> None:
    is_query = (few.obs["batch"] == few.obs["batch"].cat.categories[0]).to_numpy()
    answers = []
    for hidden_label in (few.obs["label"].cat.categories[0], "a label of query cells only"):
        data = few.copy()
        data.obs["label"] = data.obs["label"].astype(object).where(~is_query, hidden_label).astype("category")
        data.obs.loc[is_query, "label"] = np.nan
        answers.append(train("scanvi", data, tmp_path))
    assert "unlabelled" not in answers[0].probabilities
    assert answers[0].embedding.tobytes() == answers[1].embedding.tobytes()
    assert answers[0].probabilities.equals(answers[1].probabilities)


def test_scanvi_trains_where_the_last_minibatch_would_hold_one_cell(few: AnnData, tmp_path: Path) -> None:
    few = few[:65].copy()
    few.obs.loc[few.obs_names[33:], "label"] = np.nan
    assert train("scanvi", few, tmp_path, batch_size=64, n_samples_per_label=None).history["loss"].notna().all()
    assert train("scanvi", few, tmp_path, batch_size=32, linear_classifier=True).history["loss"].notna().all()


def test_samples_per_label(planted: AnnData, tmp_path: Path) -> None:
    """Ten cells of every label teach an epoch enough to tell the planted groups apart."""
    sampled = train("scanvi", planted, tmp_path, **SHORT["scanvi"], n_samples_per_label=10)
    assert (sampled.probabilities.idxmax(axis=1) == planted.obs["label"]).mean() > 0.99


@pytest.mark.parametrize("n_labels", [0, 1])
def test_scanvi_needs_two_labels(n_labels: int, few: AnnData, tmp_path: Path) -> None:
    data = few.copy()
    data.obs["label"] = data.obs["label"].cat.set_categories(data.obs["label"].cat.categories[:n_labels])
    with pytest.raises(UserError, match=rf"^scanvi: the cells have {n_labels} different labels and it needs 2; "):
        train("scanvi", data, tmp_path)
