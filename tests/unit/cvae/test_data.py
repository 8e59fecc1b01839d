from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.special import gammaln

from scbraid.cvae import data as data_module
from scbraid.cvae.counts import DeviceCounts, HostCounts, prefetched
from scbraid.cvae.data import CellData, Covariates, cell_sums, n_minibatches
from unit.cvae.simulated import make_minibatch

CPU = torch.device("cpu")


@pytest.fixture
def dense() -> np.ndarray:
    counts = np.random.default_rng(0).poisson(0.7, (23, 9))
    counts[4] = 0
    counts[5, 2] = 40_000
    return counts


def make_data(dense: np.ndarray, order: np.ndarray) -> CellData:
    n = len(dense)
    covariates = Covariates(torch.arange(n)[:, None], torch.randn(n, 2), torch.arange(n))
    return CellData(sparse.csr_matrix(dense.astype(np.uint16)), covariates, order=order, device=CPU)


@pytest.mark.parametrize("entries_at_once", [1, 40, 10_000])
def test_minibatches_hold_every_cell_once_with_its_own_counts(
    dense: np.ndarray, entries_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_module, "ENTRIES_AT_ONCE", entries_at_once)
    rng = np.random.default_rng(1)
    order, cells = rng.permutation(23), rng.permutation(23)
    minibatches = list(make_data(dense, order).minibatches(cells, 5))
    assert [len(minibatch) for minibatch in minibatches] == [5, 4, 5, 4, 5]
    rows = torch.cat([minibatch.covariates.label for minibatch in minibatches]).numpy()
    np.testing.assert_array_equal(rows, order[cells])
    matrix = torch.cat([minibatch.dense(minibatch.counts.values) for minibatch in minibatches]).numpy()
    np.testing.assert_array_equal(matrix, dense[rows])
    library = torch.cat([minibatch.library for minibatch in minibatches]).numpy()
    np.testing.assert_array_equal(library, dense[rows].sum(1))


def test_sums_by_cell_and_transposed_counts(dense: np.ndarray) -> None:
    minibatch = make_minibatch(dense)
    np.testing.assert_array_equal(minibatch.sum_by_cell(minibatch.counts.values), dense.sum(1))
    starts, columns, values = minibatch.by_gene(minibatch.counts.values)
    np.testing.assert_array_equal(sparse.csr_matrix((values, columns, starts)).toarray(), dense.T)


def test_parts_of_a_minibatch_hold_its_cells(dense: np.ndarray) -> None:
    minibatch = make_minibatch(dense)
    parts = minibatch.split(4)
    assert [len(part) for part in parts] == [6, 6, 5, 6]
    together = torch.cat([part.dense(part.counts.values) for part in parts])
    np.testing.assert_array_equal(together, dense)
    for part in parts:
        assert torch.equal(part.above_one, (part.counts.values > 1).nonzero()[:, 0])
        assert torch.equal(part.sum_by_cell(part.counts.values), part.library)
        assert torch.equal(part.positions, part.cells * 9 + part.counts.columns)


@pytest.mark.parametrize("dtype", [np.uint16, np.int64, np.float32])
def test_counts_on_the_device_are_those_on_the_host(dense: np.ndarray, dtype: type) -> None:
    matrix = sparse.csr_matrix(dense.astype(dtype))
    rows = np.array([5, 4, 4, 22, 0])
    host, device = (place(matrix, CPU, torch.float32).take(rows) for place in (HostCounts, DeviceCounts))
    for on_host, on_device in zip(
        (host.starts, host.rows, *host.entries), (device.starts, device.rows, *device.entries)
    ):
        np.testing.assert_array_equal(on_host, on_device)
    assert host.entries.values.dtype == device.entries.values.dtype == torch.float32
    assert host.rows.tolist() == np.nonzero(dense[rows])[0].tolist()


def test_prefetching_keeps_the_order() -> None:
    assert list(prefetched(lambda item: item**2, range(5))) == [0, 1, 4, 9, 16]
    assert list(prefetched(lambda item: item, [])) == []


def test_counts_and_log_factorials_are_summed_by_cell(dense: np.ndarray) -> None:
    library, log_factorials = cell_sums(sparse.csr_matrix(dense.astype(np.uint16)), cells_at_once=4)
    np.testing.assert_array_equal(library, dense.sum(1))
    np.testing.assert_allclose(log_factorials, gammaln(dense + 1).sum(1), rtol=1e-12)


@pytest.mark.parametrize(("n_cells", "batch_size", "expected"), [(100, 50, 2), (101, 50, 3), (3, 2, 1), (1, 8, 1)])
def test_no_minibatch_has_a_single_cell_if_it_can_be_helped(n_cells: int, batch_size: int, expected: int) -> None:
    assert n_minibatches(n_cells, batch_size) == expected
