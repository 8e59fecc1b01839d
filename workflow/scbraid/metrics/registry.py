"""The registry of metrics: names, groups, meanings, and where each is computed. Imports nothing heavy.

The config is checked against it, so the module of a metric is imported where the metric is computed. Its function takes
:class:`~scbraid.metrics.cells.Cells` and returns a :class:`~scbraid.metrics.statistic.Statistic`, or None where the
metric does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from scbraid.metrics.cells import Cells
    from scbraid.metrics.statistic import Statistic


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    function
        Where it is computed: ``module:function`` in this package.
    group
        ``bio`` for conservation of biology, ``batch`` for removal of batch effects.
    in_total
        Whether the default total averages it.
    description
        One line for reports.
    needs_embedding
        Whether it measures distances in the embedding; such a metric does not apply to a graph.
    needs_labels
        Whether it looks at labels; such a metric rests on the labelled cells and a kNN graph of these alone.
    tells_labels
        Whether it looks how labels keep apart; such a metric needs several, and fewer than cells.
    scib
        The function of ``scib.me`` that computes it from an embedding, labels and batches; None where the package scib
        has none.
    """

    function: str
    group: str
    in_total: bool
    description: str
    needs_embedding: bool = False
    needs_labels: bool = True
    tells_labels: bool = False
    scib: str | None = None

    def is_in(self, engine: str) -> bool:
        """Tell whether an engine computes it: ``scbraid``, or the package ``scib``."""
        return engine == "scbraid" or self.scib is not None


#: what each group of metrics is called in figures and tables
GROUPS = {"bio": "bio conservation", "batch": "batch correction"}

METRICS: dict[str, Metric] = {
    "nmi": Metric(
        "clustering:nmi_statistic",
        "bio",
        True,
        "Normalised mutual information of labels and the Leiden clustering that matches best",
        tells_labels=True,
        scib="nmi",
    ),
    "ari": Metric(
        "clustering:ari_statistic",
        "bio",
        True,
        "Adjusted Rand index of labels and the Leiden clustering that matches best",
        tells_labels=True,
        scib="ari",
    ),
    "nmi_kmeans": Metric(
        "clustering:nmi_kmeans_statistic",
        "bio",
        False,
        "Normalised mutual information of labels and as many clusters by k-means",
        needs_embedding=True,
        tells_labels=True,
    ),
    "ari_kmeans": Metric(
        "clustering:ari_kmeans_statistic",
        "bio",
        False,
        "Adjusted Rand index of labels and as many clusters by k-means",
        needs_embedding=True,
        tells_labels=True,
    ),
    "silhouette_label": Metric(
        "silhouette:silhouette_label_statistic",
        "bio",
        True,
        "Mean silhouette width of cells by label, scaled to 0-1",
        needs_embedding=True,
        tells_labels=True,
        scib="silhouette",
    ),
    "isolated_label_f1": Metric(
        "isolated:isolated_label_f1_statistic",
        "bio",
        True,
        "Best F1 of a cluster against each label found in the fewest batches",
        tells_labels=True,
        scib="isolated_labels_f1",
    ),
    "isolated_label_silhouette": Metric(
        "isolated:isolated_label_silhouette_statistic",
        "bio",
        True,
        "Mean silhouette width of the labels found in the fewest batches",
        needs_embedding=True,
        tells_labels=True,
        scib="isolated_labels_asw",
    ),
    "clisi": Metric(
        "lisi:clisi_statistic",
        "bio",
        True,
        "Purity of neighbourhoods by label: inverse Simpson index, median, scaled to 0-1",
        tells_labels=True,
        scib="clisi_graph",
    ),
    "cell_cycle": Metric(
        "cell_cycle:cell_cycle_statistic",
        "bio",
        False,
        "How nearly cell cycle phases explain the share of variance that they did before, mean over batches",
        needs_embedding=True,
        needs_labels=False,
    ),
    "hvg_overlap": Metric(
        "hvg_overlap:hvg_overlap_statistic",
        "bio",
        False,
        "Share of the highly variable genes of a batch that stay so in corrected expression",
        needs_labels=False,
    ),
    "trajectory": Metric(
        "trajectory:trajectory_statistic",
        "bio",
        False,
        "Rank correlation of the given pseudotime with that of the integrated graph, scaled to 0-1",
    ),
    "silhouette_batch": Metric(
        "silhouette:silhouette_batch_statistic",
        "batch",
        False,
        "1 - |silhouette width by batch| within labels, mean over labels",
        needs_embedding=True,
        scib="silhouette_batch",
    ),
    "bras": Metric(
        "bras:bras_statistic",
        "batch",
        True,
        "Batch removal adapted silhouette: cosine, against the mean of all other batches",
        needs_embedding=True,
    ),
    "ilisi": Metric(
        "lisi:ilisi_statistic",
        "batch",
        True,
        "Mixing of batches in neighbourhoods: inverse Simpson index, median, scaled to 0-1",
        needs_labels=False,
        scib="ilisi_graph",
    ),
    "kbet": Metric(
        "kbet:kbet_statistic",
        "batch",
        True,
        "Share of cells whose neighbours have the batch mix of their label, mean over labels",
        scib="kBET",
    ),
    "graph_connectivity": Metric(
        "connectivity:graph_connectivity_statistic",
        "batch",
        True,
        "Share of each label in its largest connected part of the kNN graph",
        scib="graph_connectivity",
    ),
    "ilisi_within": Metric(
        "mixing:ilisi_within_statistic",
        "batch",
        False,
        "Mixing of batches among the cells of a label alone, which over-correction cannot raise",
    ),
    "pcr": Metric(
        "pcr:pcr_statistic",
        "batch",
        True,
        "Share of the variance explained by batch that integration removed",
        needs_embedding=True,
        needs_labels=False,
        scib="pcr_comparison",
    ),
}

DEFAULT_TOTAL: tuple[str, ...] = tuple(name for name, metric in METRICS.items() if metric.in_total)

#: metrics in the default total that look at batches alone
LABEL_FREE: tuple[str, ...] = tuple(
    name for name in DEFAULT_TOTAL if METRICS[name].group == "batch" and not METRICS[name].needs_labels
)


def load(name: str) -> Callable[[Cells], Statistic | None]:
    """Import the function of a metric."""
    module, function = METRICS[name].function.split(":")
    return getattr(import_module(f"scbraid.metrics.{module}"), function)


def applies(name: str, *, n_batches: int, n_labels: int, n_cells: int, has_dimensions: bool) -> bool:
    """Whether a metric can be computed at all.

    Parameters
    ----------
    name
        Name of the metric.
    n_batches
        Number of batches.
    n_labels, n_cells
        Number of labels, and of the cells that have one.
    has_dimensions
        Whether there is an embedding, and not a graph alone.
    """
    metric = METRICS[name]
    if metric.needs_embedding and not has_dimensions:
        return False
    if metric.group == "batch" and n_batches < 2:
        return False
    return not metric.tells_labels or 1 < n_labels < n_cells
