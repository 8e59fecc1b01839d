"""On paper the page is complete: several sheets, light, static figures in place of what needs a pointer."""

from __future__ import annotations

import re

import pytest

from browser.scatter import Scatter

PAPER = 718  # width of an A4 sheet between its margins, in pixels
VISIBLE = "return [...document.querySelectorAll(arguments[0])].map((element) => element.checkVisibility())"


@pytest.fixture
def opened(browser, report):
    browser.open(report.page)
    return browser


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_printing_gives_several_sheets(opened) -> None:
    pdf = opened.pdf()
    assert pdf.startswith(b"%PDF-")
    assert 3 <= sheets(pdf) <= 40


def test_static_figures_are_printed_in_place_of_choices(opened) -> None:
    def shown(selector: str) -> set[bool]:
        return set(opened.run(VISIBLE, selector))

    assert shown(".static img") == {False}
    assert all(True in shown(selector) for selector in (".choice", ".panels", "nav", "table.scores"))
    opened.emulate(medium="print")
    assert shown(".static img") == {True}
    assert all(shown(selector) == {False} for selector in (".choice", ".panels", "nav"))
    assert shown("table.scores") == {True}
    assert False not in shown(".landing canvas")
    sizes = opened.run(
        "return [...document.querySelectorAll('.static img')].map((img) => [img.naturalWidth, img.width])"
    )
    assert all(natural > 100 and width > 100 for natural, width in sizes)


def test_paper_is_white_even_on_a_dark_screen(browser, made) -> None:
    browser.open(made.page, scheme="dark")
    browser.emulate(medium="print", scheme="dark")
    colors = browser.run(
        "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color, innerWidth]"
    )
    assert colors[:2] == ["rgba(0, 0, 0, 0)", "rgb(28, 30, 34)"]


def test_printing_changes_nothing_on_the_screen(browser, made) -> None:
    browser.open(made.page, scheme="dark")
    panel = Scatter(browser, ".landing", "pca")
    panel.see()
    before, folded = panel.picture, browser.run("return document.querySelectorAll('details:not([open])').length")
    browser.pdf()
    browser.settle()
    panel.see()
    assert panel.picture == before
    assert browser.run("return document.querySelectorAll('details:not([open])').length") == folded > 0


def test_what_is_folded_is_printed(browser, made) -> None:
    browser.open(made.page)
    browser.run(
        "window.shown = null; addEventListener('beforeprint', () => {"
        " window.shown = document.querySelector('.yaml').checkVisibility(); });"
    )
    browser.pdf()
    assert browser.run("return window.shown") is True


def test_nothing_is_cut_off_on_paper(browser, report) -> None:
    """Chromium shrinks a page that is too wide, to no less than half its size."""
    browser.open(report.page, width=PAPER)
    browser.emulate(medium="print")
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    browser.settle()
    ends = browser.run(
        "return [...document.querySelectorAll('main *')].map((element) => element.getBoundingClientRect().right)"
    )
    assert max(ends) < 2 * PAPER
    assert browser.run("return document.querySelector('.standing').getBoundingClientRect().right") <= PAPER
