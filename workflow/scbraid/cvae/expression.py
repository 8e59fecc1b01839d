"""Decoded expression of chosen cells and genes, a chunk of cells at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from scbraid.cvae.data import CellData, Covariates
    from scbraid.cvae.model import VAE

CELLS_AT_ONCE = 1024


@torch.no_grad()
def normalized_expression(
    model: VAE, data: CellData, *, cells: np.ndarray, genes: np.ndarray, batches: np.ndarray | None
) -> np.ndarray:
    """Mean share of each gene in a cell's counts, decoded from the posterior mean.

    Parameters
    ----------
    model, data
        Trained model and cells.
    cells, genes
        Positions in the model's orders.
    batches
        Codes of the batches to decode under, averaged over; None stands for each cell's own.

    Returns
    -------
    float32, cells x genes.
    """
    model.eval()
    columns = torch.as_tensor(genes, dtype=torch.long, device=data.device)
    expressed = np.empty((len(cells), len(genes)), dtype=np.float32)
    done = 0
    for minibatch in data.minibatches(cells, CELLS_AT_ONCE):
        own = minibatch.covariates
        mean = model.encode(minibatch, model.condition(own)).mean
        conditions = [
            model.condition(own if batch is None else _in(own, batch))
            for batch in ([None] if batches is None else batches)
        ]
        shares = [torch.softmax(model.decode(mean, condition)[1], 1)[:, columns] for condition in conditions]
        expressed[done : done + len(minibatch)] = torch.stack(shares).mean(0).cpu().numpy()
        done += len(minibatch)
    return expressed


def _in(covariates: Covariates, batch: int) -> Covariates:
    codes = covariates.codes.clone()
    codes[:, 0] = batch
    return type(covariates)(codes, covariates.continuous, covariates.label)
