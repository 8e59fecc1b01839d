"""The sections `qc`, `features` and `pca` of a config, and what a data set sets for itself alone."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve
from unit.config.configs import config, mistake


def test_defaults() -> None:
    resolved = resolve(config())
    assert resolved["datasets"]["d"]["qc"] == {
        "mads_log_counts": 5,
        "mads_log_genes": 5,
        "mads_top_20": 5,
        "mads_mitochondrial": 3,
        "min_counts": None,
        "max_counts": None,
        "min_genes": None,
        "max_genes": None,
        "max_mitochondrial": None,
        "scrublet": True,
        "max_doublet_score": None,
        "allow_large_loss": False,
    }
    assert resolved["datasets"]["d"]["features"] == {
        "flavor": "seurat_v3",
        "n_top_genes": 2000,
        "genes": None,
        "exclude": [],
    }
    assert resolved["pca"] == {"n_comps": 30}
    assert not {"qc", "features"} & set(resolved)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config("pca: {n_comp: 3}"), "config: pca: unknown key 'n_comp', did you mean 'n_comps'?"),
        (config("qc: {mads_mito: 3}"), "config: qc: unknown key 'mads_mito', did you mean 'mads_mitochondrial'?"),
        (
            config("features: {n_top_gene: 3}"),
            "config: features: unknown key 'n_top_gene', did you mean 'n_top_genes'?",
        ),
        (
            config(dataset="qc: {min_count: 3}"),
            "config: datasets/d/qc: unknown key 'min_count', did you mean 'min_counts'?",
        ),
        (
            config(dataset="features: {flavour: seurat}"),
            "config: datasets/d/features: unknown key 'flavour', did you mean 'flavor'?",
        ),
        (
            config("features: {flavor: seurat_v4}"),
            "config: features/flavor is 'seurat_v4', did you mean 'seurat_v3'?",
        ),
        (
            config("features: {exclude: [mito]}"),
            "config: features/exclude/0 is 'mito', did you mean 'mitochondrial'?",
        ),
        (config("pca: 3"), "config: pca is 3; it should be a mapping (key: value)"),
        (config("pca: {n_comps: 1}"), "config: pca/n_comps: 1 is less than the minimum of 2"),
        (config("qc: {scrublet: 1}"), "config: qc/scrublet is 1; it should be true or false"),
        (
            config("qc: {min_counts: many}"),
            "config: qc/min_counts is 'many'; it should be a finite number or null",
        ),
        (
            config(dataset='features: {n_top_genes: "2000"}'),
            "config: datasets/d/features/n_top_genes is '2000'; it should be a whole number; "
            "YAML reads this as text, write 2000",
        ),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


def test_limit_of_doublet_scores_needs_these() -> None:
    message = mistake(config(dataset="qc: {scrublet: false, max_doublet_score: 0.3}"))
    assert message == "config: qc/max_doublet_score of 'd' needs doublet scores, but qc/scrublet is false"


def test_data_set_overrides_some_keys_of_qc_and_features() -> None:
    given = config("qc: {min_genes: 7, mads_top_20: null}\nfeatures: {n_top_genes: 100}", dataset="qc: {min_genes: 9}")
    given["datasets"]["e"] = {"source": "e.h5ad", "batch": "b", "features": {"exclude": ["ribosomal"]}}
    resolved = resolve(given)["datasets"]
    assert [resolved[name]["qc"]["min_genes"] for name in "de"] == [9, 7]
    assert [resolved[name]["qc"]["mads_top_20"] for name in "de"] == [None, None]
    assert [resolved[name]["features"]["n_top_genes"] for name in "de"] == [100, 100]
    assert [resolved[name]["features"]["exclude"] for name in "de"] == [[], ["ribosomal"]]


def test_override_with_null_turns_a_rule_off() -> None:
    resolved = resolve(config("qc: {max_counts: 9}", dataset="qc: {max_counts: null, mads_log_counts: null}"))
    assert resolved["datasets"]["d"]["qc"]["max_counts"] is None
    assert resolved["datasets"]["d"]["qc"]["mads_log_counts"] is None
