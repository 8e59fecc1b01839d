"""Everything in the exported file belongs to the right cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from scbraid.benchmark.export import integrated, matrices, run_keys
from scbraid.data.h5ad import read_h5ad, write_h5ad
from scbraid.files import embedding_table
from scbraid.transfer.predict import no_predictions

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

PROVENANCE = {
    "source": {"source": "x.h5ad", "sha256": "0" * 64, "bytes": 3},
    "runs": {"pca": {"parameters": {}, "epochs": None, "seconds": 1.5, "versions": {"numpy": "2"}}},
}


def shuffle(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    return table.iloc[np.random.default_rng(seed).permutation(len(table))]


@pytest.fixture
def parts(demo_standard: AnnData) -> dict[str, Any]:
    cells = demo_standard.obs_names
    generator = np.random.default_rng(0)
    query = cells[(demo_standard.obs["batch"] == "pbmc10k_v3").to_numpy()]
    prediction = generator.choice(["T", "B"], size=len(query))
    return {
        "selected_genes": demo_standard.var_names[[5, 3, 11]],
        "embeddings": {name: embedding_table(generator.normal(size=(len(cells), 4)), cells) for name in ("pca", "h.2")},
        "layouts": {"pca": embedding_table(generator.normal(size=(len(cells), 2)), cells)},
        "predictions": {
            "knn_pca": pd.DataFrame(
                {
                    "cell": query,
                    "decision": prediction,
                    "probability": generator.random(len(query)).astype("f4"),
                    "uncertainty": generator.random(len(query)).astype("f4"),
                }
            )
        },
        "provenance": PROVENANCE,
    }


def written(adata: AnnData, parts: dict[str, Any], folder: Path) -> AnnData:
    write_h5ad(integrated(adata, **parts), folder / "integrated.h5ad", matrices=matrices(adata))
    return read_h5ad(folder / "integrated.h5ad")


def test_everything_belongs_to_its_cell_whatever_the_order(demo_standard: AnnData, parts: dict[str, Any]) -> None:
    shuffled = {
        "embeddings": {name: shuffle(table, 1) for name, table in parts["embeddings"].items()},
        "layouts": {name: shuffle(table, 2) for name, table in parts["layouts"].items()},
        "predictions": {name: shuffle(table, 3) for name, table in parts["predictions"].items()},
    }
    order = np.random.default_rng(4).permutation(demo_standard.n_obs)
    result = integrated(demo_standard[order].copy(), **parts | shuffled)
    assert list(result.obs_names) == list(demo_standard.obs_names[order])
    for name, table in parts["embeddings"].items():
        np.testing.assert_array_equal(result.obsm[f"X_{name}"], table.to_numpy()[order])
    np.testing.assert_array_equal(result.obsm["X_umap_pca"], parts["layouts"]["pca"].to_numpy()[order])
    given = parts["predictions"]["knn_pca"].set_index("cell")
    predicted = result.obs["prediction_knn_pca"].dropna()
    assert len(predicted) == len(given)
    assert list(predicted.astype(str)) == list(given.loc[predicted.index, "decision"])
    for measure in ("probability", "uncertainty"):
        np.testing.assert_array_equal(
            result.obs.loc[predicted.index, f"{measure}_knn_pca"], given.loc[predicted.index, measure]
        )
    assert result.obs["probability_knn_pca"].notna().sum() == len(given)
    assert list(result.obs["label"]) == list(demo_standard.obs["label"].iloc[order])


def test_expression_and_genes(demo_standard: AnnData, parts: dict[str, Any], tmp_path: Path) -> None:
    counts = demo_standard.layers["counts"].toarray()
    read = written(demo_standard, parts, tmp_path)
    expected = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(read.X.toarray(), expected, rtol=1e-5)
    np.testing.assert_array_equal(read.layers["counts"].toarray(), counts)
    np.testing.assert_array_equal(np.flatnonzero(read.var["highly_variable"]), [3, 5, 11])


def test_input_is_not_changed(demo_standard: AnnData, parts: dict[str, Any]) -> None:
    integrated(demo_standard, **parts)
    assert demo_standard.X is None
    assert list(demo_standard.obs) == ["batch", "label"]
    assert not demo_standard.obsm
    assert demo_standard.layers["counts"].data.max() > 10


def test_file_holds_it_all(demo_standard: AnnData, parts: dict[str, Any], tmp_path: Path) -> None:
    read = written(demo_standard, parts, tmp_path)
    assert set(read.obsm) == {"X_pca", "X_h.2", "X_umap_pca"}
    pd.testing.assert_frame_equal(read.obs, integrated(demo_standard, **parts).obs)
    assert read.uns["scbraid"]["source"] == PROVENANCE["source"]
    facts = read.uns["scbraid"]["runs"]["pca"]
    assert facts["seconds"] == 1.5
    assert facts["versions"] == {"numpy": "2"}
    assert facts.get("epochs") is None


def test_embedding_that_lacks_a_cell_is_an_error(demo_standard: AnnData, parts: dict[str, Any]) -> None:
    parts["embeddings"]["pca"] = parts["embeddings"]["pca"].iloc[1:]
    with pytest.raises(KeyError, match=demo_standard.obs_names[0]):
        integrated(demo_standard, **parts)


def test_failed_runs_and_graphs_have_no_embedding(
    demo_standard: AnnData, parts: dict[str, Any], tmp_path: Path
) -> None:
    parts["embeddings"]["failed"] = parts["layouts"]["failed"] = pd.DataFrame(index=demo_standard.obs_names)
    parts["predictions"]["knn_failed"] = no_predictions()
    result = written(demo_standard, parts, tmp_path)
    assert set(result.obsm) == {"X_pca", "X_h.2", "X_umap_pca"}
    assert result.obs["prediction_knn_failed"].isna().all()


def test_run_keys() -> None:
    runs = [("pca", 0), ("scvi", 3), ("scvi", 4), ("cvae", 3)]
    assert run_keys(runs) == {
        ("pca", 0): "pca",
        ("scvi", 3): "scvi",
        ("scvi", 4): "scvi_seed4",
        ("cvae", 3): "cvae",
    }
