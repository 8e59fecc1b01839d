"""Query mapping by scArches surgery (Lotfollahi et al. 2022, Nature Biotechnology 40:121) for models of scvi-tools.

A new batch, or a new category of a covariate, adds columns to the weights that see it. Only these columns are trained,
on the query cells; everything that the model learned from the reference stays as it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scbraid.errors import UserError, shown
from scbraid.methods.families import scvi_tools

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from anndata import AnnData
    from scvi.model.base import BaseModelClass

    from scbraid.methods.spec import Context

#: what a pickle of scvi-tools is made of beside weights: tables, arrays and dicts
HARMLESS = {
    "builtins.bytes",
    "builtins.dict",
    "builtins.slice",
    "collections.defaultdict",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "numpy.ndarray",
    "pandas._libs.internals._unpickle_block",
    "pandas.core.frame.DataFrame",
    "pandas.core.indexes.base.Index",
    "pandas.core.indexes.base._new_Index",
    "pandas.core.internals.managers.BlockManager",
}
logger = logging.getLogger(__name__)


def surgery(
    model_class: type[BaseModelClass],
    adata: AnnData,
    context: Context,
    parameters: dict[str, Any],
    *,
    method: str,
) -> tuple[BaseModelClass, dict[str, Any]]:
    """Extend the saved model for query cells.

    The embedding depends on new columns of the encoder alone. A model without ``encode_covariates``, or a query without
    new categories, has none, and its query cells are mapped without training.

    Parameters
    ----------
    model_class
        Class of the model in ``context.model_dir``.
    adata
        Query cells with the genes of that model.
    context
        Of the run.
    parameters
        Parameters of the method that trained the model.
    method
        Method, for messages.

    Returns
    -------
    tuple
        The model, with the query cells as its data, and ``epochs``, ``n_parameters`` and ``fraction_trained``.

    Raises
    ------
    UserError
        No GPU where one is asked for, a covariate that the query lacks, or a model that would run code when it is read.
    """
    assert context.model_dir is not None  # query cells are mapped onto a saved model
    refuse_code(context.model_dir / "model.pt")
    scvi_tools.start(context, method=method)
    query = scvi_tools.prepare(adata, method=method, **parameters)
    model = model_class.load_query_data(query, str(context.model_dir), accelerator=context.accelerator)
    grown = _put_in_new_columns(model, context.model_dir)
    model.is_trained_ = True
    n_parameters, trained, epochs = scvi_tools.n_parameters(model), 0, 0
    if any(name.startswith("z_encoder.") for name in grown):
        before = {name: weights.detach().clone() for name, weights in model.module.named_parameters()}
        epochs = _train_new_columns(model, context, parameters, grown, method=method)
        trained = sum(int((weights != before[name]).sum()) for name, weights in model.module.named_parameters())
    else:
        logger.info("%s: the encoder sees no new category, the query is mapped without training", method)
    return model, {"epochs": epochs, "n_parameters": n_parameters, "fraction_trained": trained / n_parameters}


def refuse_code(file: Path) -> None:
    """Prove that a pickled model holds data alone, before scvi-tools reads it.

    Raises
    ------
    UserError
        The pickle names anything else, or is none.
    """
    import torch

    try:
        foreign = set(torch.serialization.get_unsafe_globals_in_checkpoint(file)) - HARMLESS
    except Exception as error:
        raise UserError(f"{file} holds no model of scvi-tools; the file is damaged or another one") from error
    if foreign:
        raise UserError(f"{file} would run {shown(min(foreign))} when it is read, which no model of scvi-tools needs")


def _train_new_columns(
    model: BaseModelClass,
    context: Context,
    parameters: dict[str, Any],
    grown: dict[str, torch.Tensor],
    *,
    method: str,
) -> int:
    for name, weights in model.module.named_parameters():
        weights.requires_grad = name in grown
        if name in grown:
            weights.register_hook(grown[name].to(weights.device).mul)
    # Without dropout and with the reference's batch normalisation, as the embedding will be computed.
    model.module.eval()
    model.is_trained_ = False
    history = scvi_tools.train(
        model,
        context,
        parameters,
        method=method,
        plan={"weight_decay": 0.0},
        max_epochs=parameters["max_epochs_query"],
        early_stopping=False,
        train_size=1.0,
    )
    return len(history)


def _put_in_new_columns(model: BaseModelClass, folder: Path) -> dict[str, torch.Tensor]:
    """Put the columns of new categories beside the known ones of the same covariate, where they start at their mean.

    scvi-tools appends them behind all covariates, which gives weights to the wrong categories where there are several.

    Returns
    -------
    dict
        Name of every parameter that grew, and 1 for its new columns, 0 for the others.
    """
    import torch

    saved = torch.load(folder / "model.pt", map_location=model.device, weights_only=False)
    known, now = _n_categories(saved["attr_dict"]["registry_"]), _n_categories(model.registry)
    weights, grown = model.module.state_dict(), {}
    for name, reference in saved["model_state_dict"].items():
        if name not in weights or weights[name].shape == reference.shape:
            continue
        # one category needs no column of a layer, but a dispersion of a batch always has its own
        lists = ([known[0]], [now[0]], 0) if name == "px_r" else (known, now, 1)
        weights[name], grown[name] = _extend(reference, *lists)
    model.module.load_state_dict(weights)
    return grown


def _n_categories(registry: dict[str, Any]) -> list[int]:
    """Count batches and the categories of every covariate."""
    fields = {name: field["state_registry"] for name, field in registry["field_registries"].items()}
    covariates = fields.get("extra_categorical_covs", {}).get("n_cats_per_key", [])
    return [len(fields["batch"]["categorical_mapping"]), *(int(number) for number in covariates)]


def _extend(
    reference: torch.Tensor, known: list[int], now: list[int], without_column: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Extend the last columns of a matrix, one block a covariate, and mark what is new.

    A covariate with `without_column` categories has no columns in `reference`, which is as good as zeros.
    """
    import torch

    widths = [0 if number == without_column else number for number in known]
    base, *blocks = reference.split([reference.shape[1] - sum(widths), *widths], dim=1)
    columns, new = [base], [torch.zeros_like(base)]
    for block, n_known, n_now in zip(blocks, known, now):
        if n_now == without_column:
            continue
        filled = block if block.shape[1] else reference.new_zeros(len(reference), n_known)
        mean = filled.mean(dim=1, keepdim=True).expand(-1, n_now - n_known)
        columns += [filled, mean]
        new += [torch.zeros_like(filled), torch.ones_like(mean)]
    return torch.cat(columns, dim=1), torch.cat(new, dim=1)
