"""Points of the page: they decode to the files, and very many are thinned out."""

from __future__ import annotations

import base64

import numpy as np

from scbraid.report.drawing import points as module
from unit.report.built import LABELS

NONE, REJECTED = 65535, 32768


def decode(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def test_umap_points_decode_to_layouts_and_labels(blood) -> None:
    points = blood.page().points["d1-cells"]
    obs = blood.obs["blood"]
    assert points["names"] == list(obs.index)
    for column in ("batch", "label"):
        names = [name for name, _, _ in points["palettes"][column]]
        assert [names[code] for code in decode(points["codes"][column], "<u2")] == list(obs[column])
    for run, layout in points["layouts"].items():
        written = blood.layouts["blood", run, 0].to_numpy()
        shares = decode(layout["xy"], "<u2").reshape(-1, 2) / NONE
        low, high = np.array(layout["low"]), np.array(layout["high"])
        assert np.abs(low + shares * (high - low) - written).max() < (high - low).max() / NONE


def test_predictions_decode_to_those_of_every_classifier(every_kind) -> None:
    points = every_kind.page().points["d1-cells"]
    obs = every_kind.obs["blood"]
    labels = [name for name, _, _ in points["palettes"]["label"]]
    assert [name for name, _, _ in points["palettes"]["prediction"]] == [*labels, "unknown"]
    shown = {(classifier, run) for run, layout in points["layouts"].items() for classifier in layout["predictions"]}
    ran = {(classifier, run) for classifier, run, _ in every_kind.transfers("blood") if run != "harmony"}
    assert shown == ran
    for classifier, run in shown:
        encoded = points["layouts"][run]["predictions"][classifier]
        seed = 1 if run == "scvi" else 0  # its first seed failed
        predicted = every_kind.predictions["blood", classifier, run, seed].set_index("cell").reindex(obs.index)
        codes = decode(encoded["codes"], "<u2")
        is_known = predicted["prediction"].notna().to_numpy()
        np.testing.assert_array_equal(codes != NONE, is_known)
        assert [labels[code % REJECTED] for code in codes[is_known]] == list(predicted["prediction"][is_known])
        np.testing.assert_array_equal(codes[is_known] >= REJECTED, predicted["decision"][is_known] == "unknown")
        for share in ("probability", "uncertainty"):
            steps = decode(encoded[share], "u1")
            np.testing.assert_array_equal(steps == 255, ~is_known)
            np.testing.assert_allclose(steps[is_known] / 254, predicted[share][is_known], atol=0.5001 / 254)


def test_landing_panels_and_grid_show_methods_that_have_a_layout(every_kind) -> None:
    page = every_kind.page()
    layouts = page.points["d1-cells"]["layouts"]
    assert set(layouts) == {run for run, _ in every_kind.runs} - {"harmony"}
    drawn = [a["data-layout"] for tag, a in page.tags if tag == "figure" and a.get("data-points") == "d1-cells"]
    assert set(drawn) == set(layouts)
    written = every_kind.layouts["blood", "scvi", 1].to_numpy()
    np.testing.assert_allclose(layouts["scvi"]["low"], written.min(axis=0))


def test_too_many_points_are_thinned_to_the_same_sample(make, tmp_path, monkeypatch) -> None:
    results = make(tmp_path, methods=("pca",), n_cells=200)
    obs = results.obs["blood"]
    full = results.page()
    monkeypatch.setattr(module, "MAX_POINTS", 50)
    page = results.page()
    assert page.source == results.page().source
    points = page.points["d1-cells"]
    names = points["names"]
    assert len(names) == len(set(names)) == 50
    assert names == [name for name in obs.index if name in names]
    labels = [LABELS[code] for code in decode(points["codes"]["label"], "<u2")]
    assert labels == list(obs.loc[names, "label"])
    predictions = points["layouts"]["pca"]["predictions"]["knn"]
    assert len(decode(predictions["uncertainty"], "u1")) == 50
    assert f"a random sample of 50 of the {len(obs)} cells" in page.words()
    assert "A random sample of 50 of the 200 cells." in page.words()
    assert "random sample" not in full.text
    assert page.table("classifier", "method") == full.table("classifier", "method")
