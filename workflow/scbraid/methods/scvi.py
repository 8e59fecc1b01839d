"""scVI: a variational autoencoder of counts, from scvi-tools (Lopez et al. 2018, Nature Methods 15:1053)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.errors import UserError
from scbraid.methods import Context, Result

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

PARAMETERS = {
    "n_hidden": {"description": "Units of a hidden layer.", "type": "integer", "minimum": 1, "default": 128},
    "n_latent": {"description": "Dimensions of the embedding.", "type": "integer", "minimum": 1, "default": 30},
    "n_layers": {"description": "Hidden layers of encoder and decoder.", "type": "integer", "minimum": 1, "default": 2},
    "dropout_rate": {
        "description": "Share of hidden units dropped in training.",
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.1,
    },
    "gene_likelihood": {
        "description": "Distribution of counts.",
        "enum": ["nb", "zinb", "poisson"],
        "default": "nb",
    },
    "batch_size": {"description": "Cells of a minibatch.", "type": "integer", "minimum": 2, "default": 128},
    "max_epochs": {
        "description": "Passes over the data; null lets scvi-tools choose (400, fewer above 20,000 cells).",
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
    },
    "lr": {"description": "Learning rate.", "type": "number", "exclusiveMinimum": 0, "default": 0.001},
}


def scvi(
    adata: AnnData,
    context: Context,
    *,
    n_hidden: int,
    n_latent: int,
    n_layers: int,
    dropout_rate: float,
    gene_likelihood: str,
    batch_size: int,
    max_epochs: int | None,
    lr: float,
) -> Result:
    """Train SCVI on ``layers["counts"]`` with ``obs["batch"]`` as condition and return the posterior means."""
    import scvi as scvi_tools
    import torch

    if context.accelerator == "gpu" and not torch.cuda.is_available():
        raise UserError("scvi: accelerator is 'gpu', but torch finds no CUDA device; use cpu or auto")
    torch.set_num_threads(context.threads)
    scvi_tools.settings.seed = context.seed
    scvi_tools.model.SCVI.setup_anndata(adata, layer="counts", batch_key="batch")
    model = scvi_tools.model.SCVI(
        adata,
        n_hidden=n_hidden,
        n_latent=n_latent,
        n_layers=n_layers,
        dropout_rate=dropout_rate,
        gene_likelihood=gene_likelihood,
    )
    model.train(
        max_epochs=max_epochs,
        accelerator=context.accelerator,
        batch_size=batch_size,
        plan_kwargs={"lr": lr},
        enable_progress_bar=False,
        logger=None,
    )
    device = str(model.device)
    embedding = model.get_latent_representation()
    model.save(str(context.model_dir), overwrite=True)
    history = _history(model.history)
    return Result(embedding=embedding, device=device, history=history, facts={"epochs": len(history)})


def _history(history: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    # Lightning names the loss of an epoch by whether it also logged steps, which epochs of few minibatches have not.
    names = {
        "train_loss": "loss",
        "train_loss_epoch": "loss",
        "reconstruction_loss_train": "reconstruction",
        "kl_local_train": "kl",
    }
    columns = {new: history[old].iloc[:, 0].astype(float).to_numpy() for old, new in names.items() if old in history}
    table = pd.DataFrame(columns)
    table.insert(0, "epoch", range(1, len(table) + 1))
    return table
