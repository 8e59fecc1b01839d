from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression

from scbraid.metrics.cell_cycle import cell_cycle, cell_cycle_genes, score_phases
from scbraid.metrics.pcr import share_explained, variance_explained
from scbraid.preprocess.gene_families import G2M_PHASE, S_PHASE

BATCH = np.repeat([0, 1], 100)


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray]:
    """Phases of 200 cells, and an embedding whose first two dimensions are these."""
    rng = np.random.default_rng(0)
    phases = rng.normal(size=(200, 2))
    return phases, np.column_stack([phases, rng.normal(size=(200, 6))])


def explained(embedding: np.ndarray, phases: np.ndarray) -> np.ndarray:
    return np.array([share_explained(embedding[b == BATCH], phases[b == BATCH]) for b in (0, 1)])


def test_share_explained_equals_a_regression_of_every_dimension(planted):
    phases, embedding = planted
    fitted = LinearRegression().fit(phases, embedding).predict(phases)
    residual = ((embedding - fitted) ** 2).sum() / ((embedding - embedding.mean(axis=0)) ** 2).sum()
    assert share_explained(embedding, phases) == pytest.approx(1 - residual, abs=1e-12)


def test_share_explained_by_an_indicator_is_that_of_its_batch(planted):
    _, embedding = planted
    assert share_explained(embedding, BATCH[:, None].astype(float)) == pytest.approx(
        variance_explained(embedding, BATCH), abs=1e-12
    )
    assert share_explained(embedding, np.zeros((200, 2))) == 0


def test_the_same_embedding_conserves_and_one_without_phases_does_not(planted):
    phases, embedding = planted
    before = explained(embedding, phases)
    assert cell_cycle(embedding, phases, BATCH, explained=before) == pytest.approx(1)
    without = np.column_stack([np.zeros((200, 2)), embedding[:, 2:]])
    assert cell_cycle(without, phases, BATCH, explained=before) < 0.15
    assert cell_cycle(phases, phases, BATCH, explained=before) == 0  # the share more than doubled


def test_a_shift_between_batches_does_not_count(planted):
    phases, embedding = planted
    before = explained(embedding, phases)
    moved = embedding + 100 * BATCH[:, None]
    assert cell_cycle(moved, phases, BATCH, explained=before) == pytest.approx(1)


def test_half_the_share_in_one_of_two_batches(planted):
    phases, embedding = planted
    before = explained(embedding, phases) * [1, 2]
    assert cell_cycle(embedding, phases, BATCH, explained=before) == pytest.approx((1 + 0.5) / 2)
    assert cell_cycle(embedding, phases, BATCH, explained=np.array([0.0, np.nan])) is None


def test_genes_are_found_in_the_spelling_of_human_and_mouse():
    human = pd.Index([*S_PHASE, *G2M_PHASE, "CD3E", "CD4", "CD8A"])
    assert cell_cycle_genes(human) == (list(S_PHASE), list(G2M_PHASE))
    mouse = pd.Index([gene.capitalize() for gene in human])
    assert cell_cycle_genes(mouse)[0][:2] == ["Mcm5", "Pcna"]
    others = [f"gene{i}" for i in range(100)]
    assert cell_cycle_genes(pd.Index([*S_PHASE, *G2M_PHASE[:4], *others])) is None
    assert cell_cycle_genes(pd.Index([*S_PHASE[:30], *G2M_PHASE[:30]])) is None


def test_planted_phases_are_scored_batch_by_batch():
    rng = np.random.default_rng(0)
    genes = pd.Index([*S_PHASE, *G2M_PHASE, *[f"gene{i}" for i in range(300)]])
    rates = np.ones((200, len(genes)))
    in_s = np.tile([True, False], 100)
    rates[np.ix_(in_s, np.arange(len(S_PHASE)))] = 4
    expression = sparse.csr_matrix(np.log1p(rng.poisson(rates)).astype(np.float32))
    found = score_phases(expression, genes, BATCH.astype(str))
    assert found.scores[in_s, 0].min() > found.scores[~in_s, 0].max()
    assert list(found.explained) == ["0", "1"]
    assert all(0.02 < share < 0.9 for share in found.explained.values())
    alone = score_phases(expression[BATCH == 1], genes, np.full(100, "1"))
    np.testing.assert_allclose(alone.scores, found.scores[BATCH == 1], rtol=1e-6)
    tiny = np.where(np.arange(200) < 195, "0", "1")
    with_tiny = score_phases(expression, genes, tiny)
    assert list(with_tiny.explained) == ["0"]
    assert np.isnan(with_tiny.scores[195:]).all()
    assert score_phases(expression[:, :20], genes[:20], BATCH.astype(str)) is None
