from __future__ import annotations

import numpy as np
import pytest
import torch

from scbraid.cvae import CVAE
from scbraid.cvae.counts import DeviceCounts
from unit.cvae.simulated import simulate

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")

SMALL = {"n_latent": 5, "n_hidden": 32, "max_epochs": 5, "batch_size": 64}


def test_single_precision_follows_the_cpu() -> None:
    cells = simulate(400, 60)
    changes = {"dropout_rate": 0.0, "beta": 0.0, "precision": "float32"}
    gpu, cpu = (
        CVAE(cells, batch_key="batch", accelerator=accelerator, **SMALL, **changes).fit()
        for accelerator in ("gpu", "cpu")
    )
    np.testing.assert_allclose(gpu.history["loss"], cpu.history["loss"], rtol=0.02)


@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson"])
def test_mixed_precision_learns_and_repeats_itself(likelihood: str) -> None:
    cells = simulate(400, 60)
    first, second = (
        CVAE(cells, batch_key="batch", accelerator="gpu", likelihood=likelihood, **SMALL).fit() for _ in range(2)
    )
    assert first.run_info["precision"] == "bf16"
    assert first.run_info["device"].startswith("cuda")
    assert first.run_info["peak_gpu_mb"] > 0
    assert first.history["loss"].iloc[-1] < first.history["loss"].iloc[0]
    assert first.embedding().tobytes() == second.embedding().tobytes()


def test_counts_live_on_the_device_and_no_step_waits_for_it() -> None:
    model = CVAE(simulate(400, 60), batch_key="batch", accelerator="gpu", **SMALL)
    assert isinstance(model.data._counts, DeviceCounts)
    minibatch = next(iter(model.data.minibatches(np.arange(400), 64)))
    noise = torch.Generator("cuda").manual_seed(0)
    model._trainer._accumulate_gradient(minibatch, 1.0, noise)
    torch.cuda.set_sync_debug_mode("error")
    try:
        model._trainer._accumulate_gradient(minibatch, 1.0, noise)
        model._trainer.optimizer.step(1e-3)
    finally:
        torch.cuda.set_sync_debug_mode("default")
