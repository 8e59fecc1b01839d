"""Unintegrated PCA against an independent decomposition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.preprocess.pca import unintegrated_pca

if TYPE_CHECKING:
    from anndata import AnnData


def test_coordinates_and_variance_are_those_of_the_svd(demo_hvg: AnnData) -> None:
    coordinates, variance = unintegrated_pca(demo_hvg, n_comps=10)
    centred = demo_hvg.X.toarray().astype(float)
    centred -= centred.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(left[:, :10] * singular[:10]), atol=2e-3)
    np.testing.assert_allclose(variance["variance_ratio"], (singular**2 / (singular**2).sum())[:10], rtol=1e-4)
    assert list(variance["component"]) == list(range(10))
    assert list(coordinates.index) == list(demo_hvg.obs_names)
    assert (coordinates.dtypes == np.float32).all()


def test_same_bytes_twice(demo_hvg: AnnData) -> None:
    first, second = (unintegrated_pca(demo_hvg)[0].to_numpy().tobytes() for _ in range(2))
    assert first == second


def test_order_of_cells_does_not_matter(demo_hvg: AnnData) -> None:
    order = np.random.default_rng(0).permutation(demo_hvg.n_obs)
    expected = unintegrated_pca(demo_hvg, n_comps=5)[0].loc[demo_hvg.obs_names[order]]
    found = unintegrated_pca(demo_hvg[order].copy(), n_comps=5)[0]
    assert list(found.index) == list(expected.index)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=2e-3)


@pytest.mark.parametrize(("cells", "genes", "expected"), [(12, 300, 11), (100, 8, 7), (100, 300, 30)])
def test_fewer_components_where_data_are_small(demo_hvg: AnnData, cells: int, genes: int, expected: int) -> None:
    coordinates, variance = unintegrated_pca(demo_hvg[:cells, :genes].copy(), n_comps=30)
    assert coordinates.shape == (cells, expected)
    assert len(variance) == expected
