"""What mapping leaves: a layout beside the reference, a file of the cells and a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pytest

from scbraid.mapping.export import mapped_cells
from scbraid.mapping.joint import joint_layout
from scbraid.plots.query import query_umaps
from scbraid.plots.style import save
from scbraid.report.sections.mapping import write_query_report
from scbraid.transfer.scores import score_predictions
from unit.mapping.onto_demo import N_LEFT_OUT, predictions_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference


def test_joint_layout(layout: pd.DataFrame, mapped: MappedQuery, reference: Reference) -> None:
    assert list(layout.columns) == ["0", "1", "role"]
    assert list(layout["role"]) == ["reference"] * 887 + ["query"] * 193
    assert list(layout.index) == [*reference.embedding.index, *mapped.embedding.index]
    assert (layout[["0", "1"]].dtypes == np.float32).all()
    points = layout[["0", "1"]].to_numpy()
    of_query = predictions_of(mapped, reference)["prediction"].to_numpy(object)
    labels = np.concatenate([reference.cells["label"].to_numpy(object), of_query])
    distances = ((points[887:, None] - points[None, :887]) ** 2).sum(axis=2)
    nearest = labels[:887][np.argsort(distances, axis=1)[:, :5]]
    assert (nearest == of_query[:, None]).mean() > 0.75


def test_joint_layout_of_permuted_cells_and_equal_names(
    layout: pd.DataFrame, mapped: MappedQuery, reference: Reference
) -> None:
    order = np.random.default_rng(0).permutation(len(mapped.embedding))
    permuted = joint_layout(mapped.embedding.iloc[order], reference)
    np.testing.assert_array_equal(permuted[["0", "1"]][887:], layout[["0", "1"]][887:].iloc[order])
    np.testing.assert_array_equal(permuted[["0", "1"]][:887], layout[["0", "1"]][:887])
    renamed = mapped.embedding.set_axis(reference.embedding.index[:193])
    assert list(joint_layout(renamed, reference)["role"]) == list(layout["role"])


@pytest.fixture(scope="module")
def exported(mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData) -> AnnData:
    earlier = query.copy()
    earlier.obs["prediction"] = "by hand"
    return mapped_cells(
        earlier,
        embedding=mapped.embedding,
        layout=layout,
        predictions=predictions_of(mapped, reference, query),
        facts=mapped.facts | {"renamed_batches": {"odd": "odd (query)"}},
        source={"source": "q.h5ad", "sha256": "0" * 64},
    )


def test_export(
    exported: AnnData, mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData, tmp_path: Path
) -> None:
    exported.write_h5ad(tmp_path / "mapped.h5ad")
    read = ad.read_h5ad(tmp_path / "mapped.h5ad")
    assert (read.layers["counts"] != query.layers["counts"]).nnz == 0
    np.testing.assert_array_equal(read.obsm["X_cvae"], mapped.embedding)
    np.testing.assert_array_equal(read.obsm["X_umap"], layout.loc[layout["role"] == "query", ["0", "1"]])
    predictions = predictions_of(mapped, reference)
    for name in ("prediction", "decision", "probability", "uncertainty"):
        assert list(read.obs[name]) == list(predictions[name])
    assert set(read.obs["prediction_original"]) == {"by hand"}
    assert set(read.obs["batch"]) == {"even", "odd (query)"}
    assert read.uns["scbraid"]["query"]["genes_padded"] == 30


def test_report_shows_the_numbers(
    exported: AnnData, mapped: MappedQuery, layout: pd.DataFrame, reference: Reference, query: AnnData, tmp_path: Path
) -> None:
    save(query_umaps(layout, reference.cells, exported.obs), tmp_path / "umap.svg")
    predictions = predictions_of(mapped, reference, query)
    scores = score_predictions(predictions)
    facts = mapped.facts | {"query": "<q>", "batches": {"even": 97, "odd (query)": 96}, "notes": ["a & b"]}

    def written(name: str, **changes: Any) -> str:
        content = {"obs": exported.obs, "predictions": predictions, "scores": scores, "facts": facts} | changes
        source = {"source": "q.h5ad", "sha256": "0" * 64}
        figure, output = tmp_path / "umap.svg", tmp_path / name
        write_query_report(output, genes=mapped.genes, source=source, figure=figure, **content)
        return output.read_text()

    page = written("report.html")
    assert page == written("again.html")
    assert "&lt;q&gt; on demo" in page
    assert "a &amp; b" in page
    assert "270 of its 300 genes (90.0 %) are in the data." in page
    assert f"{100 * (predictions['decision'] == 'unknown').mean():.1f} % of the cells are too uncertain" in page
    assert f"{(predictions['truth'] == predictions['prediction']).mean():.3f}" in page
    assert ", ".join(reference.genes[:N_LEFT_OUT]) in page
    of_b = exported.obs[exported.obs["prediction"] == "B"]
    cells = [(of_b["batch"] == "even").sum(), (of_b["batch"] != "even").sum(), len(of_b)]
    assert '<th scope="row">B</th>' + "".join(f'<td class="number">{n}</td>' for n in cells) in page
    assert "http" not in page.replace("http://www.w3.org", "")

    plain = written(
        "plain.html",
        obs=query.obs,
        predictions=predictions[:0],
        scores=scores[:0],
        facts=facts | {"overlap_percent": 70.0},
    )
    assert 'id="labels"' not in plain
    assert "Many genes of the reference are missing" in plain
