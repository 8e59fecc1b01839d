"""Every section renders, without an error on the console and without a request to anywhere."""

from __future__ import annotations

import pytest

SECTIONS = ("umap", "scores", "transfer", "qc", "genes", "training", "runs", "provenance")
MEGABYTE = 10**6


@pytest.fixture
def opened(browser, report):
    browser.open(report.page)
    return browser


def test_page_asks_for_nothing_but_itself_and_says_nothing_on_the_console(browser, report) -> None:
    browser.open(report.page)
    height = browser.run("return document.documentElement.scrollHeight")
    for top in range(0, height, 800):
        browser.run("scrollTo(0, arguments[0])", top)
        browser.settle()
    for summary in browser.driver.find_elements("css selector", "details:not([open]) > summary"):
        browser.run("arguments[0].click()", summary)
    for radio in browser.driver.find_elements("css selector", "input[type=radio]"):
        browser.run("arguments[0].click()", radio)
        browser.settle()
    assert browser.requests() == [report.page.as_uri()]
    assert browser.complaints() == []


def test_every_section_has_a_heading_and_content_of_some_height(opened) -> None:
    shown = opened.run(
        "return [...document.querySelectorAll('section')].map((section) => [section.id, section.offsetHeight,"
        " section.querySelector('h1, h2')?.textContent.trim(), section.textContent.trim().length])"
    )
    for name, height, heading, characters in shown:
        assert height > 100, name
        assert heading, name
        assert characters > 80, name
    names = {name.split("-")[-1] for name, *_ in shown}
    assert {"umap", "scores", "qc", "genes", "runs", "provenance", "config"} <= names


def test_report_of_every_kind_of_result_has_every_section(browser, made) -> None:
    browser.open(made.page)
    ids = browser.run("return [...document.querySelectorAll('section[id]')].map((section) => section.id)")
    assert ids == [*(f"d1-{name}" for name in SECTIONS), "config"]


def test_contents_lead_to_sections_below_the_masthead(opened) -> None:
    links = opened.driver.find_elements("css selector", "nav a")
    assert len(links) >= 2
    bottom = opened.run("return document.querySelector('.masthead').offsetHeight")
    for link in links:
        link.click()
        opened.settle()
        target = "document.querySelector(location.hash).getBoundingClientRect()"
        top, is_last = opened.run(f"return [{target}.top, innerHeight + scrollY + 2 > document.body.scrollHeight]")
        assert top >= bottom
        assert top < 200 or is_last


def test_every_panel_draws_its_points(opened) -> None:
    panels = opened.driver.find_elements("css selector", "figure.panel:not(.failed)")
    assert panels
    for panel in panels:
        opened.run("arguments[0].scrollIntoView({block: 'center'})", panel)
        opened.settle()
        drawn, colors = opened.run(
            "const canvas = arguments[0].querySelector('canvas');"
            "const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
            "return [arguments[0].dataset.drawn, new Set(new Uint32Array(data.buffer)).size];",
            panel,
        )
        assert drawn == panel.get_attribute("data-coloring")
        assert colors > 2


def test_every_drawing_has_a_size(opened) -> None:
    opened.run("for (const details of document.querySelectorAll('details')) details.open = true")
    drawings = opened.run(
        "return [...document.querySelectorAll('svg')].map((svg) =>"
        " [svg.getAttribute('aria-label'), svg.getBoundingClientRect().width, svg.getBBox().height])"
    )
    assert drawings
    assert [label for label, width, height in drawings if not (label and width > 20 and height > 5)] == []


def test_landing_answers_before_anything_else(opened) -> None:
    first = opened.run("return document.querySelector('h1').getBoundingClientRect().top")
    assert 0 < first < 200
    headline = opened.run("return document.querySelector('main h1').textContent")
    lede = opened.run("return document.querySelector('.lede')?.textContent ?? ''")
    if "data sets" not in headline:
        assert "scores highest on" in headline or "No method could be ranked" in headline
        assert "It took" in lede or "failed" in lede


def test_finished_report_is_small_enough_to_send(finished) -> None:
    assert finished.page.stat().st_size < 15 * MEGABYTE
