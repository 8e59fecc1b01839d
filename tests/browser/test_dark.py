"""On a dark screen the page is dark; on both, text stands out (WCAG 2.2 AA)."""

from __future__ import annotations

import pytest

from browser.scatter import Scatter

ENOUGH = 4.5
# Text of every visible element with its colour, and the colours behind it up to the first that is opaque.
TEXTS = """
const parse = (color) => {
  const numbers = color.match(/-?[\\d.]+/g).map(Number);
  const unit = color.startsWith("color(") ? 255 : 1;
  return [...numbers.slice(0, 3).map((value) => value * unit), numbers[3] ?? 1];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (!text || !element.checkVisibility() || element.closest("svg, script, .unseen, .skip, .masthead")) continue;
  const behind = [];
  for (let at = element; at; at = at.parentElement) behind.push(parse(getComputedStyle(at).backgroundColor));
  found.push([text.slice(0, 40), parse(getComputedStyle(element).color), behind]);
}
return found;
"""


def over(front: list[float], back: list[float]) -> list[float]:
    """Colour that is seen where one lies over another."""
    opacity = front[3]
    return [*(opacity * f + (1 - opacity) * b for f, b in zip(front[:3], back[:3])), 1.0]


def luminance(color: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in color[:3])]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: list[float], other: list[float]) -> float:
    bright, dim = sorted((luminance(color), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def background(layers: list[list[float]]) -> list[float]:
    """Colour of layers, the nearest first, over white paper."""
    seen = [255, 255, 255, 1.0]
    for layer in reversed(layers):
        seen = over(layer, seen)
    return seen


@pytest.fixture(params=["light", "dark"])
def scheme(request, browser, report) -> str:
    browser.open(report.page, scheme=request.param)
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    browser.settle()
    return request.param


def test_page_is_as_bright_as_the_screen_asks(browser, scheme) -> None:
    texts = browser.run(TEXTS)
    page = luminance(background(texts[0][2]))
    assert page < 0.03 if scheme == "dark" else page > 0.9


def test_text_stands_out_from_what_is_behind(browser, scheme) -> None:
    texts = browser.run(TEXTS)
    assert len(texts) > 200
    found = {
        (text, round(contrast(over(color, background(behind)), background(behind)), 2)) for text, color, behind in texts
    }
    assert sorted((value, text) for text, value in found if value < ENOUGH) == []


def test_panels_follow_the_screen_while_the_page_is_open(browser, made) -> None:
    browser.open(made.page)
    panel = Scatter(browser, "#d1-umap", "pca")
    panel.see()
    light = panel.colors
    browser.emulate(scheme="dark")
    browser.settle()
    dark = panel.colors
    assert max(light, key=light.get) == "#ffffff"
    assert max(dark, key=dark.get) == "#1b1d21"
