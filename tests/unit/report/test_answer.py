"""What the landing page claims, for results of known standing."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from scbraid.config import resolve
from scbraid.report.answer import Answer, answer


def answer_for(totals: dict[str, float], *, sd: float = math.nan, seeds: int = 1, score: str = "total") -> Answer:
    """Answer for methods with these scores, each with the same spread over seeds."""
    ranked = sorted(totals, key=totals.get, reverse=True)
    summary = pd.DataFrame(
        {
            "method": ranked,
            "rank": pd.Series(totals)[ranked].rank(ascending=False, method="min").astype(int).to_numpy(),
            "total": math.nan,
            "batch": 0.5,
            "total_sd": math.nan,
            "batch_sd": math.nan,
            "seeds": seeds,
            "seconds": 42.3,
            "peak_ram_mb": 2048.0,
            "device": "cpu",
        }
    )
    summary[score] = [totals[method] for method in ranked]
    summary[f"{score}_sd"] = sd
    config = resolve(
        {"datasets": {"pbmc": {"source": "x.h5ad", "batch": "b"}}, "methods": {name: {} for name in totals}}
    )
    return answer(summary, name="pbmc", config=config)


def test_names_the_leader_and_both_leads() -> None:
    found = answer_for({"pca": 0.571, "scvi": 0.747, "cvae": 0.75})
    assert found.headline == "cvae scores highest on pbmc"
    assert found.margin == "Total score 0.750, 0.003 above scvi and 0.179 above the unintegrated pca."
    assert found.cost == "It took 42 s on cpu and 2.0 GB of memory."
    assert found.shown == ("pca", "cvae")


def test_second_place_of_the_baseline_is_said_once() -> None:
    assert answer_for({"pca": 0.5, "scvi": 0.6}).margin == "Total score 0.600, 0.100 above the unintegrated pca."


def test_baseline_on_top_is_no_success() -> None:
    found = answer_for({"pca": 0.7, "scvi": 0.65})
    assert found.headline == "No method scores above the unintegrated pca on pbmc"
    assert found.shown == ("pca", "scvi")


def test_equal_scores_share_the_place() -> None:
    assert answer_for({"pca": 0.5, "scvi": 0.6, "cvae": 0.6}).headline == "scvi and cvae share the first place on pbmc"


def test_config_without_baseline() -> None:
    found = answer_for({"harmony": 0.6, "scvi": 0.7})
    assert found.margin == "Total score 0.700, 0.100 above harmony."
    assert found.baseline is None
    assert found.shown == ("scvi",)


def test_one_seed_tells_no_spread() -> None:
    assert "is not known" in answer_for({"scvi": 0.9, "cvae": 0.5}).certainty


@pytest.mark.parametrize(("lead", "verdict"), [(0.029, "exceeds"), (0.028, "does not exceed")])
def test_lead_is_held_against_the_spread_of_a_difference(lead: float, verdict: str) -> None:
    # two spreads of 0.01 make 0.01 * sqrt(2); twice that is 0.0283
    found = answer_for({"scvi": 0.6 + lead, "cvae": 0.6}, sd=0.01, seeds=3)
    expected = f"Over 3 seeds the lead of {lead:.3f} {verdict} twice the standard deviation of the difference (0.014)."
    assert found.certainty == expected


def test_deterministic_baseline_has_no_spread() -> None:
    assert "does not exceed" in answer_for({"scvi": 0.619, "pca": 0.6}, sd=0.01, seeds=3).certainty
    assert "exceeds" in answer_for({"scvi": 0.621, "pca": 0.6}, sd=0.01, seeds=3).certainty


def test_without_labels_the_batch_score_ranks() -> None:
    found = answer_for({"scvi": 0.8, "pca": 0.2}, score="batch")
    assert found.score == "batch"
    assert found.margin.endswith("Batch score 0.800, 0.600 above the unintegrated pca.")
