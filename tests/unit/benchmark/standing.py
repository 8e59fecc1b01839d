"""Summaries of a benchmark with known scores."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from scbraid.benchmark.summary import gather, summarize

GROUPS = {"nmi": "bio", "isolated_label_f1": "bio", "silhouette_batch": "batch", "ilisi": "batch", "pcr": "batch"}
#: metrics of every method with one seed after the other
SCORES: dict[str, dict[str, list[float]]] = {
    "scvi": {"nmi": [0.8, 0.7], "isolated_label_f1": [0.6, 0.5], "silhouette_batch": [0.9, 0.9], "ilisi": [0.5, 0.7]},
    "harmony": {"nmi": [0.72], "isolated_label_f1": [0.6], "silhouette_batch": [0.8], "ilisi": [0.4]},
    "bbknn": {"nmi": [0.6], "isolated_label_f1": [1.0], "ilisi": [0.3]},
    "pca": {"nmi": [0.75], "isolated_label_f1": [0.5], "silhouette_batch": [0.7], "ilisi": [0.0]},
    "control_labels": {"nmi": [1.0], "isolated_label_f1": [1.0], "silhouette_batch": [0.95], "ilisi": [0.6]},
    "sysvi": {},
}
SECONDS = {"scvi": [100.0, 140.0], "harmony": [2.0], "bbknn": [20.0], "pca": [0.5], "control_labels": [0.001]}
DEVICES = {"scvi": "cuda:0"}


def standing(*names: str, only: tuple[str, ...] = (), **options: Any) -> pd.DataFrame:
    """Summary of the methods named (all of them by default), of some metrics alone where asked."""
    tables, runs = {}, {}
    for name in names or SCORES:
        metrics = {metric: values for metric, values in SCORES[name].items() if not only or metric in only}
        for seed in range(len(SECONDS.get(name, [0.0]))):
            rows = [(metric, values[seed], GROUPS[metric]) for metric, values in metrics.items()]
            tables[name, seed] = pd.DataFrame(rows, columns=["metric", "value", "group"])
            runs[name, seed] = {
                "seconds": SECONDS[name][seed] if metrics else math.nan,
                "peak_ram_mb": 500.0,
                "device": DEVICES.get(name, "cpu"),
                "is_control": name.startswith("control"),
                "needs_labels": False,
                "is_graph": name == "bbknn",
                "failed": None if metrics else "ValueError: no convergence",
            }
    return summarize(gather(tables), runs, **options)
