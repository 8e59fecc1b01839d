"""scbraid's own conditional variational autoencoder of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.cvae.parameters import json_schema
from scbraid.methods import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

# The label head and checkpoints need data and folders that the workflow does not hand out.
NOT_OFFERED = ("classification_ratio", "checkpoint_every")
PARAMETERS = {name: entry for name, entry in json_schema()["properties"].items() if name not in NOT_OFFERED}


def cvae(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train on ``layers["counts"]`` with ``obs["batch"]`` as condition and return the posterior means."""
    import torch

    from scbraid.cvae import CVAE

    torch.set_num_threads(context.threads)
    model = CVAE(adata, batch_key="batch", seed=context.seed, accelerator=context.accelerator, **parameters)
    model.fit()
    model.save(context.model_dir)
    facts = dict(model.run_info)
    return Result(embedding=model.embedding(), device=facts.pop("device"), history=model.history, facts=facts)
