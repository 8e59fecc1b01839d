"""One measured job of metrics.py: from an embedding on disk to a written table of scores, by one implementation.

    python tests/benchmarks/metrics_job.py scbraid FOLDER scores.tsv --metrics nmi ari

FOLDER holds embedding.parquet and pca.parquet (cells x dimensions) and cells.parquet (batch, label). Imports are those
of the implementation that runs, so that each pays for its own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import pandas as pd

KEYS = {"batch_key": "batch", "label_key": "label"}
#: what one call of an implementation computes, in our names
METRICS_OF = {
    "scib_metrics": [
        *("nmi", "ari", "nmi_kmeans", "ari_kmeans", "silhouette_label", "isolated_label_silhouette", "clisi"),
        *("bras", "ilisi", "kbet", "graph_connectivity", "pcr"),
    ],
    "scib": [
        *("nmi", "ari", "silhouette_label", "isolated_label_f1", "isolated_label_silhouette", "clisi"),
        *("silhouette_batch", "ilisi", "graph_connectivity", "pcr"),
    ],
}
#: one metric for each part of the work; NMI pays for Leiden's sweep
STAGES = [
    *("nmi", "nmi_kmeans", "silhouette_label", "silhouette_batch", "bras", "clisi", "ilisi", "ilisi_within", "kbet"),
    *("graph_connectivity", "pcr"),
]


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Embedding, PCA before integration, and batch and label of the cells."""
    return tuple(pd.read_parquet(folder / f"{name}.parquet") for name in ("embedding", "pca", "cells"))


def scbraid(options: argparse.Namespace) -> pd.DataFrame:
    """Our engine with all metrics, or those given."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow"))
    from scbraid.graphs.neighbors import nearest_neighbors
    from scbraid.metrics.cells import Cells
    from scbraid.metrics.engine import score
    from scbraid.metrics.sample import PROFILES, stratified

    embedding, pca, cells = tables(options.folder)
    clock, profile = Clock(), PROFILES[options.profile]
    kept = stratified(cells, profile.max_cells)
    points, cells = embedding.to_numpy()[kept], cells.iloc[kept]
    known = {"batch": cells["batch"], "labels": cells["label"], "pca": pca.to_numpy()[kept]}
    known |= {"neighbors": nearest_neighbors(points), "resolutions": profile.resolutions}
    clock.stop("neighbours")
    if options.stages is None:
        return score(Cells.of(points, **known), metrics=options.metrics)
    parts = []
    for metric in STAGES:
        parts.append(score(Cells.of(points, **known), metrics=[metric]))
        clock.stop(metric)
    pd.DataFrame(clock.rows, columns=["stage", "seconds", "peak_gb_so_far"]).to_csv(
        options.stages, sep="\t", index=False
    )
    return pd.concat(parts)


class Clock:
    """Seconds from one stop to the next, and the most memory so far."""

    def __init__(self) -> None:
        self.started, self.rows = time.perf_counter(), []

    def stop(self, stage: str) -> None:
        """Note a stage that ends here."""
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        self.rows.append((stage, round(time.perf_counter() - self.started, 2), round(peak_gb, 2)))
        self.started = time.perf_counter()


def scib_metrics(options: argparse.Namespace) -> pd.DataFrame:
    """Run the Benchmarker of scib-metrics with everything that it computes."""
    import numpy as np
    from anndata import AnnData
    from scib_metrics.benchmark import BatchCorrection, Benchmarker, BioConservation

    embedding, pca, cells = tables(options.folder)
    adata = AnnData(np.zeros((len(cells), 1), np.float32), obs=cells)
    adata.obsm.update({"embedding": embedding.to_numpy(), "pca": pca.to_numpy()})
    benchmarker = Benchmarker(
        adata,
        **KEYS,
        embedding_obsm_keys=["embedding"],
        bio_conservation_metrics=BioConservation(nmi_ari_cluster_labels_leiden={"n_jobs": options.threads}),
        batch_correction_metrics=BatchCorrection(),
        pre_integrated_embedding_obsm_key="pca",
        n_jobs=options.threads,
        progress_bar=False,
    )
    benchmarker.benchmark()
    return benchmarker.get_results(min_max_scale=False).T


def scib(options: argparse.Namespace) -> pd.DataFrame:
    """Run the functions of scib; its kBET needs R and is left out."""
    import numpy as np
    import scanpy as sc
    import scib as package
    from anndata import AnnData

    embedding, pca, cells = tables(options.folder)
    adata = AnnData(np.zeros((len(cells), 1), np.float32), obs=cells)
    adata.obsm.update({"X_emb": embedding.to_numpy(), "X_pca": pca.to_numpy()})
    adata.uns["pca"] = {"variance": pca.to_numpy().var(axis=0, ddof=1)}
    sc.pp.neighbors(adata, use_rep="X_emb")
    me, quiet, graph = package.me, {"verbose": False}, {"type_": "knn", "n_cores": options.threads}
    resolutions = package.cl.get_resolutions(n=20, max=2)
    leiden = {"flavor": "igraph", "n_iterations": 2, "directed": False}
    package.cl.cluster_optimal_resolution(adata, "label", "cluster", resolutions=resolutions, **leiden, **quiet)
    scores = {
        "nmi": me.nmi(adata, "cluster", "label"),
        "ari": me.ari(adata, "cluster", "label"),
        "silhouette_label": me.silhouette(adata, "label", "X_emb"),
        "isolated_label_f1": me.isolated_labels_f1(adata, embed=None, **KEYS, **quiet),
        "isolated_label_silhouette": me.isolated_labels_asw(adata, embed="X_emb", **KEYS, **quiet),
        "clisi": me.clisi_graph(adata, "label", **graph),
        "silhouette_batch": me.silhouette_batch(adata, embed="X_emb", **KEYS, **quiet),
        "ilisi": me.ilisi_graph(adata, "batch", **graph),
        "graph_connectivity": me.graph_connectivity(adata, "label"),
        "pcr": me.pcr_comparison(adata, adata, "batch", embed="X_emb"),
    }
    return pd.DataFrame(list(scores.items()), columns=["metric", "value"])


IMPLEMENTATIONS = {"scbraid": scbraid, "scib_metrics": scib_metrics, "scib": scib}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("implementation", choices=list(IMPLEMENTATIONS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--metrics", nargs="+", help="of scbraid; all by default")
    parser.add_argument("--profile", default="full", help="of scbraid")
    parser.add_argument("--stages", type=Path, help="of scbraid: compute metrics one by one, write seconds and memory")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    IMPLEMENTATIONS[options.implementation](options).to_csv(options.output, sep="\t")


if __name__ == "__main__":
    main()
