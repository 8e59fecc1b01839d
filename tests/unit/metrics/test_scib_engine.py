from __future__ import annotations

import numpy as np
import pytest

from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.sample import PROFILES
from scbraid.metrics.scib_engine import score_with_scib

SAME = ["nmi", "ari", "silhouette_label", "silhouette_batch", "graph_connectivity", "pcr"]


def of_scib(data, metrics: list[str] | None = None, **options) -> dict[str, float]:
    table = score_with_scib(data.known(resolutions=PROFILES["fast"].resolutions, **options), metrics=metrics)
    assert list(table.columns) == ["metric", "value", "group"]
    return table.set_index("metric")["value"].to_dict()


def test_scib_gives_the_scores_that_ours_give(mixed):
    labels = mixed.labels.astype(object)
    labels[::7] = "unknown"
    data = mixed.with_(labels=labels, embedding=mixed.embedding + 2 * (mixed.batch == "one")[:, None].astype("f4"))
    ours = data.score(resolutions=PROFILES["fast"].resolutions)
    theirs = of_scib(data)
    assert {name: theirs[name] for name in SAME} == pytest.approx({name: ours[name] for name in SAME}, abs=1e-6)
    assert not {"bras", "ilisi_within", "nmi_kmeans", "cell_cycle"} & set(theirs)


def test_only_what_was_asked_for_is_computed(mixed):
    assert list(of_scib(mixed, metrics=["pcr", "bras", "nmi"])) == ["nmi", "pcr"]
    assert list(of_scib(mixed, labels=None, metrics=["pcr", "nmi"])) == ["pcr"]


def test_metrics_apply_as_ours_do(mixed):
    one_batch = of_scib(mixed, batch=np.full(600, "one"))
    assert {"nmi", "ari"} <= set(one_batch)
    assert not {"graph_connectivity", "silhouette_batch", "pcr", "isolated_label_f1"} & set(one_batch)
    assert not {"nmi", "ari", "silhouette_label"} & set(of_scib(mixed, labels=np.full(600, "T")))


def test_a_failed_run_has_no_scores(mixed):
    nothing = mixed.with_(embedding=np.empty((600, 0), dtype=np.float32))
    assert of_scib(nothing, neighbors=nearest_neighbors(nothing.embedding)) == {}


def test_no_pca_has_no_pcr(mixed):
    assert of_scib(mixed.with_(pca=None), metrics=["pcr", "graph_connectivity"]) == {"graph_connectivity": 1}
