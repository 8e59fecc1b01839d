"""What the landing page claims, for results of known standing."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from scbraid.config.resolve import resolve
from scbraid.methods.registry import METHODS
from scbraid.report.sections.answer import Answer, answer


def answer_for(
    totals: dict[str, float], *, sd: float | dict[str, float] = math.nan, seeds: int = 1, score: str = "total"
) -> Answer:
    """Answer for methods with these scores (none where one failed) and spreads over seeds, of all or by name."""
    controls = {name for name in totals if METHODS[name].is_control}
    ranked = sorted(totals, key=lambda name: (math.isnan(totals[name]), name in controls, -totals[name]))
    standing = pd.Series({name: math.nan if name in controls else total for name, total in totals.items()})
    failed = [math.isnan(totals[name]) for name in ranked]
    summary = pd.DataFrame(
        {
            "method": ranked,
            "rank": standing[ranked].rank(ascending=False, method="min").to_numpy(),
            "total": math.nan,
            "bio": 0.5,
            "batch": 0.5,
            "total_sd": math.nan,
            "batch_sd": math.nan,
            "seeds": [0 if is_failed else seeds for is_failed in failed],
            "is_control": [name in controls for name in ranked],
            "needs_labels": ["labels" in METHODS[name].uses for name in ranked],
            "is_graph": ["neighbors" in METHODS[name].gives for name in ranked],
            "failed": ["seed 0: no" if is_failed else math.nan for is_failed in failed],
            "seconds": 42.3,
            "peak_ram_mb": 2048.0,
            "device": "cpu",
        }
    )
    summary[score] = [totals[method] for method in ranked]
    summary[f"{score}_sd"] = [sd.get(method, math.nan) if isinstance(sd, dict) else sd for method in ranked]
    config = resolve(
        {
            "datasets": {"pbmc": {"source": "x.h5ad", "batch": "b", "label": "l"}},
            "methods": {name: {} for name in totals},
        }
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


def test_control_never_wins_nor_counts_as_second() -> None:
    found = answer_for({"scvi": 0.6, "pca": 0.5, "control_labels": 0.9})
    assert found.headline == "scvi scores highest on pbmc"
    assert found.margin == "Total score 0.600, 0.100 above the unintegrated pca."
    assert answer_for({"scvi": 0.6, "control_mixed": 0.5}).certainty == "There is no other method to compare it with."


def test_failed_baseline_is_no_baseline() -> None:
    found = answer_for({"scvi": 0.6, "harmony": 0.5, "pca": math.nan})
    assert found.baseline is None
    assert found.margin == "Total score 0.600, 0.100 above harmony."
    assert found.shown == ("scvi",)


@pytest.mark.parametrize(
    ("totals", "reason", "shown"),
    [
        ({"scvi": math.nan}, "The only method failed.", ()),
        ({"scvi": math.nan, "pca": math.nan, "control_labels": 0.9}, "All 2 methods failed.", ("control_labels",)),
        (
            {"control_labels": 0.9, "control_shuffled": 0.1},
            "The config has nothing but controls, which bound what scores can be and take part in no ranking.",
            ("control_labels", "control_shuffled"),
        ),
    ],
)
def test_nothing_ranked(totals: dict[str, float], reason: str, shown: tuple[str, ...]) -> None:
    found = answer_for(totals)
    assert found.best is None
    assert found.headline == "No method could be ranked on pbmc"
    assert (found.margin, found.shown) == (reason, shown)
    assert found.certainty == found.fairness == found.cost == ""


def test_labels_that_the_best_method_saw_are_told() -> None:
    found = answer_for({"cvae_labels": 0.8, "scvi": 0.7, "pca": 0.6})
    assert found.fairness == (
        "cvae_labels learned from labels, and bio scores measure how well labels are kept; the best of the methods "
        "that saw none is scvi (0.700)."
    )
    assert answer_for({"cvae_labels": 0.8}).fairness.endswith("labels are kept.")
    assert answer_for({"scvi": 0.9, "cvae_labels": 0.8}).fairness == ""


def test_metrics_that_a_graph_is_spared_are_told() -> None:
    found = answer_for({"bbknn": 0.8, "scvi": 0.7, "pca": 0.6})
    assert found.fairness == (
        "bbknn is a graph: metrics that need an embedding count in the scores of others only; the best of the "
        "embeddings is scvi (0.700)."
    )
    assert answer_for({"scvi": 0.9, "bbknn": 0.8}).fairness == ""


MEANING = "Told apart: the difference of the total scores exceeds twice its standard deviation over seeds."


@pytest.mark.parametrize(
    ("totals", "sd", "sentences"),
    [
        (
            {"cvae": 0.80, "scvi": 0.79, "sysvi": 0.70, "pca": 0.60},
            0.01,
            "cvae is told apart from sysvi and pca, not from scvi. Of neighbours in rank, these are told apart: scvi "
            "from sysvi and sysvi from pca.",
        ),
        (
            {"cvae": 0.80, "scvi": 0.70, "pca": 0.60},
            0.01,
            "cvae is told apart from scvi and pca. All neighbours in rank are told apart.",
        ),
        (
            {"cvae": 0.62, "scvi": 0.61, "pca": 0.60},
            0.05,
            "cvae is told apart from none of scvi and pca. No two neighbours in rank are told apart.",
        ),
        ({"cvae": 0.62, "scvi": 0.61}, 0.05, "cvae is not told apart from scvi."),
        (
            {"cvae": 0.9, "scvi": 0.8, "sysvi": 0.7},
            {"cvae": 0.01, "sysvi": 0.01},
            "cvae is told apart from sysvi. Only one seed of scvi ran, which tells no spread to compare with.",
        ),
    ],
)
def test_differences_beyond_the_spread_are_told(totals, sd, sentences: str) -> None:
    assert answer_for(totals, sd=sd, seeds=3).told_apart == f"Over 3 seeds, {sentences} {MEANING}"


def test_deterministic_methods_count_with_no_spread() -> None:
    found = answer_for({"cvae": 0.621, "pca": 0.60}, sd={"cvae": 0.01}, seeds=3)
    assert found.told_apart == f"Over 3 seeds, cvae is told apart from pca. {MEANING}"
    assert answer_for({"combat": 0.7, "pca": 0.6}).told_apart == (
        "All methods are deterministic: they give the same scores every time."
    )


def test_one_seed_tells_no_method_apart() -> None:
    assert answer_for({"cvae": 0.9, "scvi": 0.5, "pca": 0.4}).told_apart == (
        "One seed each: how far scores spread over seeds is not known, so which differences are more than chance "
        "cannot be told."
    )
    assert answer_for({"cvae": 0.9}).told_apart == ""
