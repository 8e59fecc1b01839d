"""What the methods from scvi-tools share: parameters, data, training, history and the saved model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from scbraid.data.covariates import COVARIATES, check_covariates, covariates_of
from scbraid.errors import UserError
from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from lightning.pytorch.callbacks import Callback
    from scvi.model.base import BaseModelClass


PRECISIONS = {"float32": "32-true", "bf16": "bf16-mixed"}
HISTORY = {
    "train_loss": "loss",
    "reconstruction_loss_train": "reconstruction",
    "kl_local_train": "kl",
    "train_classification_loss": "classification",
    "cycle_loss_train": "cycle",
    "validation_loss": "validation_loss",
    "reconstruction_loss_validation": "validation_reconstruction",
    "kl_local_validation": "validation_kl",
}
SCHEMAS: dict[str, dict[str, Any]] = {
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
    "gene_likelihood": {"description": "Distribution of counts.", "enum": ["nb", "zinb", "poisson"], "default": "nb"},
    "dispersion": {
        "description": "What has its own dispersion of counts: a gene, a gene in a batch, or a gene in a cell.",
        "enum": ["gene", "gene-batch", "gene-cell"],
        "default": "gene",
    },
    **COVARIATES,
    "encode_covariates": {
        "description": "Whether the encoder sees batch and covariates, and not only the decoder.",
        "type": "boolean",
        "default": False,
    },
    "batch_size": {"description": "Cells of a minibatch.", "type": "integer", "minimum": 2, "default": 128},
    "max_epochs": {
        "description": "Passes over the data; null lets scvi-tools choose (400, fewer above 20,000 cells).",
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
    },
    "early_stopping": {
        "description": "Whether to stop when the held-out tenth of the cells has not improved for 45 epochs.",
        "type": "boolean",
        "default": False,
    },
    "lr": {"description": "Learning rate.", "type": "number", "exclusiveMinimum": 0, "default": 0.001},
    "precision": {
        "description": "Numbers of the networks in training: float32, or bf16 mixed with it for recent GPUs.",
        "enum": list(PRECISIONS),
        "default": "float32",
    },
    "save_minified": {
        "description": "Whether to save every cell's posterior with the model, which then loads without the data.",
        "type": "boolean",
        "default": False,
    },
    "max_epochs_query": {
        "description": "Passes over the query cells when new cells are mapped onto the trained model.",
        "type": "integer",
        "minimum": 1,
        "default": 100,
    },
}
NETWORK = ("n_hidden", "n_latent", "n_layers", "dropout_rate", "gene_likelihood", "dispersion")
TRAINING = ("batch_size", "max_epochs", "early_stopping", "lr", "precision")
logger = logging.getLogger(__name__)


def schemas(*names: str, **defaults: Any) -> dict[str, dict[str, Any]]:
    """Schemas of the parameters that a method takes, with the defaults it has of its own."""
    return {name: SCHEMAS[name] | ({"default": defaults[name]} if name in defaults else {}) for name in names}


def start(context: Context, *, method: str) -> None:
    """Set threads and seed, and leave the log to :func:`train`.

    Raises
    ------
    UserError
        A GPU is asked for where there is none.
    """
    import scvi
    import torch

    if context.accelerator == "gpu" and not torch.cuda.is_available():
        raise UserError(f"{method}: accelerator is 'gpu', but torch finds no CUDA device; use cpu or auto")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.set_num_threads(context.threads)
    scvi.settings.verbosity = logging.WARNING
    scvi.settings.seed = context.seed


def prepare(adata: AnnData, *, method: str, layer: str | None = "counts", **parameters: Any) -> AnnData:
    """Take what a model needs of the data.

    Parameters
    ----------
    adata
        HVG data.
    method
        Method, for messages.
    layer
        Layer with the matrix to model; None for ``X``.
    **parameters
        The method's parameters, of which ``categorical_covariates`` and ``continuous_covariates`` are looked at.

    Returns
    -------
    anndata.AnnData
        The matrix in its place, ``obs["batch"]`` without unused categories, and the covariates.

    Raises
    ------
    UserError
        A covariate that is no column, has missing values, or is not numeric where it should be.
    """
    import anndata as ad

    obs = adata.obs[["batch"]].copy()
    obs["batch"] = obs["batch"].cat.remove_unused_categories()
    check_covariates(adata.obs, covariates_of({method: {"parameters": parameters}}), name="the data")
    for column in parameters.get("categorical_covariates", ()):
        obs[column] = adata.obs[column].astype(str).astype("category")
    for column in parameters.get("continuous_covariates", ()):
        obs[column] = adata.obs[column].astype(np.float32)
    matrix = adata.X if layer is None else adata.layers[layer]
    place = {"X": matrix} if layer is None else {"layers": {layer: matrix}}
    return ad.AnnData(obs=obs, var=adata.var[[]].copy(), **place)


def covariate_keys(parameters: dict[str, Any]) -> dict[str, list[str] | None]:
    """Arguments of ``setup_anndata`` for covariates."""
    return {key.replace("covariates", "covariate_keys"): parameters[key] or None for key in COVARIATES}


def network(parameters: dict[str, Any], *names: str) -> dict[str, Any]:
    """Arguments of a model among the parameters of a method."""
    return {name: parameters[name] for name in (*NETWORK, *names)}


def train(
    model: BaseModelClass,
    context: Context,
    parameters: dict[str, Any],
    *,
    method: str,
    plan: dict[str, Any] | None = None,
    callbacks: tuple[Callback, ...] = (),
    **options: Any,
) -> pd.DataFrame:
    """Train a model.

    Parameters
    ----------
    model
        Model of scvi-tools.
    context
        Of the run.
    parameters
        The method's parameters.
    method
        Method, for the log.
    plan, callbacks
        What the training plan gets besides the learning rate, and callbacks of Lightning.
    **options
        Arguments of the model's ``train`` that go before those of the parameters.

    Returns
    -------
    pandas.DataFrame
        One row an epoch: epoch, loss, reconstruction, kl and what else of ``HISTORY`` the model reports.
    """
    options = {name: parameters[name] for name in ("batch_size", "max_epochs", "early_stopping")} | options
    model.train(
        accelerator=context.accelerator,
        precision=PRECISIONS[parameters["precision"]],
        plan_kwargs={"lr": parameters["lr"]} | (plan or {}),
        callbacks=[_progress(method), *callbacks],
        enable_progress_bar=False,
        logger=None,
        **options,
    )
    return _history(model.history)


def _progress(method: str) -> Callback:
    """Log about every tenth of the epochs."""
    from lightning.pytorch.callbacks import LambdaCallback

    def report(trainer: Any, plan: Any) -> None:  # noqa: ARG001
        epoch = trainer.current_epoch + 1
        if epoch % max(1, trainer.max_epochs // 10) == 0:
            loss = trainer.callback_metrics["train_loss"]
            logger.info("%s: epoch %d of %d, loss %.2f", method, epoch, trainer.max_epochs, loss)

    return LambdaCallback(on_train_epoch_end=report)


def _history(history: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    # Lightning names the value of an epoch by whether it also logged steps, which epochs of few minibatches have not.
    found = {new: history.get(f"{old}_epoch", history.get(old)) for old, new in HISTORY.items()}
    columns = {name: values.iloc[:, 0].astype(float) for name, values in found.items() if values is not None}
    table = pd.DataFrame(columns).reset_index(drop=True)
    table.insert(0, "epoch", range(1, len(table) + 1))
    return table


def finish(
    model: BaseModelClass, context: Context, history: pd.DataFrame, *, minified: bool = False, **more: Any
) -> Result:
    """Save the trained model and put the result together.

    Parameters
    ----------
    model
        Trained model.
    context
        Of the run.
    history
        From :func:`train`.
    minified
        Whether to save the posterior of every cell with the model, in place of counts.
    **more
        Further fields of the result.
    """
    embedding, device = model.get_latent_representation(), str(model.device)
    if minified:
        posterior = model.get_latent_representation(return_dist=True)
        model.adata.obsm["X_latent_qzm"], model.adata.obsm["X_latent_qzv"] = posterior
        model.minify_adata()
        setup = model.registry_["setup_args"]
        # SCANVI made from SCVI remembers not to look for posteriors, even when it is loaded
        setup.update({"use_minified": True} if "use_minified" in setup else {})
    model.save(str(context.model_dir), overwrite=True, save_anndata=minified)
    facts = {"epochs": len(history), "n_parameters": n_parameters(model)}
    return Result(embedding=embedding, device=device, history=history, facts=facts, **more)


def n_parameters(model: BaseModelClass) -> int:
    """Count the weights of a model."""
    return sum(weights.numel() for weights in model.module.parameters())
