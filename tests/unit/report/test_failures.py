"""What failed is told with its reason, controls stand apart, and no such result breaks the page."""

from __future__ import annotations

import pytest

from unit.report.built import REASON

LANDING = ("method", "total bio batch", "total", "time")


def landing(page) -> list:
    """Rows of the standing: method and badges, then the other cells."""
    rows = next(rows for rows in page.tables if rows[0][0][0] == "method" and len(rows[0]) == len(LANDING))
    return [[text for text, _ in row] for row in rows[1:]]


def test_standing_has_ranked_then_controls_then_failed(every_kind) -> None:
    page = every_kind.page()
    rows = {cells[0].split()[0]: (cells[0].split()[1:], cells[1:]) for cells in landing(page)}
    assert {method: " ".join(badges) for method, (badges, _) in rows.items()} == {
        "pca": "unintegrated",
        "scvi": "",
        "cvae_labels": "uses labels",
        "bbknn": "graph",
        "control_labels": "control uses labels",
        "control_shuffled": "control",
        "harmony": "",
    }
    order = list(rows)
    assert set(order[:4]) == {"pca", "scvi", "cvae_labels", "bbknn"}
    assert set(order[4:6]) == {"control_labels", "control_shuffled"}
    assert rows["harmony"][1] == [f"failed: seed 0, 1: {REASON}"]
    assert f"scvi failed with some seeds and is scored by the others: seed 0: {REASON}" in page.words()
    assert "5 methods · 2 controls" in page.words()
    assert f"{order[0]} scores highest on blood" in page.words() or order[0] == "pca"
    assert all("±" in rows[method][1][1] for method in ("cvae_labels", "control_labels"))
    assert "±" not in rows["scvi"][1][1]  # one seed ran


def test_score_table_ranks_neither_controls_nor_failed_methods(every_kind) -> None:
    table = every_kind.page().table("rank", "method", "total")
    ranks = {row[1][1]: row[0][1] for row in table[1:]}
    assert sorted(ranks.values()) == ["", "", "", "1", "2", "3", "4"]
    assert {method for method, rank in ranks.items() if not rank} == {"control_labels", "control_shuffled", "harmony"}
    harmony = next(row for row in table[1:] if row[1][1] == "harmony")
    assert {text for text, _ in harmony[2:]} == {"–"}


def test_reasons_stay_text(every_kind) -> None:
    page = every_kind.page()
    assert REASON in page.text
    assert "<b>nothing" not in page.source
    assert not any(tag == "b" for tag, _ in page.tags)
    runs = {(row[0][1], row[1][1]): row[2][0] for row in page.table("method", "seed", "outcome")[1:]}
    assert {run for run, outcome in runs.items() if outcome == "failed"} == {
        ("harmony", "0"),
        ("harmony", "1"),
        ("scvi", "0"),
    }
    assert f"scvi, seed 0, failed: {REASON}" in page.text


def test_empty_histories_are_skipped(every_kind) -> None:
    drawn = {title for title in every_kind.page().drawings if title.endswith("over epochs")}
    assert drawn == {"loss of scvi over epochs", "loss of cvae_labels over epochs"}


@pytest.mark.parametrize(
    ("methods", "failing", "margin"),
    [
        (("pca", "scvi"), (("pca", 0), ("scvi", 0)), "All 2 methods failed."),
        (("harmony", "control_mixed"), (("harmony", 0),), "The only method failed."),
        (("control_mixed", "control_labels"), (), "The config has nothing but controls"),
        (("control_mixed",), (("control_mixed", 0),), "The config has nothing but controls"),
    ],
)
def test_page_without_a_ranked_method(make, tmp_path, methods, failing, margin) -> None:
    results = make(tmp_path, methods=methods, failing=failing, n_cells=120)
    page = results.page()
    assert "No method could be ranked on blood" in page.words()
    assert margin in page.words()
    shown = [a["data-layout"] for tag, a in page.tags if tag == "figure" and a.get("data-points") == "d1-cells"]
    assert set(shown) == {run for run in methods if (run, 0) not in failing}
    assert page.words().count(f"failed: {REASON}") >= 2 * len(failing)


def test_failed_baseline_leaves_no_line(make, tmp_path) -> None:
    page = make(tmp_path, methods=("pca", "harmony"), failing=(("pca", 0),), n_cells=120).page()
    assert "harmony scores highest on blood" in page.words()
    assert "unintegrated pca" not in page.words()
    assert not any(attributes.get("class") == "line" for _, attributes in page.tags)


def test_without_label_transfer_there_is_no_choice_of_classifier(make, tmp_path) -> None:
    page = make(tmp_path, datasets={"blood": {"query": None}}, methods=("pca",), n_cells=120).page()
    values = [attributes["value"] for tag, attributes in page.tags if tag == "input"]
    assert values == ["batch", "label", "outcome", "batch"]
    assert "prediction" not in page.points["d1-cells"]["palettes"]


def test_choices_of_colour_and_classifier(every_kind) -> None:
    page = every_kind.page()
    inputs = [
        attributes for tag, attributes in page.tags if tag == "input" and attributes["name"].startswith("d1-cells")
    ]
    assert [a["value"] for a in inputs if a["name"] == "d1-cells-coloring"] == [
        "batch",
        "label",
        "prediction",
        "uncertainty",
    ]
    classifiers = [(a["value"], "checked" in a) for a in inputs if a["name"] == "d1-cells-classifier"]
    assert classifiers == [("knn", True), ("logistic", False), ("head", False), ("mapping", False)]
