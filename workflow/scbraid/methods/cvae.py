"""scbraid's own conditional variational autoencoder of counts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scbraid.cvae.parameters import json_schema
from scbraid.data.covariates import COVARIATES
from scbraid.methods.families import scvi_tools
from scbraid.methods.spec import Context, Mapped, Result

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.cvae import CVAE

# The label head is a method of its own (cvae_labels); no result depends on when a checkpoint is written.
NOT_OFFERED = ("classification_ratio", "checkpoint_every")
PARAMETERS = {
    **{name: entry for name, entry in json_schema()["properties"].items() if name not in NOT_OFFERED},
    **COVARIATES,
    "max_epochs_query": scvi_tools.SCHEMAS["max_epochs_query"],
}
logger = logging.getLogger(__name__)


def cvae(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train on ``layers["counts"]`` with ``obs["batch"]`` as condition and return the posterior means."""
    return trained(adata, context, label_key=None, **parameters)


def trained(
    adata: AnnData,
    context: Context,
    *,
    label_key: str | None,
    categorical_covariates: list[str],
    continuous_covariates: list[str],
    max_epochs_query: int,  # noqa: ARG001 - of the mapping
    **parameters: Any,
) -> Result:
    """Train a CVAE, with a label head where `label_key` names a column, and save it."""
    import torch

    from scbraid.cvae import CVAE

    torch.set_num_threads(context.threads)
    model = CVAE(
        adata,
        batch_key="batch",
        label_key=label_key,
        categorical_covariate_keys=categorical_covariates,
        continuous_covariate_keys=continuous_covariates,
        seed=context.seed,
        accelerator=context.accelerator,
        **parameters,
    )
    _fit(model, context.checkpoint_dir)
    model.save(context.model_dir)
    facts = dict(model.run_info)
    return Result(
        embedding=model.embedding(),
        probabilities=model.label_probabilities() if label_key else None,
        device=facts.pop("device"),
        history=model.history,
        facts=facts,
    )


def _fit(model: CVAE, checkpoint_dir: Path | None) -> None:
    """Train, from a checkpoint on that an earlier attempt has left; one that is of no use counts as none."""
    from scbraid.cvae.checkpoint import CheckpointError

    try:
        model.fit(checkpoint_dir=checkpoint_dir, keep_checkpoint=True)
    except CheckpointError as mistake:
        logger.warning("%s %s: starting afresh", mistake.path, mistake.reason)
        model.fit(checkpoint_dir=checkpoint_dir, keep_checkpoint=True, resume=False)


def map_query(adata: AnnData, context: Context, *, max_epochs_query: int, **_parameters: Any) -> Mapped:
    """Map cells onto the saved model: its weights stay, those of new batches are learned."""
    import torch

    from scbraid.cvae import CVAE

    torch.set_num_threads(context.threads)
    model = CVAE.load_query(context.model_dir, adata, max_epochs=max_epochs_query, accelerator=context.accelerator)
    facts = dict(model.run_info)
    return Mapped(
        embedding=model.embedding(),
        probabilities=model.label_probabilities() if model.vocabulary.labels else None,
        device=facts.pop("device"),
        facts=facts,
    )
