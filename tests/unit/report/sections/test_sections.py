"""The list of sections: each has its template and its entries in the contents, and one more is an entry of the list."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from scbraid.report import pages, write
from scbraid.report.sections import SECTIONS

#: templates that are no section of a data set
OTHERS = {"macros", "mapping", "report"}


def test_every_template_is_a_section_or_known() -> None:
    names = [section.__name__.rpartition(".")[2] for section in SECTIONS]
    templates = {path.name.removesuffix(".html.j2") for path in pages.TEMPLATES.glob("*.html.j2")}
    assert len(set(names)) == len(names)
    assert templates == OTHERS | set(names)


def test_contents_name_the_sections_that_apply_in_their_order(make, blood, tmp_path) -> None:
    links = {"umap": "UMAPs", "scores": "Scores", "transfer": "Label transfer", "qc": "Quality", "genes": "Genes"}
    links |= {"training": "Training", "runs": "Runs", "failures": "Failures", "provenance": "Provenance"}
    page = blood.page()
    assert contents(page) == [*(f"#d1-{anchor}" for anchor in links), "#config"]
    assert all(f">{words}</a>" in page.source for words in links.values())
    plain = make(tmp_path, datasets={"blood": {"query": None}}, methods=("pca", "harmony"), n_cells=120).page()
    absent = {"transfer", "training"}
    assert contents(plain) == [*(f"#d1-{anchor}" for anchor in links if anchor not in absent), "#config"]
    assert not absent & {a["id"].removeprefix("d1-") for _, a in plain.tags if "id" in a}


def contents(page) -> list[str]:
    """Where the table of contents leads."""
    links = [a["href"] for tag, a in page.tags if tag == "a"]
    return links[links.index("#d1-umap") : links.index("#config") + 1]


@pytest.mark.parametrize("view", [{"total": 3}, None])
def test_a_section_more_is_a_module_a_template_and_an_entry(blood, tmp_path, monkeypatch, view) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(pages.TEMPLATES, templates)
    (templates / "clusters.html.j2").write_text(
        '<section id="{{ id }}-clusters"><p>{{ total }} clusters of {{ dataset.name }}</p></section>'
    )
    monkeypatch.setattr(pages, "TEMPLATES", templates)
    module = SimpleNamespace(
        __name__="any.where.clusters", CONTENTS={"clusters": "Clusters"}, view=lambda dataset: view
    )
    monkeypatch.setattr(write, "SECTIONS", (*SECTIONS, module))
    page = blood.page()
    assert ("3 clusters of blood" in page.words()) == (view is not None)
    assert ("#d1-clusters" in contents(page)) == (view is not None)
