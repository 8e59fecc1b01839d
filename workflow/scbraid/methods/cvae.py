"""scbraid's own conditional variational autoencoder (see :mod:`scbraid.cvae`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.cvae.parameters import json_schema
from scbraid.methods import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS = json_schema()["properties"]


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
