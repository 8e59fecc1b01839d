"""Quality control: every measure, every rule, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse
from scipy.stats import median_abs_deviation

from in_memory import control_quality
from scbraid.config.schema import load_schema, with_defaults
from scbraid.data.counts import Counts
from scbraid.errors import UserError
from scbraid.preprocess.gene_families import FAMILIES
from scbraid.preprocess.qc import cell_metrics, doublet_scores, drop_reasons, mad_outliers, summarize

if TYPE_CHECKING:
    from collections.abc import Callable

OFF = dict.fromkeys(["mads_log_counts", "mads_log_genes", "mads_top_20", "mads_mitochondrial"])


def settings(**changed: Any) -> dict[str, Any]:
    """The `qc` section with defaults, without doublet scores."""
    return with_defaults({"scrublet": False}, load_schema()["properties"]["qc"]) | changed


def data(counts: np.ndarray, batch: list[str], genes: list[str] | None = None) -> ad.AnnData:
    obs = pd.DataFrame({"batch": pd.Categorical(batch)}, index=[f"cell{i}" for i in range(len(counts))])
    var = pd.DataFrame(index=genes or [f"gene{i}" for i in range(counts.shape[1])])
    return ad.AnnData(obs=obs, var=var, layers={"counts": sparse.csr_matrix(counts.astype(np.float32))})


@pytest.fixture
def adata() -> ad.AnnData:
    """Two batches of 40 cells x 60 genes, five of them mitochondrial, depths differ by cell."""
    generator = np.random.default_rng(0)
    depth = generator.lognormal(0, 0.4, size=(80, 1))
    counts = generator.poisson(depth * generator.gamma(0.7, 3, size=60))
    return data(counts, ["b", "a"] * 40, [f"MT-{i}" for i in range(5)] + [f"gene{i}" for i in range(55)])


def test_measures_by_hand(adata: ad.AnnData) -> None:
    counts = adata.layers["counts"].toarray()
    measured = cell_metrics(adata, scrublet=False)
    total = counts.sum(axis=1)
    top = np.sort(counts, axis=1)[:, -20:].sum(axis=1)
    assert list(measured.index) == list(adata.obs_names)
    np.testing.assert_array_equal(measured["batch"], adata.obs["batch"])
    np.testing.assert_array_equal(measured["counts"], total)
    np.testing.assert_array_equal(measured["genes"], (counts > 0).sum(axis=1))
    np.testing.assert_allclose(measured["log_counts"], np.log1p(total), rtol=1e-6)
    np.testing.assert_allclose(measured["log_genes"], np.log1p((counts > 0).sum(axis=1)), rtol=1e-6)
    np.testing.assert_allclose(measured["percent_top_20"], 100 * top / total, rtol=1e-5)
    np.testing.assert_allclose(measured["percent_mitochondrial"], 100 * counts[:, :5].sum(axis=1) / total, rtol=1e-5)
    assert measured["doublet_score"].isna().all()


def test_fewer_than_20_genes() -> None:
    measured = cell_metrics(data(np.eye(6, 4) + 1, ["a", "b"] * 3), scrublet=False)
    np.testing.assert_array_equal(measured["percent_top_20"], 100.0)


@pytest.mark.parametrize("upper_only", [True, False])
@pytest.mark.parametrize("mads", [1.0, 2.5, 5.0])
def test_mad_rule_agrees_with_scipy(mads: float, upper_only: bool) -> None:
    generator = np.random.default_rng(1)
    values = pd.Series(generator.standard_t(2, size=101))
    batch = pd.Series(generator.choice(["a", "b"], size=101))
    marked = mad_outliers(values, batch, mads=mads, upper_only=upper_only)
    for name in "ab":
        x = values[batch == name]
        distance = x - np.median(x) if upper_only else np.abs(x - np.median(x))
        np.testing.assert_array_equal(marked[batch == name], distance > mads * median_abs_deviation(x))
    assert 0 < marked.sum() < len(marked)


def test_mad_rule_without_spread_marks_nothing() -> None:
    values = pd.Series([0.0] * 9 + [50.0])
    assert not mad_outliers(values, pd.Series(["a"] * 10), mads=3, upper_only=True).any()


@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_rules_of_a_batch_do_not_depend_on_other_batches(adata: ad.AnnData, shift: float) -> None:
    other = adata[adata.obs["batch"] == "b"].copy()
    other.layers["counts"] = sparse.csr_matrix(other.layers["counts"].toarray() + shift)
    both = ad.concat([adata[adata.obs["batch"] == "a"], other], merge="same")
    both.obs["batch"] = both.obs["batch"].astype("category")
    alone = adata[adata.obs["batch"] == "a"].copy()
    chosen = settings(mads_log_counts=1.5, mads_log_genes=2, mads_top_20=2, mads_mitochondrial=1)
    expected = drop_reasons(cell_metrics(alone, scrublet=False), chosen)
    found = drop_reasons(cell_metrics(both, scrublet=False), chosen)
    assert (expected != "").sum() > 5
    pd.testing.assert_series_equal(found[alone.obs_names], expected)


REASONS: dict[str, tuple[dict[str, Any], Callable[[pd.DataFrame], pd.Series]]] = {
    "min_counts": ({"min_counts": 60}, lambda cells: cells["counts"] < 60),
    "max_counts": ({"max_counts": 150}, lambda cells: cells["counts"] > 150),
    "min_genes": ({"min_genes": 30}, lambda cells: cells["genes"] < 30),
    "max_genes": ({"max_genes": 40}, lambda cells: cells["genes"] > 40),
    "max_mitochondrial": ({"max_mitochondrial": 8.0}, lambda cells: cells["percent_mitochondrial"] > 8),
    "max_doublet_score": ({"max_doublet_score": 0.5}, lambda cells: cells["doublet_score"] > 0.5),
}


@pytest.mark.parametrize("reason", REASONS)
def test_bound_marks_what_is_beyond_it(adata: ad.AnnData, reason: str) -> None:
    bound, beyond = REASONS[reason]
    cells = cell_metrics(adata, scrublet=False)
    cells["doublet_score"] = np.linspace(0, 1, len(cells))
    expected = beyond(cells)
    assert 0 < expected.sum() < len(cells)
    found = drop_reasons(cells, settings(**OFF, **bound))
    np.testing.assert_array_equal(found, np.where(expected, reason, ""))


def test_value_on_the_bound_is_kept() -> None:
    cells = cell_metrics(data(np.full((4, 5), 2), ["a", "b"] * 2), scrublet=False)
    bounds = {"min_counts": 10, "max_counts": 10, "min_genes": 5, "max_genes": 5, "max_mitochondrial": 0}
    assert (drop_reasons(cells, settings(**OFF, **bounds)) == "").all()


def test_cell_without_doublet_score_is_kept(adata: ad.AnnData) -> None:
    cells = cell_metrics(adata, scrublet=False)
    assert (drop_reasons(cells, settings(**OFF, max_doublet_score=0.0)) == "").all()


def test_all_reasons_of_a_cell_are_named(adata: ad.AnnData) -> None:
    counts = adata.layers["counts"].toarray()
    counts[0] = 0
    counts[1] = 0
    counts[1, 0] = 1
    adata.layers["counts"] = sparse.csr_matrix(counts)
    reasons = drop_reasons(cell_metrics(adata, scrublet=False), settings(min_counts=2))
    assert reasons["cell0"].split(";") == [
        "no_counts",
        "log_counts_outlier",
        "log_genes_outlier",
        "percent_top_20_outlier",
        "min_counts",
    ]
    assert reasons["cell1"].split(";") == [
        "log_counts_outlier",
        "log_genes_outlier",
        "percent_top_20_outlier",
        "percent_mitochondrial_outlier",
        "min_counts",
    ]


def test_filtered_cells_are_those_kept(adata: ad.AnnData) -> None:
    filtered, cells, summary = control_quality(adata, settings(mads_log_counts=2), name="d")
    assert 0 < (~cells["kept"]).sum() < 20
    np.testing.assert_array_equal(cells["kept"], cells["reason"] == "")
    assert list(cells.index) == list(adata.obs_names)
    assert list(filtered.obs_names) == list(cells.index[cells["kept"]])
    np.testing.assert_array_equal(
        filtered.layers["counts"].toarray(), adata.layers["counts"].toarray()[cells["kept"].to_numpy()]
    )
    for column in ("counts", "genes", "percent_mitochondrial"):
        np.testing.assert_array_equal(filtered.obs[f"qc_{column}"], cells.loc[cells["kept"], column])
    assert filtered.obs["qc_counts"].dtype.kind == "i"
    by_batch = summary.set_index("batch")
    for name in "ab":
        kept = cells[cells["kept"] & (cells["batch"] == name)]
        assert by_batch.loc[name, "before"] == 40
        assert by_batch.loc[name, "after"] == len(kept)
        assert by_batch.loc[name, "lost_percent"] == pytest.approx(100 * (1 - len(kept) / 40), abs=0.01)
        assert by_batch.loc[name, "median_counts"] == kept["counts"].median()


def test_order_of_cells_does_not_matter(adata: ad.AnnData) -> None:
    order = np.random.default_rng(3).permutation(adata.n_obs)
    chosen = settings(mads_log_counts=2)
    _, cells, summary = control_quality(adata, chosen, name="d")
    filtered, shuffled, shuffled_summary = control_quality(adata[order].copy(), chosen, name="d")
    pd.testing.assert_frame_equal(shuffled, cells.iloc[order])
    pd.testing.assert_frame_equal(shuffled_summary, summary)
    assert list(filtered.obs_names) == [name for name in adata.obs_names[order] if cells.loc[name, "kept"]]


def poor_cells(n_poor: int, *, n_cells: int = 40) -> ad.AnnData:
    """Batches a and b; the first cells of b have one count."""
    counts = np.full((2 * n_cells, 5), 10)
    counts[n_cells : n_cells + n_poor] = 0
    counts[n_cells : n_cells + n_poor, 0] = 1
    return data(counts, ["a"] * n_cells + ["b"] * n_cells)


def test_half_of_a_batch_may_be_lost() -> None:
    filtered, _, summary = control_quality(poor_cells(20), settings(**OFF, min_counts=5), name="d")
    assert summary.set_index("batch")["after"].to_dict() == {"a": 40, "b": 20}
    assert filtered.n_obs == 60


def test_more_than_half_stops_unless_allowed() -> None:
    bound = settings(**OFF, min_counts=5)
    with pytest.raises(UserError) as caught:
        control_quality(poor_cells(21), bound, name="d")
    assert str(caught.value) == (
        "d: qc drops 21 of 40 cells of batch 'b', most often for min_counts; "
        "loosen it, or set qc/allow_large_loss: true"
    )
    assert control_quality(poor_cells(21), bound | {"allow_large_loss": True}, name="d")[0].n_obs == 59


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("n_poor", [31, 40])
def test_too_few_cells_left_stop_always(allowed: bool, n_poor: int) -> None:
    with pytest.raises(UserError) as caught:
        control_quality(poor_cells(n_poor), settings(**OFF, min_counts=5, allow_large_loss=allowed), name="d")
    assert str(caught.value) == (
        f"d: qc drops {n_poor} of 40 cells of batch 'b', most often for min_counts; "
        "loosen it, or leave the batch out with `batches`: 10 cells must stay"
    )


def test_nothing_left() -> None:
    with pytest.raises(UserError, match="drops 40 of 40 cells of batch 'a', most often for min_genes"):
        control_quality(poor_cells(0), settings(**OFF, min_genes=6), name="d")


def test_small_batch_that_loses_nothing_stays() -> None:
    assert control_quality(poor_cells(0, n_cells=5), settings(**OFF), name="d")[0].n_obs == 10


def test_doublet_scores_are_those_of_scanpy_on_each_batch_alone(demo_standard: ad.AnnData) -> None:
    rows = {"pbmc10k_v3": slice(0, 150), "pbmc5k_v3": slice(0, 60)}
    parts = [demo_standard[demo_standard.obs["batch"] == name][rows[name]] for name in rows]
    both = ad.concat([parts[1], parts[0]], merge="same")
    scores = doublet_scores(Counts(both.layers["counts"]), both.obs["batch"].astype("category"), seed=3)
    alone = ad.AnnData(parts[0].layers["counts"].copy())
    sc.pp.scrublet(alone, random_state=3)
    np.testing.assert_array_equal(scores[60:], alone.obs["doublet_score"])
    assert np.isnan(scores[:60]).all()
    assert np.ptp(scores[60:]) > 0


def test_neighbours_of_doublet_scores_are_exact_in_batches_of_thousands() -> None:
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(rng.gamma(1.0, 2.0, size=(3, 500))[rng.integers(0, 3, 3000)]), dtype="f4")
    batch = pd.Series(pd.Categorical(["a"] * 3000))
    alone = ad.AnnData(counts.copy())
    sc.pp.scrublet(alone, random_state=0, use_approx_neighbors=False)
    np.testing.assert_array_equal(doublet_scores(Counts(counts), batch), alone.obs["doublet_score"])


def test_empty_cell_has_no_doublet_score(demo_standard: ad.AnnData) -> None:
    part = demo_standard[demo_standard.obs["batch"] == "pbmc10k_v3"]
    counts = part.layers["counts"].toarray()
    counts[7] = 0
    scores = doublet_scores(Counts(sparse.csr_matrix(counts)), part.obs["batch"])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(scores)), [7])


def test_summary_of_batches_with_numbers_as_names() -> None:
    cells = pd.DataFrame({"batch": ["10", "10", "9"], "kept": [True, False, True]})
    cells = cells.assign(counts=[4, 100, 6], genes=1, percent_mitochondrial=0.0, doublet_score=np.nan)
    summary = summarize(cells)
    assert list(summary["batch"]) == ["10", "9"]
    assert list(summary["lost_percent"]) == [50.0, 0.0]
    assert list(summary["median_counts"]) == [4, 6]


@pytest.mark.parametrize(
    ("family", "inside", "outside"),
    [
        ("mitochondrial", ["MT-CO1", "mt-Co1", "Mt-nd1", "MT.ND4"], ["MTOR", "MTRNR2L1", "Mt1", "XMT-1"]),
        (
            "ribosomal",
            ["RPS2", "RPL13A", "RPS4Y1", "RPS27L", "RPL36AL", "RPL22L1", "RPLP0", "RPSA", "Rps4x", "Rpl7a", "Rplp1"],
            ["RPS6KA1", "Rps6kb1", "RPS19BP1", "RPS4XP1", "RPSAP9", "RPL23AP82", "RPRD1A", "RPN1", "Rpl7a-ps3"],
        ),
    ],
)
def test_gene_families(family: str, inside: list[str], outside: list[str]) -> None:
    assert pd.Index(inside).str.match(FAMILIES[family]).all()
    assert not pd.Index(outside).str.match(FAMILIES[family]).any()
