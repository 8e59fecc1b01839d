"""The report of new cells mapped onto a reference: what was mapped, how well it fits, and what was predicted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.mapping.genes import GOOD_OVERLAP
from scbraid.report.pages import data_uri, environment
from scbraid.transfer.classifiers import UNKNOWN
from scbraid.transfer.scores import confusion

if TYPE_CHECKING:
    from os import PathLike

MOST_GENES = 200
#: scores over all cells that the report shows, and what they are called there
SCORES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "balanced_accuracy_seen": "balanced accuracy",
    "rejected": "called unknown",
    "accuracy_kept": "accuracy of the others",
}


def write_mapping_report(
    output: str | PathLike[str],
    *,
    obs: pd.DataFrame,
    predictions: pd.DataFrame,
    scores: pd.DataFrame,
    genes: pd.DataFrame,
    facts: dict[str, Any],
    source: dict[str, Any],
    figure: str | PathLike[str],
) -> None:
    """Write one HTML file that needs no network; the same results give the same bytes.

    Parameters
    ----------
    output
        File to write.
    obs
        Of the mapped cells (:func:`scbraid.mapping.export.mapped_cells`).
    predictions, scores
        From :func:`scbraid.mapping.labels.predict_labels` and :func:`scbraid.transfer.scores.score_predictions`.
    genes
        Content of genes.tsv.
    facts, source
        Content of query.json and source.json.
    figure
        The SVG file with the UMAPs.
    """
    has_labels = len(predictions) > 0
    has_truth = has_labels and predictions["truth"].notna().any()
    over_all = scores[(scores["label"] == "all") & ~scores["score"].duplicated()]
    padded = genes.loc[genes["status"] == "padded", "gene"]
    page = environment().get_template("mapping.html.j2").render(
        facts=facts,
        source=source,
        few_genes=facts["overlap_percent"] < 100 * GOOD_OVERLAP,
        padded=list(padded[:MOST_GENES]),
        n_padded=len(padded),
        predicted=predicted_labels(obs) if has_labels else None,
        unknown=float((obs["decision"] == UNKNOWN).mean()) if has_labels else None,
        scores={SCORES[name]: value for name, value in zip(over_all["score"], over_all["value"]) if name in SCORES},
        n_with_truth=int(predictions["truth"].notna().sum()) if has_truth else 0,
        confusion=confusion(predictions) if has_truth else None,
        figure=data_uri(Path(figure)),
    )  # fmt: skip
    Path(output).write_text(page, encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class PredictedLabel:
    """One predicted label: its cells in every batch, all of them, and the share that is too uncertain."""

    label: str
    cells: dict[str, int]
    total: int
    unknown: float


def predicted_labels(obs: pd.DataFrame) -> list[PredictedLabel]:
    """Count predictions by batch, the most frequent label first.

    Parameters
    ----------
    obs
        ``batch``, ``prediction`` and ``decision`` of the mapped cells.
    """
    prediction, is_unknown = obs["prediction"].astype(str), obs["decision"].astype(str) == UNKNOWN
    counts = pd.crosstab(prediction, obs["batch"].astype(str))
    labels = [
        PredictedLabel(
            label=label,
            cells=row.to_dict(),
            total=int(row.sum()),
            unknown=float(is_unknown[prediction == label].mean()),
        )
        for label, row in counts.iterrows()
    ]
    return sorted(labels, key=lambda label: -label.total)
