"""scANVI: scVI that also learns from labels, from scvi-tools (Xu et al. 2021, Molecular Systems Biology 17:e9620)."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from scbraid.errors import UserError
from scbraid.methods.families import scvi_surgery as scvi_query
from scbraid.methods.families import scvi_tools
from scbraid.methods.scvi import PARAMETERS as SCVI_PARAMETERS
from scbraid.methods.scvi import fit
from scbraid.methods.spec import Context, Mapped, Result

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from scvi.model import SCANVI

PARAMETERS = SCVI_PARAMETERS | {
    "max_epochs_scanvi": {
        "description": "Passes over the data with labels, after max_epochs without; null is a third of those, 2 to 10.",
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
    },
    "n_samples_per_label": {
        "description": "Cells of every label that an epoch classifies; null classifies all cells with a label.",
        "type": ["integer", "null"],
        "minimum": 2,
        "default": None,
    },
    "linear_classifier": {
        "description": "Whether the classifier is linear, without a hidden layer.",
        "type": "boolean",
        "default": False,
    },
}
UNLABELLED = "unlabelled"
MIN_LABELS = 2


def scanvi(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train SCVI, go on as SCANVI with ``obs["label"]``, and return posterior means and probabilities of labels.

    The saved model has the category ``unlabelled`` for cells without a label. Only the first training holds out cells:
    rare labels keep all of theirs in the second.

    Raises
    ------
    UserError
        The cells have fewer than two labels.
    """
    from scvi.model import SCANVI

    labels = _labels(adata)
    pretrained, history = fit(adata, context, parameters, method="scanvi")
    pretrained.adata.obs["label"] = labels.cat.add_categories(UNLABELLED).fillna(UNLABELLED)
    linear = parameters["linear_classifier"]
    model = SCANVI.from_scvi_model(pretrained, UNLABELLED, labels_key="label", linear_classifier=linear)
    history = _continued(history, _train(model, context, parameters, labels))
    probabilities = model.predict(soft=True)
    minified = parameters["save_minified"]
    return scvi_tools.finish(model, context, history, minified=minified, probabilities=probabilities)


def map_query(adata: AnnData, context: Context, **parameters: Any) -> Mapped:
    """Map query cells onto the saved model by scArches surgery, with probabilities of labels."""
    from scvi.model import SCANVI

    model, facts = scvi_query.surgery(SCANVI, adata, context, parameters, method="scanvi")
    embedding, probabilities = model.get_latent_representation(), model.predict(soft=True)
    return Mapped(embedding=embedding, probabilities=probabilities, device=str(model.device), facts=facts)


def _labels(adata: AnnData) -> pd.Series:
    """Labels without the categories that no cell has, which the model must not learn to know."""
    labels = adata.obs["label"].cat.remove_unused_categories()
    if len(labels.cat.categories) < MIN_LABELS:
        raise UserError(
            f"scanvi: the cells have {len(labels.cat.categories)} different labels and it needs {MIN_LABELS}; "
            "name a column of labels with the data set, or take scvi"
        )
    if UNLABELLED in labels.cat.categories:
        raise UserError(f"scanvi: no label may be named '{UNLABELLED}'; leave the label of such cells missing")
    return labels


def _train(model: SCANVI, context: Context, parameters: dict[str, Any], labels: pd.Series) -> pd.DataFrame:
    from scvi.train._callbacks import SubSampleLabels

    n_samples = parameters["n_samples_per_label"]
    n_classified = int(labels.value_counts().clip(upper=n_samples).sum())
    return scvi_tools.train(
        model,
        context,
        parameters,
        method="scanvi",
        # SCANVI adds this one itself only where it gets no other callbacks
        callbacks=(SubSampleLabels(),),
        n_samples_per_label=n_samples,
        max_epochs=parameters["max_epochs_scanvi"],
        batch_size=_batch_size(parameters["batch_size"], model.adata.n_obs, n_classified),
        train_size=1.0,
        early_stopping=False,
    )


def _batch_size(asked: int, *n_cells: int) -> int:
    """Find the smallest size from `asked` on that leaves no minibatch with one cell, which has no variance."""
    return next(size for size in count(asked) if all(number % size != 1 for number in n_cells))


def _continued(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """One history of two trainings, told apart by the column `stage`."""
    import pandas as pd

    table = pd.concat([first.assign(stage="scvi"), second.assign(stage="scanvi")], ignore_index=True)
    table["epoch"] = range(1, len(table) + 1)
    return table
