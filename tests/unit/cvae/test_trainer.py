from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from scbraid.cvae import CVAE
from scbraid.errors import UserError
from unit.cvae import small_models

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import anndata as ad


def make(cells: ad.AnnData, **changes: object) -> CVAE:
    return small_models.make(cells, **{"max_epochs": 6, **changes})


def test_history_tells_of_every_epoch(cells: ad.AnnData) -> None:
    history = make(cells).fit().history
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["loss"].is_monotonic_decreasing
    np.testing.assert_allclose(
        history["loss"], history["reconstruction"] + history["kl_weight"] * history["kl"], rtol=1e-5
    )
    np.testing.assert_allclose(history["cells_per_second"], 150 / history["seconds"])
    assert history["kl_weight"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1, 1])
    assert history["learning_rate"].idxmax() == 1
    assert "classification" not in history


def test_one_seed_gives_one_result_and_another_seed_another(cells: ad.AnnData) -> None:
    first, again, other = (make(cells, seed=seed).fit().embedding() for seed in (0, 0, 1))
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other)


def test_training_leaves_the_global_generators_alone(cells: ad.AnnData) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make(cells, max_epochs=1).fit()
    assert torch.equal(torch.rand(3), expected)


def test_a_trained_model_is_not_trained_again(cells: ad.AnnData, tmp_path: Path) -> None:
    model = make(cells).fit()
    model.save(tmp_path)
    for trained in (model, CVAE.load(tmp_path, cells, accelerator="cpu")):
        with pytest.raises(UserError, match="this model is trained already"):
            trained.fit()


def spoil_once(model: CVAE, when: Callable[[], bool]) -> None:
    """Let the model's output be not a number the first time that a condition holds."""
    spoiled = []

    def spoil(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor | None:
        if spoiled or not when():
            return None
        spoiled.append(True)
        return output * torch.nan

    model.module.output.register_forward_hook(spoil)


def test_a_loss_that_is_not_finite_halves_the_rate_and_goes_back(cells: ad.AnnData) -> None:
    calm, disturbed = make(cells), make(cells)
    spoil_once(disturbed, lambda: len(disturbed.history) == 3)
    disturbed.fit()
    assert disturbed.run_info["notes"] == ["loss not finite in epoch 4: back to epoch 0 with 0.5 of the learning rate"]
    assert disturbed.history["epoch"].tolist() == calm.fit().history["epoch"].tolist()
    np.testing.assert_allclose(disturbed.history["learning_rate"], calm.history["learning_rate"] / 2)
    assert np.isfinite(disturbed.embedding()).all()


def test_a_validation_loss_that_is_not_finite_goes_back_too(cells: ad.AnnData) -> None:
    model = make(cells, early_stopping=True, train_size=0.8)
    spoil_once(model, lambda: not model.module.training)
    model.fit()
    assert model.run_info["notes"] == ["loss not finite in epoch 1: back to epoch 0 with 0.5 of the learning rate"]
    assert np.isfinite(model.history["validation_loss"]).all()


def test_a_training_that_never_stays_finite_says_so(cells: ad.AnnData) -> None:
    model = make(cells)
    with torch.no_grad():
        model.module.output.bias[0] = torch.nan
    with pytest.raises(UserError, match="loss is not finite even at"):
        model.fit()


def test_early_stopping_returns_to_the_best_epoch(cells: ad.AnnData) -> None:
    model = make(
        cells,
        max_epochs=60,
        early_stopping=True,
        early_stopping_patience=5,
        train_size=0.5,
        lr=0.05,
        lr_schedule="constant",
        kl_schedule="constant",
    ).fit()
    losses = model.history["validation_loss"]
    assert len(losses) < 60
    assert len(losses) - (losses.idxmin() + 1) == 5
    again = model._trainer._validate()
    assert again["validation_loss"] == losses.min()


def test_training_and_validation_cells_share_nothing(cells: ad.AnnData) -> None:
    trainer = make(cells, train_size=0.8)._trainer
    assert len(trainer.training_cells) == 120
    assert sorted([*trainer.training_cells, *trainer.validation_cells]) == list(range(150))


def test_early_stopping_needs_cells_to_validate_on(cells: ad.AnnData) -> None:
    with pytest.raises(UserError, match="early_stopping has no cells to validate on"):
        make(cells, early_stopping=True, train_size=0.999).fit()


def limit_memory(model: CVAE, most_cells: int) -> list[int]:
    """Let the model run out of memory above a number of cells; return the sizes that passed."""
    passed = []

    def check(module: torch.nn.Module, inputs: tuple) -> None:
        if len(inputs[0]) > most_cells:
            raise torch.OutOfMemoryError
        passed.append(len(inputs[0]))

    model.module.register_forward_pre_hook(check)
    return passed


def test_minibatches_are_split_when_memory_runs_out(cells: ad.AnnData) -> None:
    changes = {"use_batch_norm": "none", "dropout_rate": 0.0, "max_epochs": 2}
    model = make(cells, **changes)
    passed = limit_memory(model, 20)
    model.fit()
    assert set(passed) == {12, 13}
    assert model.run_info["notes"] == ["device memory ran out: minibatches of 50 cells are computed in 4 parts"]
    whole = make(cells, **changes).fit()
    np.testing.assert_allclose(model.history["loss"], whole.history["loss"], rtol=1e-2)


def test_parts_of_a_minibatch_have_the_gradient_of_the_whole(cells: ad.AnnData) -> None:
    model = make(cells, use_batch_norm="none", dropout_rate=0.0)
    # torch draws normal numbers by sixteens, so parts of sixteen cells get the noise of the whole
    (minibatch,) = model.data.minibatches(np.arange(64), 64)
    gradients = []
    for n_parts in (1, 4):
        model._trainer.progress.n_parts = n_parts
        losses = model._trainer._accumulate_gradient(minibatch, 0.5, torch.Generator().manual_seed(0))
        means = torch.tensor(list(model._trainer._means(losses, 0.5).values()))
        gradients.append([means, *(p.grad.clone() for p in model.module.parameters())])
        model._trainer.optimizer.discard_gradients()
    for whole, parts in zip(*gradients):
        torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-4)


def test_memory_too_small_for_a_few_cells_is_an_error(cells: ad.AnnData) -> None:
    model = make(cells)
    limit_memory(model, 1)
    with pytest.raises(UserError, match="not enough memory even for a few cells"):
        model.fit()
