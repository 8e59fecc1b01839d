"""The numbers that the browser shows are those of the files."""

from __future__ import annotations

import csv
import statistics
from typing import TYPE_CHECKING

import pytest

from scbraid.files import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from browser.chrome import Browser, Table

TRANSFER_SCORES = {
    "accuracy": "accuracy",
    "macro F1": "macro_f1",
    "balanced accuracy": "balanced_accuracy_seen",
    "calibration error": "ece",
    "called unknown": "rejected",
    "accuracy of the rest": "accuracy_kept",
    "novelty AUROC": "novelty_auroc",
    "novel unknown": "unknown_novel",
}
QUALITY = {
    "cells before": "before",
    "cells after": "after",
    "% lost": "lost_percent",
    "counts": "median_counts",
    "genes": "median_genes",
    "% mitochondrial": "median_percent_mitochondrial",
    "doublet score": "median_doublet_score",
}
COSTS = {"time": "seconds", "memory": "peak_ram_mb"}
RUN_FACTS = {
    "time": "seconds",
    "epochs": "epochs",
    "cells / s": "cells_per_second",
    "peak RAM": "peak_ram_mb",
    "peak GPU memory": "peak_gpu_mb",
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def number(text: str | None) -> float | None:
    return float(text) if text not in ("", None) else None


def table(browser: Browser, section: str, *headings: str) -> Table:
    """Find the table of a section that has these headings."""
    return next(found for found in browser.tables(section) if set(headings) <= set(found.headings))


@pytest.fixture
def datasets(browser, report) -> dict[str, Path]:
    """Open the report; the folder of every data set in it, by the id of its part of the page."""
    browser.open(report.page)
    names = browser.run("return [...document.querySelectorAll('article.dataset')].map((a) => [a.id, a.ariaLabel])")
    return {part: report.folder / name for part, name in names}


def test_scores_are_those_of_the_summary(browser, datasets) -> None:
    for part, folder in datasets.items():
        summary = rows_of(folder / "benchmark" / "summary.tsv")
        shown = table(browser, f"#{part}-scores", "rank", "method")
        assert shown.values("method") == [row["method"] for row in summary]
        assert shown.values("device") == [row["device"] or "–" for row in summary]
        for heading in set(shown.headings) - {"method", "device"}:
            column = COSTS.get(heading, heading.replace(" ", "_"))
            written = [number(row[column]) for row in summary]
            assert [number(value) for value in shown.values(heading)] == written, heading


def test_standing_shows_the_ranking_score_and_time_of_the_summary(browser, datasets) -> None:
    for part, folder in datasets.items():
        summary = rows_of(folder / "benchmark" / "summary.tsv")
        standing = table(browser, f"#{part} .answer", "method", "time")
        score = standing.headings[2]
        assert score in ("total", "batch")
        assert len(standing.rows) == len(summary)
        for cells, row in zip(standing.rows, summary):
            assert cells[0]["text"].startswith(row["method"])
            if len(cells) == len(standing.headings):
                assert number(cells[2]["value"]) == number(row[score])
                assert number(cells[3]["value"]) == number(row["seconds"])
            else:
                assert "failed" in cells[1]["text"]


def test_quality_is_that_of_its_summary(browser, datasets) -> None:
    for part, folder in datasets.items():
        summary = rows_of(folder / "qc" / "summary.tsv")
        shown = table(browser, f"#{part}-qc", *QUALITY)
        assert shown.values("batch") == [row["batch"] for row in summary]
        for heading, column in QUALITY.items():
            assert [number(value) for value in shown.values(heading)] == [number(row.get(column)) for row in summary]


def test_transfer_scores_are_means_over_the_seeds(browser, datasets) -> None:
    for part, folder in datasets.items():
        if not browser.run("return Boolean(document.getElementById(arguments[0]))", f"{part}-transfer"):
            continue
        shown = table(browser, f"#{part}-transfer", "classifier", "method")
        assert shown.rows
        titles = shown.headings[2:]
        for cells in shown.rows:
            classifier, method = cells[0]["text"], cells[1]["value"]
            files = sorted((folder / "transfer" / classifier / method).glob("seed-*/scores.tsv"))
            assert files
            for title, cell in zip(titles, cells[2:]):
                of_seeds = [first_value(rows_of(file), TRANSFER_SCORES[title]) for file in files]
                written = [value for value in of_seeds if value is not None]
                expected = pytest.approx(statistics.fmean(written), rel=1e-12) if written else None
                assert number(cell["value"]) == expected, (classifier, method, title)


def first_value(scores: list[dict[str, str]], score: str) -> float | None:
    """Score over all cells; it stands before those of the labels, one of which may be named "all"."""
    found = [number(row["value"]) for row in scores if (row["score"], row["label"]) == (score, "all")]
    return found[0] if found else None


def test_runs_show_time_and_memory_of_their_records(browser, datasets) -> None:
    for part, folder in datasets.items():
        shown = table(browser, f"#{part}-runs", "method", "seed", *RUN_FACTS)
        assert shown.rows
        for i, (method, seed) in enumerate(zip(shown.values("method"), shown.values("seed"))):
            facts = read_json(folder / "runs" / method / f"seed-{seed}" / "run.json")
            assert shown.values("device")[i] == facts["device"]
            for heading, key in RUN_FACTS.items():
                assert number(shown.values(heading)[i]) == facts[key]


def test_rounded_numbers_are_near_their_exact_values(browser, datasets) -> None:
    cells = browser.run(
        "return [...document.querySelectorAll('td.heat[data-value]')].map((cell) =>"
        " [cell.textContent.trim(), cell.dataset.value, cell.title])"
    )
    assert len(cells) > 10
    for text, value, title in cells:
        assert title.split(",")[0] == value
        if value == "":
            assert text == "–"
        else:
            assert float(text.split(" ± ")[0].replace("−", "-")) == pytest.approx(float(value), abs=0.00051)


def test_bars_of_the_standing_are_as_long_as_the_total_is_high(browser, datasets) -> None:
    for part, folder in datasets.items():
        totals = {row["method"]: number(row["total"]) for row in rows_of(folder / "benchmark" / "summary.tsv")}
        lengths = browser.run(
            "return [...document.querySelectorAll(arguments[0])].map((bar) => [bar.closest('tr').cells[0].firstChild"
            ".textContent.trim(), bar.offsetWidth / bar.parentNode.offsetWidth])",
            f"#{part} .standing .bar",
        )
        assert len(lengths) == sum(total is not None for total in totals.values())
        for method, length in lengths:
            assert length == pytest.approx(totals[method], abs=0.01)
