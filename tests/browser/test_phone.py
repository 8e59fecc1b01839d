"""The page fits a phone's width: what is wider scrolls in its own box."""

from __future__ import annotations

import pytest

from browser.scatter import Scatter, lone

WIDTH = 360
OVERFLOWING = """
const inBox = (element) => element.closest(".scroll, nav, .yaml, .blank, .unseen, .skip") !== null;
const isOutside = ({ width, left, right }) => width > 0 && (right > innerWidth + 1 || left < -1);
return [...document.querySelectorAll("body *")]
  .filter((element) => !inBox(element) && isOutside(element.getBoundingClientRect()))
  .map((element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 40)}`);
"""


@pytest.fixture
def phone(browser, report):
    browser.open(report.page, width=WIDTH, height=740)
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    browser.settle()
    return browser


def test_page_does_not_scroll_sideways(phone) -> None:
    assert phone.run("return [innerWidth, document.scrollingElement.scrollWidth]") == [WIDTH, WIDTH]
    assert phone.run(OVERFLOWING) == []


def test_text_is_large_enough_to_read(phone) -> None:
    sizes = phone.run("""
      const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
      const found = {};
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.offsetWidth || element.closest("svg, script")) continue;
        const size = parseFloat(getComputedStyle(element).fontSize);
        found[size] ??= walker.currentNode.textContent.trim().slice(0, 30);
      }
      return found;
    """)
    assert min(float(size) for size in sizes) >= 12, sizes


def test_panels_stand_two_beside_each_other_and_take_the_width(phone) -> None:
    boxes = phone.run(
        "return [...document.querySelectorAll('#d1-umap .panels canvas')].map((canvas) =>"
        " { const box = canvas.getBoundingClientRect(); return [box.left, box.width, box.height]; })"
    )
    assert all(140 < width < WIDTH / 2 and abs(width - height) <= 1 for _, width, height in boxes)
    assert len({round(left) for left, *_ in boxes}) == 2


def test_touching_a_panel_shows_the_cell(browser, results, made) -> None:
    browser.open(made.page, width=WIDTH, height=740)
    scatter = Scatter(browser, "#d1-umap", "pca")
    scatter.see()
    layout = results.layouts["blood", "pca", 0]
    places = scatter.place(layout.to_numpy())
    cell = lone(places)
    browser.tap(*places[cell])
    assert scatter.tooltip[0] == layout.index[cell]
    right = browser.run("return document.querySelector('.tooltip').getBoundingClientRect().right")
    assert right <= WIDTH
