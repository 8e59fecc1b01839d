"""Names, groups and meanings of the metrics. Imports nothing heavy: the config is checked against it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What a metric is, apart from how it is computed.

    Attributes
    ----------
    group
        ``bio`` for conservation of biology, ``batch`` for removal of batch effects.
    in_total
        Whether the default total averages it.
    description
        One line for reports.
    needs_embedding
        Whether it measures distances in the embedding; such a metric does not apply to a graph.
    """

    group: str
    in_total: bool
    description: str
    needs_embedding: bool = False


METRICS: dict[str, Metric] = {
    "nmi": Metric("bio", True, "Normalised mutual information of labels and the Leiden clustering that matches best"),
    "ari": Metric("bio", True, "Adjusted Rand index of labels and the Leiden clustering that matches best"),
    "nmi_kmeans": Metric(
        "bio",
        False,
        "Normalised mutual information of labels and as many clusters by k-means",
        needs_embedding=True,
    ),
    "ari_kmeans": Metric(
        "bio", False, "Adjusted Rand index of labels and as many clusters by k-means", needs_embedding=True
    ),
    "silhouette_label": Metric(
        "bio", True, "Mean silhouette width of cells by label, scaled to 0-1", needs_embedding=True
    ),
    "isolated_label_f1": Metric("bio", True, "Best F1 of a cluster against each label found in the fewest batches"),
    "isolated_label_silhouette": Metric(
        "bio", True, "Mean silhouette width of the labels found in the fewest batches", needs_embedding=True
    ),
    "clisi": Metric("bio", True, "Purity of neighbourhoods by label: inverse Simpson index, median, scaled to 0-1"),
    "cell_cycle": Metric(
        "bio",
        False,
        "How nearly cell cycle phases explain the share of variance that they did before, mean over batches",
        needs_embedding=True,
    ),
    "hvg_overlap": Metric(
        "bio", False, "Share of the highly variable genes of a batch that stay so in corrected expression"
    ),
    "trajectory": Metric(
        "bio", False, "Rank correlation of the given pseudotime with that of the integrated graph, scaled to 0-1"
    ),
    "silhouette_batch": Metric(
        "batch", False, "1 - |silhouette width by batch| within labels, mean over labels", needs_embedding=True
    ),
    "bras": Metric(
        "batch",
        True,
        "Batch removal adapted silhouette: cosine, against the mean of all other batches",
        needs_embedding=True,
    ),
    "ilisi": Metric("batch", True, "Mixing of batches in neighbourhoods: inverse Simpson index, median, scaled to 0-1"),
    "kbet": Metric(
        "batch", True, "Share of cells whose neighbours have the batch mix of their label, mean over labels"
    ),
    "graph_connectivity": Metric("batch", True, "Share of each label in its largest connected part of the kNN graph"),
    "ilisi_within": Metric(
        "batch", False, "Mixing of batches among the cells of a label alone, which over-correction cannot raise"
    ),
    "pcr": Metric(
        "batch", True, "Share of the variance explained by batch that integration removed", needs_embedding=True
    ),
}

DEFAULT_TOTAL: tuple[str, ...] = tuple(name for name, metric in METRICS.items() if metric.in_total)

#: metrics in the default total that look at batches alone
LABEL_FREE: tuple[str, ...] = ("ilisi", "pcr")
