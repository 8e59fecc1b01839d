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
    tells_labels
        Whether it looks how labels keep apart; such a metric needs several, and fewer than cells.
    in_scib
        Whether the package scib computes it from an embedding, labels and batches.
    """

    group: str
    in_total: bool
    description: str
    needs_embedding: bool = False
    tells_labels: bool = False
    in_scib: bool = True


#: what each group of metrics is called in figures and tables
GROUPS = {"bio": "bio conservation", "batch": "batch correction"}

METRICS: dict[str, Metric] = {
    "nmi": Metric(
        "bio",
        True,
        "Normalised mutual information of labels and the Leiden clustering that matches best",
        tells_labels=True,
    ),
    "ari": Metric(
        "bio", True, "Adjusted Rand index of labels and the Leiden clustering that matches best", tells_labels=True
    ),
    "nmi_kmeans": Metric(
        "bio",
        False,
        "Normalised mutual information of labels and as many clusters by k-means",
        needs_embedding=True,
        tells_labels=True,
        in_scib=False,
    ),
    "ari_kmeans": Metric(
        "bio",
        False,
        "Adjusted Rand index of labels and as many clusters by k-means",
        needs_embedding=True,
        tells_labels=True,
        in_scib=False,
    ),
    "silhouette_label": Metric(
        "bio", True, "Mean silhouette width of cells by label, scaled to 0-1", needs_embedding=True, tells_labels=True
    ),
    "isolated_label_f1": Metric(
        "bio", True, "Best F1 of a cluster against each label found in the fewest batches", tells_labels=True
    ),
    "isolated_label_silhouette": Metric(
        "bio",
        True,
        "Mean silhouette width of the labels found in the fewest batches",
        needs_embedding=True,
        tells_labels=True,
    ),
    "clisi": Metric(
        "bio",
        True,
        "Purity of neighbourhoods by label: inverse Simpson index, median, scaled to 0-1",
        tells_labels=True,
    ),
    "cell_cycle": Metric(
        "bio",
        False,
        "How nearly cell cycle phases explain the share of variance that they did before, mean over batches",
        needs_embedding=True,
        in_scib=False,
    ),
    "hvg_overlap": Metric(
        "bio",
        False,
        "Share of the highly variable genes of a batch that stay so in corrected expression",
        in_scib=False,
    ),
    "trajectory": Metric(
        "bio",
        False,
        "Rank correlation of the given pseudotime with that of the integrated graph, scaled to 0-1",
        in_scib=False,
    ),
    "silhouette_batch": Metric(
        "batch", False, "1 - |silhouette width by batch| within labels, mean over labels", needs_embedding=True
    ),
    "bras": Metric(
        "batch",
        True,
        "Batch removal adapted silhouette: cosine, against the mean of all other batches",
        needs_embedding=True,
        in_scib=False,
    ),
    "ilisi": Metric("batch", True, "Mixing of batches in neighbourhoods: inverse Simpson index, median, scaled to 0-1"),
    "kbet": Metric(
        "batch", True, "Share of cells whose neighbours have the batch mix of their label, mean over labels"
    ),
    "graph_connectivity": Metric("batch", True, "Share of each label in its largest connected part of the kNN graph"),
    "ilisi_within": Metric(
        "batch",
        False,
        "Mixing of batches among the cells of a label alone, which over-correction cannot raise",
        in_scib=False,
    ),
    "pcr": Metric(
        "batch", True, "Share of the variance explained by batch that integration removed", needs_embedding=True
    ),
}

DEFAULT_TOTAL: tuple[str, ...] = tuple(name for name, metric in METRICS.items() if metric.in_total)

#: metrics in the default total that look at batches alone
LABEL_FREE: tuple[str, ...] = ("ilisi", "pcr")


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
