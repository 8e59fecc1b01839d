"""The page as a whole: its numbers are those of the files, it needs no network, and names cannot break it."""

from __future__ import annotations

import base64
import csv
import gzip
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.files import read_json
from scbraid.metrics import METRICS

if TYPE_CHECKING:
    from pathlib import Path

NONE = 65535
COSTS = {"time": "seconds", "memory": "peak_ram_mb"}
HOSTILE_BATCHES = ("</script><script>alert(1)</script>", "<b>&amp;\"'", "日本語 ☂ <!--")
HOSTILE_LABELS = ('"><img src=x onerror=alert(1)>', "T & B</td>", "]]>  {{ 7*7 }}")


def rows_of(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def decode(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def test_score_table_holds_the_values_of_the_summary(blood) -> None:
    table = blood.page().table("rank", "method", "total", "bio", "batch")
    columns = [text.replace(" ", "_") for text, _ in table[0]]
    summary = rows_of(blood.folder / "blood" / "benchmark" / "summary.tsv")
    assert {name for name in columns if name in METRICS} == set(METRICS)
    assert len(table) == 1 + len(summary) == 4
    for shown, written in zip(table[1:], summary):
        for column, (text, value) in zip(columns, shown):
            if column in ("method", "device"):
                assert (value or text) == written[column]
            elif column in COSTS:
                assert float(value) == float(written[COSTS[column]])
            else:
                assert float(value) == float(written[column])
                assert float(text) == pytest.approx(float(written[column]), abs=0.0005)


def test_spread_over_seeds_stands_beside_the_mean(make, tmp_path) -> None:
    results = make(tmp_path, seeds=(0, 7))
    page = results.page()
    table = page.table("rank", "method", "total")
    shown = {row[1][1]: row[2][0] for row in table[1:]}
    for written in rows_of(tmp_path / "blood" / "benchmark" / "summary.tsv"):
        mean, sd = float(written["total"]), written["total_sd"]
        expected = f"{mean:.3f} ± {float(sd):.3f}" if sd else f"{mean:.3f}"
        assert shown[written["method"]] == expected
    assert [row[1][1] for row in page.table("method", "seed")[1:]].count("7") == 2


def test_quality_tables_hold_the_values_of_the_files(blood) -> None:
    page = blood.page()
    table = page.table("batch", "cells before", "cells after")
    keys = ["before", "after", "lost_percent", "median_counts", "median_genes", "median_percent_mitochondrial"]
    summary = rows_of(blood.folder / "blood" / "qc" / "summary.tsv")
    assert [row[0][1] for row in table[1:]] == [row["batch"] for row in summary] == ["001", "10x v2", "10x v3"]
    for shown, written in zip(table[1:], summary):
        assert [float(value) for _, value in shown[1:7]] == [float(written[key]) for key in keys]
        assert shown[7] == ("–", "")  # no doublet scores
    cells = rows_of(blood.folder / "blood" / "qc" / "cells.tsv.gz")
    expected = Counter((reason, cell["batch"]) for cell in cells for reason in cell["reason"].split(";") if reason)
    broken = sorted({reason for reason, _ in expected})
    assert len(broken) > 1
    reasons = next(rows for rows in page.tables if rows[0][0][0] == "batch" and "median" in rows[0][1][0])
    for batch, *counts in reasons[1:]:
        assert [int(value) for _, value in counts] == [expected[reason, batch[1]] for reason in broken]


def test_runs_show_time_memory_and_device(blood) -> None:
    table = blood.page().table("method", "seed", "outcome", "device asked", "device")
    for row in table[1:]:
        folder = blood.folder / "blood" / "runs" / row[0][1] / "seed-0"
        facts = read_json(folder / "run.json")
        assert (row[3][0], row[4][0]) == (facts["device_asked"], facts["device"])
        assert float(row[5][1]) == facts["seconds"]
        assert float(row[8][1]) == facts["peak_ram_mb"]
        assert row[6][1] == ("" if facts["epochs"] is None else str(facts["epochs"]))


def test_quality_and_gene_points_hold_every_cell_and_gene(blood) -> None:
    points = blood.page().points
    cells = rows_of(blood.folder / "blood" / "qc" / "cells.tsv.gz")
    quality = points["d1-qc-cells"]
    assert quality["names"] == [cell["cell"] for cell in cells]
    dropped = decode(quality["codes"]["outcome"], "<u2") == 1
    assert [cell["kept"] == "False" for cell in cells] == dropped.tolist()
    reasons = quality["details"]["reason"]
    for cell, code in zip(cells, decode(reasons["codes"], "<u2")):
        assert cell["reason"] == ("" if code == NONE else reasons["names"][code])
    genes = rows_of(blood.folder / "blood" / "features" / "genes.tsv")
    selected = decode(points["d1-genes-points"]["codes"]["fate"], "<u2") == 1
    assert selected.sum() == 20
    assert selected.tolist() == [gene["selected"] == "True" for gene in genes]


def test_page_asks_for_nothing_from_outside(blood) -> None:
    page = blood.page()
    references = [
        attributes[key]
        for _, attributes in page.tags
        for key in ("src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "background")
        if key in attributes
    ]
    assert references
    assert all(reference.startswith(("data:image/svg+xml;base64,", "#")) for reference in references)
    code = "".join(re.findall(r"<(?:style|script)>.*?</(?:style|script)>", page.source, flags=re.DOTALL))
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import\(|sendBeacon", code)
    assert not any(tag in ("link", "iframe", "object", "embed", "base") for tag, _ in page.tags)


def test_links_lead_to_parts_of_the_page(blood) -> None:
    page = blood.page()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for tag, a in page.tags if tag == "a"} <= set(ids)
    assert {a["data-points"] for _, a in page.tags if "data-points" in a} == set(page.points)


@pytest.mark.filterwarnings("ignore:Glyph")  # the static figures lack a font for them, the page does not
def test_hostile_names_stay_text(make, tmp_path, blood) -> None:
    results = make(tmp_path, datasets={"blood": {"batches": HOSTILE_BATCHES, "labels": HOSTILE_LABELS}})
    page = results.page()
    harmless = blood.page()
    assert Counter(tag for tag, _ in page.tags if tag in ("script", "img", "b", "style")) == Counter(
        tag for tag, _ in harmless.tags if tag in ("script", "img", "b", "style")
    )
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    points = page.points["d1-cells"]
    assert {name for name, _, _ in points["palettes"]["batch"]} == set(HOSTILE_BATCHES)
    assert {name for name, _, _ in points["palettes"]["label"]} == set(HOSTILE_LABELS)
    assert all(name in page.text for name in (*HOSTILE_BATCHES, *HOSTILE_LABELS))


def test_same_results_give_the_same_bytes(blood) -> None:
    assert blood.page().source == blood.page().source
    assert not re.search(r"20\d\d-\d\d-\d\d", blood.page().text)


def test_data_without_labels_get_no_total_and_no_transfer(make, tmp_path) -> None:
    page = make(tmp_path, datasets={"gbm": {"labels": (), "query": None}}).page()
    heading = [text for text, _ in page.table("rank", "method", "batch")[0]]
    assert heading == ["rank", "method", "batch", "ilisi", "pcr", "time", "memory", "device"]
    assert "Only batch correction was scored" in page.text
    assert "Label transfer" not in page.text
    assert set(page.points["d1-cells"]["palettes"]) == {"batch"}
    assert not any(attributes.get("value") in ("label", "prediction") for _, attributes in page.tags)


def test_several_data_sets_share_one_page(make, tmp_path) -> None:
    datasets = {"blood": {}, "gbm": {"labels": (), "query": None, "batches": ("p1", "p2")}}
    results = make(tmp_path, datasets=datasets, methods=("pca", "harmony"), n_cells=120)
    page = results.page()
    assert "2 data sets" in page.text
    for number, name in enumerate(datasets, start=1):
        assert page.points[f"d{number}-cells"]["names"] == list(results.obs[name].index)
    assert [a["aria-label"] for tag, a in page.tags if tag == "article"] == ["blood", "gbm"]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_one_method_alone(make, tmp_path) -> None:
    page = make(tmp_path, methods=("harmony",), n_cells=120).page()
    assert "harmony scores highest on blood" in page.text
    assert "There is no other method to compare it with." in page.text


def test_config_and_checksum_are_shown(blood) -> None:
    page = blood.page()
    assert "n_top_genes: 20" in page.text
    assert "ab" * 32 in page.text
    assert "data/<cells>.h5ad" in page.text
