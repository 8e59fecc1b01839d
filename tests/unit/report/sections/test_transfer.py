"""The section on label transfer: its numbers are those of the files, for every task and classifier."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.files import read_table
from scbraid.report.sections.transfer import task_sentence
from scbraid.report.sections.transfer_scores import OVERALL
from scbraid.transfer.scores import agreement, confusion, reliability

if TYPE_CHECKING:
    import pandas as pd

    from unit.report.built import Results

TITLES = [score.title for score in OVERALL.values()]


def scores_of(results: Results, classifier: str, run: str) -> list[pd.DataFrame]:
    """scores.tsv of all seeds that ran."""
    folder = results.folder / "blood" / "transfer" / classifier / run
    tables = [read_table(path, names=("score", "label")) for path in sorted(folder.glob("seed-*/scores.tsv"))]
    return [table for table in tables if len(table)]


def test_table_of_scores_holds_means_and_spreads_best_first(every_kind) -> None:
    table = every_kind.page().table("classifier", "method")
    assert [text for text, _ in table[0]][2:] == TITLES
    shown = [(row[0][0], row[1][1]) for row in table[1:]]
    assert set(shown) == {(classifier, run) for classifier, run, _ in every_kind.transfers("blood")}
    for (classifier, run), row in zip(shown, table[1:]):
        tables = scores_of(every_kind, classifier, run)
        assert len(tables) == {"scvi": 1, "cvae_labels": 2, "harmony": 0}.get(run, 1)
        for name, (text, value) in zip(OVERALL, row[2:]):
            values = [table.loc[(table["score"] == name), "value"].iloc[0] for table in tables]
            if not values:
                assert (text, value) == ("–", "")
                continue
            assert float(value) == pytest.approx(np.mean(values), rel=1e-12)
            spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            assert text == f"{np.mean(values):.3f}{spread}"
    accuracy = [float(row[2][1]) for row in table[1:] if row[2][1]]
    assert accuracy == sorted(accuracy, reverse=True)
    assert [run for _, run in shown[len(accuracy) :]] == ["harmony", "harmony"]


def test_label_tables_hold_the_scores_of_every_label(every_kind) -> None:
    page = every_kind.page()
    headings = [
        (i, [text for text, _ in row])
        for i, rows in enumerate(page.tables)
        for row in rows[1:2]
        if row[0][0] == "label" and row[1][0] == "cells"
    ]
    assert len(headings) == 4  # one a classifier
    found = set()
    for i, _ in headings:
        groups, _, *rows = page.tables[i]
        methods = [text for text, _ in groups[2:]]
        for row in rows:
            label = row[0][1]
            for method, pair in zip(methods, zip(row[2::2], row[3::2])):
                values = tuple(float(value) for _, value in pair)
                found.add((method, label, round(values[0], 9), round(values[1], 9), int(row[1][1])))
    for classifier, run, _ in every_kind.transfers("blood"):
        tables = scores_of(every_kind, classifier, run)
        for label in ("B", "T", "all", "pDC") if tables else ():
            # a label named "all" is a label: the scores over all cells come first in the file
            means = [
                np.mean([t[(t["score"] == score) & (t["label"] == label)]["value"].iloc[-1] for t in tables])
                for score in ("accuracy", "f1")
            ]
            cells = int(tables[0].loc[tables[0]["label"] == label, "cells"].iloc[-1])
            assert (run, label, *np.round(means, 9), cells) in found


def test_drawings_hold_the_counts_of_every_transfer(every_kind) -> None:
    page = every_kind.page()
    first = {}
    for (_, classifier, run, seed), table in every_kind.predictions.items():
        if len(table) and (classifier, run) not in first:
            first[classifier, run] = (seed, table)
    names = {f"{classifier} · {run}": found for (classifier, run), found in first.items()}
    assert {title for title in page.drawings if title.startswith("Confusion matrix of ")} == {
        f"Confusion matrix of {name}" for name in names
    }
    for name, (seed, predictions) in names.items():
        counts = confusion(predictions)
        expected = sorted(
            f"{row}, called {column}: {counts.at[row, column]} of {counts.loc[row].sum()} cells "
            f"({100 * counts.at[row, column] / counts.loc[row].sum():.1f} %)"
            for row in counts.index
            for column in counts.columns
            if counts.at[row, column]
        )
        assert sorted(page.drawings[f"Confusion matrix of {name}"]) == expected
        tips = page.drawings[f"Reliability of {name}"]
        bins = reliability(predictions)
        assert [int(re.search(r": (\d+) cells", tip)[1]) for tip in tips] == list(bins["cells"])
        right = (predictions["truth"] == predictions["prediction"]).mean()
        assert re.search(rf"{name} accuracy {right:.3f}, calibration error [\d.]+, seed {seed}", page.words())
    shares = agreement({name: predictions for name, (_, predictions) in names.items()})
    tips = page.drawings["Agreement of predictions"]
    for a in shares.index:
        for b in shares.columns:
            assert (f"{a} and {b}: {100 * shares.at[a, b]:.1f} % of cells" in tips) == (shares.at[a, b] > 0)


def test_only_the_best_drawing_stands_open(every_kind) -> None:
    page = every_kind.page()
    drawings = [
        attributes for tag, attributes in page.tags if tag == "details" and attributes.get("class") == "drawings"
    ]
    assert ["open" in attributes for attributes in drawings] == [True, *[False] * (len(drawings) - 2), True]


def test_labels_that_the_reference_lacks_are_named(every_kind) -> None:
    page = every_kind.page()
    query = every_kind.predictions["blood", "knn", "pca", 0]
    unseen = (query["truth"] == "pDC").sum()
    assert unseen > 0
    assert f"The reference has no pDC: {unseen} held-out cells cannot be given their label" in page.words()
    row = next(row for rows in page.tables for row in rows if row[0][1] == "pDC")
    assert row[0][0].split() == ["pDC", "not", "in", "the", "reference"]


def test_trainings_of_their_own_are_listed(every_kind) -> None:
    table = every_kind.page().table("method", "seed", "kind", "held out")
    rows = {tuple(text for text, _ in row) for row in table[1:]}
    assert len(table) == 1 + len(rows)
    mapped = ("held-out cells mapped", "query", "30 s", "2 s", "5", "25")
    assert rows == {("scvi", "1", *mapped), ("cvae_labels", "0", *mapped), ("cvae_labels", "1", *mapped)}


def test_every_batch_in_turn(make, tmp_path) -> None:
    results = make(
        tmp_path,
        datasets={"blood": {"query": "each_batch"}},
        methods=("pca", "cvae_labels"),
        classifiers=("knn", "head"),
        n_cells=150,
    )
    page = results.page()
    assert "The labels of every batch in turn were hidden and predicted from the others." in page.words()
    assert f"{len(results.obs['blood'])} held-out cells have a label to compare with." in page.words()
    trained = [
        (row[0][1], row[2][0], row[3][0], row[4][0]) for row in page.table("method", "seed", "kind", "held out")[1:]
    ]
    assert trained == [("cvae_labels", "labels hidden", batch, "2 s") for batch in ("001", "10x v2", "10x v3")]


def test_cells_without_label_are_counted_not_scored(make, tmp_path) -> None:
    results = make(tmp_path, datasets={"blood": {"query": "unlabelled", "unlabelled": 3}}, methods=("pca", "harmony"))
    page = results.page()
    n_query = results.obs["blood"]["label"].isna().sum()
    assert "Cells without a label were given one, predicted from the cells that have one." in page.words()
    assert f"What the {n_query} held-out cells really are is not known" in page.words()
    assert [text for text, _ in page.table("classifier", "method")[0]] == ["classifier", "method"]
    table = page.table("label", "knn · pca")
    names = [text for text, _ in table[0][1:]]
    assert sorted(names) == sorted(f"{c} · {r}" for c in ("knn", "logistic") for r in ("pca", "harmony"))
    for i, name in enumerate(names, start=1):
        classifier, run = name.split(" · ")
        decisions = results.predictions["blood", classifier, run, 0]["decision"].value_counts()
        assert {row[0][1]: int(row[i][1]) for row in table[1:] if row[i][1] != "0"} == decisions.to_dict()
    assert "Agreement of predictions" in page.drawings
    assert not any(title.startswith(("Confusion", "Reliability")) for title in page.drawings)
    assert not any("accuracy" in text for rows in page.tables for row in rows for text, _ in row)


def test_failed_transfers_name_their_reason_once_a_method(every_kind) -> None:
    words = every_kind.page().words()
    reason = 'ValueError: <b>nothing</b> & "no one" converged'
    assert words.count(f"harmony gave nothing to knn and logistic: seed 0: {reason}; seed 1: {reason}") == 1
    assert words.count(f"scvi gave nothing to knn, logistic and mapping: seed 0: {reason}") == 1


@pytest.mark.parametrize(
    ("query", "reference", "sentence"),
    [
        (["a", "b"], None, "The labels of a and b were hidden and predicted from all other cells."),
        (["a"], ["b", "c"], "The labels of a were hidden and predicted from b and c."),
        ("each_batch", None, "The labels of every batch in turn were hidden and predicted from the others."),
        (
            "each_batch",
            ["b"],
            "The labels of every batch in turn were hidden and predicted from the others; labels come from b only.",
        ),
        (
            "unlabelled",
            ["b"],
            "Cells without a label were given one, predicted from the cells of b that have one.",
        ),
    ],
)
def test_task_in_words(query: list[str] | str, reference: list[str] | None, sentence: str) -> None:
    assert task_sentence({"query": query, "reference": reference}) == sentence
