from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from scbraid.files import embedding_table
from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score
from scbraid.metrics.scored import ScoredCells, choose_cells, score_run


@pytest.fixture
def adata(mixed) -> ad.AnnData:
    """The cells of `mixed` with counts of 20 genes, every tenth without a label, and a pseudotime for most."""
    labels = mixed.labels.astype(object)
    labels[::10] = "unknown"
    time = np.linspace(0, 1, 600)
    time[:5] = np.nan
    obs = pd.DataFrame({"batch": mixed.batch, "label": labels, "time": time, "stage": "late"})
    obs.index = [f"cell{i}" for i in range(600)]
    counts = np.random.default_rng(0).poisson(2, size=(600, 20)).astype(np.float32)
    return ad.AnnData(obs=obs, layers={"counts": counts}, shape=counts.shape)


def test_all_cells_are_scored_with_what_is_known_of_them(adata):
    scored = choose_cells(adata, name="demo", pseudotime="time")
    assert scored.cells.index.tolist() == adata.obs_names.tolist()
    assert scored.column("label")[:2].tolist() == [pytest.approx(np.nan, nan_ok=True), "B"]
    np.testing.assert_array_equal(scored.column("pseudotime"), adata.obs["time"])
    assert scored.phases is None  # no gene of the cell cycle among these


def test_what_is_written_is_read_again(adata, tmp_path):
    scored = choose_cells(adata, name="demo", pseudotime="time", max_cells=100)
    scored = ScoredCells(scored.cells.assign(S_score=0.25, G2M_score=0.5), {"one": 0.125})
    scored.write(tmp_path / "cells.tsv.gz", tmp_path / "cell_cycle.tsv")
    again = ScoredCells.read(tmp_path / "cells.tsv.gz", tmp_path / "cell_cycle.tsv")
    pd.testing.assert_frame_equal(again.cells, scored.cells, check_names=False)
    assert again.explained == {"one": 0.125}
    assert again.phases.scores[0].tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    ("column", "message"),
    [("tiem", "'tiem' is no column of obs, did you mean 'time'"), ("stage", "'stage' holds text")],
)
def test_a_pseudotime_that_cannot_be_is_named(adata, column, message):
    with pytest.raises(UserError, match=message):
        choose_cells(adata, name="demo", pseudotime=column)


def test_a_sample_is_scored_as_if_it_were_all_there_is(adata, mixed):
    scored = choose_cells(adata, name="demo", max_cells=150)
    kept = adata.obs_names.isin(scored.cells.index)
    assert kept.sum() == 150
    tables = {name: embedding_table(getattr(mixed, name), adata.obs_names) for name in ("embedding", "pca")}
    found = score_run(scored.in_run(**tables, neighbors=nearest_neighbors(mixed.embedding)))
    labels = adata.obs["label"].to_numpy()[kept]
    expected = Cells.of(
        mixed.embedding[kept],
        batch=mixed.batch[kept],
        labels=labels,
        neighbors=nearest_neighbors(mixed.embedding[kept]),
        pca=mixed.pca[kept],
    )
    pd.testing.assert_frame_equal(found, score(expected))


def test_a_failed_run_has_no_scores(adata, mixed):
    scored = choose_cells(adata, name="demo")
    nothing = embedding_table(np.empty((600, 0)), adata.obs_names)
    cells = scored.in_run(
        nothing,
        neighbors=nearest_neighbors(nothing.to_numpy()),
        pca=embedding_table(mixed.pca, adata.obs_names),
        expression=(adata, ad.AnnData(obs=adata.obs)),
    )
    assert score_run(cells).empty
    assert score_run(cells, engine="scib").empty
