"""Highly variable genes are scanpy's, normalisation is that of all genes, order does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from scbraid.errors import UserError
from scbraid.preprocess.features import select_features

if TYPE_CHECKING:
    from pathlib import Path

FLAVORS = ["seurat_v3", "seurat", "cell_ranger"]


@pytest.mark.parametrize("flavor", FLAVORS)
def test_selection_is_that_of_scanpy(demo_standard: ad.AnnData, flavor: str) -> None:
    reference = ad.AnnData(demo_standard.layers["counts"].copy(), obs=demo_standard.obs, var=demo_standard.var)
    if flavor != "seurat_v3":
        sc.pp.normalize_total(reference, target_sum=1e4)
        sc.pp.log1p(reference)
    sc.pp.highly_variable_genes(reference, flavor=flavor, n_top_genes=150, batch_key="batch")
    hvg, table = select_features(demo_standard, name="d", flavor=flavor, n_top_genes=150)
    np.testing.assert_array_equal(table["selected"], reference.var["highly_variable"])
    assert list(table["gene"]) == list(demo_standard.var_names)
    assert list(hvg.var_names) == list(demo_standard.var_names[reference.var["highly_variable"]])
    assert hvg.n_vars == 150
    measures = set(reference.var) - {"highly_variable"}
    assert measures <= set(table)
    for measure in measures:
        np.testing.assert_allclose(table[measure].astype(float), reference.var[measure].astype(float), rtol=1e-6)


def test_expression_is_log1p_of_counts_per_10000_of_all_genes(demo_standard: ad.AnnData) -> None:
    counts = demo_standard.layers["counts"].toarray()
    expected = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    hvg, table = select_features(demo_standard, name="d", n_top_genes=100, exclude=["ribosomal"])
    selected = table["selected"].to_numpy()
    assert isinstance(hvg.X, sparse.csr_matrix)
    assert hvg.X.dtype == np.float32
    np.testing.assert_allclose(hvg.X.toarray(), expected[:, selected], rtol=1e-5)
    np.testing.assert_array_equal(hvg.layers["counts"].toarray(), counts[:, selected])
    pd.testing.assert_frame_equal(hvg.obs, demo_standard.obs)


def test_input_is_not_changed(demo_standard: ad.AnnData) -> None:
    before = demo_standard.copy()
    select_features(demo_standard, name="d", n_top_genes=50)
    assert (before.layers["counts"] != demo_standard.layers["counts"]).nnz == 0
    pd.testing.assert_frame_equal(demo_standard.var, before.var)


@pytest.mark.parametrize("flavor", FLAVORS)
def test_order_of_cells_does_not_matter(demo_standard: ad.AnnData, flavor: str) -> None:
    order = np.random.default_rng(0).permutation(demo_standard.n_obs)
    _, table = select_features(demo_standard, name="d", flavor=flavor, n_top_genes=200)
    hvg, shuffled = select_features(demo_standard[order].copy(), name="d", flavor=flavor, n_top_genes=200)
    np.testing.assert_array_equal(shuffled["selected"], table["selected"])
    assert list(hvg.obs_names) == list(demo_standard.obs_names[order])


@pytest.mark.parametrize("flavor", ["seurat", "cell_ranger"])
def test_genes_variable_in_many_batches_come_first(demo_standard: ad.AnnData, flavor: str) -> None:
    _, table = select_features(demo_standard, name="d", flavor=flavor, n_top_genes=200)
    n_batches = table["highly_variable_nbatches"]
    assert n_batches[table["selected"]].min() >= n_batches[~table["selected"]].max()


def test_excluded_families_are_never_selected(demo_standard: ad.AnnData) -> None:
    families = ["mitochondrial", "ribosomal"]
    hvg, table = select_features(demo_standard, name="d", n_top_genes=692, exclude=families)
    excluded = demo_standard.var_names.isin(["MT-ND3", "RPL39", "RPS24", "RPL36AL", "RPS27L"])
    np.testing.assert_array_equal(table["excluded"], excluded)
    np.testing.assert_array_equal(table["selected"], ~excluded)
    assert table.loc[excluded, "means"].isna().all()
    assert hvg.n_vars == 692
    with pytest.raises(UserError, match=r"only 692 genes left after excluding 5$"):
        select_features(demo_standard, name="d", n_top_genes=693, exclude=families)


def test_more_genes_asked_for_than_there_are(demo_standard: ad.AnnData) -> None:
    with pytest.raises(UserError, match=r"^d: features/n_top_genes is 698, but the data have only 697 genes$"):
        select_features(demo_standard, name="d", n_top_genes=698)


def test_all_genes(demo_standard: ad.AnnData) -> None:
    assert select_features(demo_standard, name="d", n_top_genes=697)[1]["selected"].all()


@pytest.mark.parametrize(
    "text", ["CD3D\nCD79A\nNKG7\n", "\ufeffNKG7\r\n CD79A \r\n\r\nCD3D\r\nCD3D", "CD3D\nNKG7\nNOPE\nCD79A"]
)
def test_gene_list(demo_standard: ad.AnnData, tmp_path: Path, text: str) -> None:
    path = tmp_path / "genes.txt"
    path.write_bytes(text.encode())
    hvg, table = select_features(demo_standard, name="d", genes=str(path))
    assert set(hvg.var_names) == set(table.loc[table["selected"], "gene"]) == {"CD3D", "CD79A", "NKG7"}
    assert list(hvg.var_names) == [name for name in demo_standard.var_names if name in set(hvg.var_names)]


def test_gene_list_without_excluded_families(demo_standard: ad.AnnData, tmp_path: Path) -> None:
    path = tmp_path / "genes.txt"
    path.write_text("CD3D\nRPS24\nRPL39\nNKG7\n")
    hvg, _ = select_features(demo_standard, name="d", genes=str(path), exclude=["ribosomal"])
    assert set(hvg.var_names) == {"CD3D", "NKG7"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "0 of the 0 genes in"),
        (b"ENSG1\nENSG2\n", "0 of the 2 genes in .* look like"),
        (b"CD3D\n", "1 of the 1 genes in"),
        (b"\xff\xfe\x00\x80", "0 of the 1 genes in"),
        (b"CD3D\nRPS24\nRPL39\n", "features/exclude leaves 1 genes of"),
    ],
)
def test_unusable_gene_list(demo_standard: ad.AnnData, tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "genes.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        select_features(demo_standard, name="d", genes=str(path), exclude=["ribosomal"])
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("flavor", ["seurat_v3", "cell_ranger"])
def test_flavor_that_cannot_judge_tiny_data(flavor: str) -> None:
    counts = np.zeros((24, 50), dtype=np.float32)
    counts[np.arange(24), np.arange(24)] = 1
    counts[:, 0] += 1
    obs = pd.DataFrame({"batch": pd.Categorical(["a", "b"] * 12)}, index=[f"c{i}" for i in range(24)])
    tiny = ad.AnnData(obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(50)]))
    tiny.layers["counts"] = sparse.csr_matrix(counts)
    with pytest.raises(UserError, match=f"^d: features/flavor {flavor} cannot") as caught:
        select_features(tiny, name="d", flavor=flavor, n_top_genes=10)
    assert len(str(caught.value).splitlines()) == 1
