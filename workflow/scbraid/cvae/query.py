"""Query mapping: a trained model takes in new batches by learning their condition weights and nothing else.

After Lotfollahi et al. (2022), Mapping single-cell data to reference atlases by transfer learning, Nature Biotechnology
40:121.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch

from scbraid.cvae.model import VAE

if TYPE_CHECKING:
    from torch import Tensor

    from scbraid.cvae.vocabulary import Vocabulary


def extend(model: VAE, old: Vocabulary, new: Vocabulary, *, max_epochs: int | None) -> tuple[VAE, int]:
    """Build a model that knows more batches or categories, in which only what belongs to the new ones can be trained.

    New weights start at the mean of those of the known categories of the same covariate.

    Parameters
    ----------
    model
        Trained model of the names `old`.
    old, new
        Names before and after; `new` has further categories behind the old ones.
    max_epochs
        Epochs of the training to come; None for the default.

    Returns
    -------
    The extended model, on the CPU, and the number of weights that can be trained.
    """
    settings = dataclasses.replace(model.settings, max_epochs=max_epochs, early_stopping=False, train_size=None)
    extended = VAE(settings, new.dimensions)
    trained = {name: value.cpu() for name, value in model.state_dict().items()}
    state = extended.state_dict()
    n_trainable = 0
    for name, parameter in extended.named_parameters():
        parameter.requires_grad = False
        rows = _rows(name, model, old, new)
        if rows is None or parameter.shape == trained[name].shape:
            state[name] = trained[name]
            continue
        kept, blocks = rows
        state[name] = _with_new_rows(trained[name], len(parameter), kept, blocks)
        is_new = torch.ones(len(parameter), dtype=torch.bool)
        is_new[kept] = False
        parameter.requires_grad_()
        parameter.register_hook(_Masked(is_new))
        n_trainable += int(is_new.sum()) * parameter[0].numel()
    for name in trained.keys() - dict(extended.named_parameters()).keys():
        state[name] = trained[name]
    extended.load_state_dict(state)
    return extended, n_trainable


class _Masked:
    """Gradient hook that keeps the gradient of some rows only."""

    def __init__(self, rows: Tensor) -> None:
        self._rows = rows

    def __call__(self, gradient: Tensor) -> Tensor:
        return gradient * self._rows.to(gradient)[:, None]


def _rows(name: str, model: VAE, old: Vocabulary, new: Vocabulary) -> tuple[list[int], list[range]] | None:
    """For a parameter with a row for each category: where its old rows go, and the rows of each covariate."""
    sizes = list(zip(map(len, old.categories), map(len, new.categories)))
    if name.startswith("conditions.embeddings."):
        return _layout([sizes[int(name.rsplit(".", 1)[1])]], 0)
    if name.endswith("condition_weight") or name == "output_shift":
        one_hot = model.settings.batch_representation == "one-hot"
        return _layout(sizes, model.dimensions.n_continuous) if one_hot else None
    if name in ("prior.mean", "prior.log_variance") and model.settings.prior == "batch":
        return _layout(sizes[:1], 0)
    if name == "log_theta" and model.settings.dispersion == "gene-batch":
        return _layout(sizes[:1], 0)
    return None


def _layout(sizes: list[tuple[int, int]], n_behind: int) -> tuple[list[int], list[range]]:
    """Where old rows go in blocks that grow from old to new sizes, and the blocks; `n_behind` rows follow them all."""
    kept: list[int] = []
    blocks = []
    first = 0
    for n_old, n_new in sizes:
        kept += range(first, first + n_old)
        blocks.append(range(first, first + n_new))
        first += n_new
    kept += range(first, first + n_behind)
    return kept, blocks


def _with_new_rows(values: Tensor, n_rows: int, kept: list[int], blocks: list[range]) -> Tensor:
    extended = values.new_zeros(n_rows, *values.shape[1:])
    extended[kept] = values
    for block in blocks:
        known = [row for row in block if row in set(kept)]
        added = [row for row in block if row not in set(kept)]
        extended[added] = extended[known].mean(0)
    return extended
