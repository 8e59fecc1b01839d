"""UMAPs: recolouring changes pixels, the pointer finds the cell, a legend entry singles out its cells."""

from __future__ import annotations

import pytest

from browser.chrome import ESCAPE, LEFT, RIGHT
from browser.scatter import Scatter, lone
from scbraid.plots.style import MISSING_COLOR, batch_colors, label_colors

UMAPS = "#d1-umap"
LABELS = ["B", "T", "all", "pDC"]


@pytest.fixture
def umap(browser, results, made) -> Scatter:
    """The UMAP of harmony."""
    browser.open(made.page)
    scatter = Scatter(browser, UMAPS, "harmony")
    scatter.see()
    return scatter


def choose(scatter: Scatter, coloring: str, chooses: str = "coloring") -> None:
    scatter.browser.click(f"{UMAPS} [data-chooses={chooses}] input[value='{coloring}']")
    scatter.see()


def legend(coloring: str, code: int) -> str:
    return f"{UMAPS} .legend[data-coloring={coloring}] button[data-code='{code}']"


def has_core_of(color: str, scatter: Scatter) -> bool:
    """Whether some pixels have almost this colour; a dot lets a little of the background through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    for found in scatter.colors:
        channels = [int(found[i : i + 2], 16) for i in (1, 3, 5)]
        if max(abs(channels[0] - red), abs(channels[1] - green), abs(channels[2] - blue)) <= 0.13 * 255:
            return True
    return False


def test_recolouring_changes_pixels_to_the_colours_of_the_palette(umap) -> None:
    by_batch = umap.picture
    assert umap.coloring == "batch"
    for color in batch_colors(["10x v2", "10x v3", "001"]).values():
        assert has_core_of(color, umap)
    choose(umap, "label")
    assert umap.coloring == "label"
    assert umap.picture != by_batch
    for color in label_colors(LABELS).values():
        assert has_core_of(color, umap)
    choose(umap, "batch")
    assert umap.picture == by_batch


@pytest.mark.parametrize("coloring", ["label", "prediction", "uncertainty"])
def test_every_panel_is_recoloured_and_its_legend_shown(umap, coloring) -> None:
    layouts = ["pca", "harmony", "scvi", "cvae_labels", "bbknn", "control_labels"]
    before = {layout: Scatter(umap.browser, UMAPS, layout) for layout in layouts}
    pictures = {}
    for layout, scatter in before.items():
        scatter.see()
        pictures[layout] = scatter.picture
    choose(umap, coloring)
    for layout, scatter in before.items():
        scatter.see()
        assert scatter.coloring == coloring
        assert scatter.picture != pictures[layout]
    shown = umap.browser.run(
        "return [...document.querySelectorAll('#d1-umap > .legend-for')].filter((legend) => legend.offsetHeight > 0)"
        ".flatMap((legend) => legend.dataset.for.split(' '))"
    )
    assert coloring in shown
    assert "batch" not in shown


def test_methods_without_a_prediction_of_the_classifier_say_so(umap) -> None:
    choose(umap, "prediction")
    lacks = "return arguments[0].querySelector('.lacking').offsetWidth > 0"
    assert not umap.browser.run(lacks, umap.figure())
    choose(umap, "head", "classifier")
    assert umap.browser.run(lacks, umap.figure())  # harmony has no classifier of its own
    own = Scatter(umap.browser, UMAPS, "cvae_labels")
    own.see()
    assert not umap.browser.run(lacks, own.figure())


def test_pointer_shows_the_cell_and_marks_it_in_every_panel(umap, results) -> None:
    layout = results.layouts["blood", "harmony", 0]
    obs = results.obs["blood"]
    places = umap.place(layout.to_numpy())
    cell = lone(places)
    before = umap.picture
    umap.browser.hover(*places[cell])
    name = layout.index[cell]
    predicted = results.predictions["blood", "knn", "harmony", 0].set_index("cell").reindex([name]).iloc[0]
    assert umap.tooltip[:3] == [name, f"batch: {obs.loc[name, 'batch']}", f"label: {obs.loc[name, 'label']}"]
    if predicted["decision"] == predicted["prediction"]:
        assert umap.tooltip[3] == f"knn with harmony: {predicted['prediction']}"
    assert set(umap.marked()) == {name}
    assert umap.picture != before
    umap.browser.hover(2, 2)
    assert umap.tooltip == []
    assert set(umap.marked()) == {None}
    assert umap.picture == before


def test_pointer_beside_a_cell_finds_it_and_far_away_finds_none(umap, results) -> None:
    places = umap.place(results.layouts["blood", "harmony", 0].to_numpy())
    cell = lone(places)
    x, y = places[cell]
    umap.browser.hover(x + 1, y - 1)
    assert umap.tooltip[0] == results.obs["blood"].index[cell]
    left, top = places.min(axis=0)
    umap.browser.hover(left - 8, top - 8)
    assert umap.tooltip == [] or abs(places - [left - 8, top - 8]).max(axis=1).min() <= 10


def test_arrow_keys_go_from_cell_to_cell(umap, results) -> None:
    layout = results.layouts["blood", "harmony", 0]
    x = dict(zip(layout.index, layout.to_numpy()[:, 0]))
    umap.browser.run("arguments[0].querySelector('canvas').focus()", umap.figure())
    seen = []
    for _ in range(4):
        umap.browser.press(RIGHT)
        seen.append(umap.tooltip[0])
    assert [x[name] for name in seen] == sorted(x[name] for name in set(seen))
    umap.browser.press(LEFT)
    assert x[umap.tooltip[0]] < x[seen[-1]]


def test_legend_singles_out_its_cells_until_escape(umap) -> None:
    whole, colors = umap.picture, batch_colors(["10x v2", "10x v3", "001"])
    umap.browser.click(legend("batch", 1))
    umap.see()
    assert umap.picture != whole
    assert has_core_of(colors["10x v2"], umap)  # second of the batches by name
    assert not has_core_of(colors["001"], umap)
    assert not has_core_of(colors["10x v3"], umap)
    assert has_core_of(MISSING_COLOR, umap)
    pressed = umap.browser.driver.find_element("css selector", legend("batch", 1)).get_attribute("aria-pressed")
    assert pressed == "true"
    umap.browser.press(ESCAPE)
    umap.browser.settle()
    assert umap.picture == whole


def test_colours_of_a_batch_are_the_same_everywhere(umap) -> None:
    swatches = umap.browser.run(
        "const found = {};"
        "for (const swatch of document.querySelectorAll('.swatch')) {"
        "  const name = swatch.parentNode.textContent.trim().split(' not in')[0];"
        "  const kind = swatch.closest('[data-coloring]')?.dataset.coloring ?? swatch.closest('table').tHead.rows"
        "[swatch.closest('table').tHead.rows.length - 1].cells[0].textContent;"
        "  (found[kind] ??= {}); (found[kind][name] ??= []).push(swatch.style.getPropertyValue('--light'));"
        "} return found;"
    )
    expected = {"batch": batch_colors(["10x v2", "10x v3", "001"]), "label": label_colors(LABELS)}
    for kind, palette in expected.items():
        assert {name: set(seen) for name, seen in swatches[kind].items()} == {n: {c} for n, c in palette.items()}
        assert all(len(seen) > 1 for seen in swatches[kind].values())
    predicted = {name: seen[0] for name, seen in swatches["prediction"].items() if name != "unknown"}
    assert predicted == expected["label"]
