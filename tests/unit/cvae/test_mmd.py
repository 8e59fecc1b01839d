from __future__ import annotations

import numpy as np
import torch

from scbraid.cvae import CVAE
from scbraid.cvae.mmd import BANDWIDTHS, batch_discrepancy

from .simulated import simulate


def positions(n_cells: int = 40, *, shift: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(n_cells, 3, generator=generator, dtype=torch.float64)
    batch = torch.arange(n_cells) % 3
    return z + shift * (batch == 0)[:, None], torch.eye(3, dtype=torch.float64)[batch]


def test_discrepancy_is_the_mean_kernel_of_all_pairs() -> None:
    z, one_hot = positions(shift=1.0)
    pairs = z.numpy()[:, None] - z.numpy()[None]
    squared = (pairs**2).sum(2)
    scale = torch.from_numpy(squared).median().item()
    kernel = np.mean([np.exp(-squared / (factor * scale)) for factor in BANDWIDTHS], axis=0)
    found = batch_discrepancy(z, one_hot)
    for code in range(3):
        own = one_hot[:, code].numpy() == 1
        expected = kernel[own][:, own].mean() - 2 * kernel[own].mean() + kernel.mean()
        np.testing.assert_allclose(found[own], expected, rtol=1e-10)


def test_discrepancy_grows_with_the_distance_and_is_small_without_one() -> None:
    apart = [batch_discrepancy(*positions(600, shift=shift)).mean().item() for shift in (0.0, 0.5, 2.0)]
    assert apart[0] < 0.01 < apart[1] < apart[2]


def test_a_cell_alone_of_its_batch_counts_nothing() -> None:
    z, _ = positions()
    one_hot = torch.eye(2, dtype=torch.float64)[[0] * 39 + [1]]
    assert batch_discrepancy(z, one_hot)[-1] == 0


def test_following_the_gradient_brings_the_batches_together() -> None:
    z, one_hot = positions(shift=1.0)
    z.requires_grad_()
    before = batch_discrepancy(z, one_hot).mean()
    (slope,) = torch.autograd.grad(before, z)
    assert torch.isfinite(slope).all()
    assert batch_discrepancy(z - 5 * slope, one_hot).mean() < before


def test_a_weight_makes_the_latent_batches_more_alike() -> None:
    adata = simulate(600, 100)

    def discrepancy(weight: float) -> float:
        options = {"n_latent": 5, "max_epochs": 5, "batch_size": 64}
        model = CVAE(adata, batch_key="batch", mmd_weight=weight, accelerator="cpu", **options).fit()
        codes = torch.from_numpy(adata.obs["batch"].astype("category").cat.codes.to_numpy().astype(np.int64))
        one_hot = torch.nn.functional.one_hot(codes).float()
        return batch_discrepancy(torch.from_numpy(model.embedding()), one_hot).mean().item()

    assert discrepancy(1000.0) < 0.5 * discrepancy(0.0)
