"""Everything can be reached and used with the keyboard, and the focus is always seen."""

from __future__ import annotations

import pytest

from browser.chrome import DOWN, ENTER, TAB

FOCUSED = """
const focused = document.activeElement;
const style = getComputedStyle(focused);
const box = focused.getBoundingClientRect();
return {
  tag: focused.tagName.toLowerCase(),
  text: focused.textContent.trim().slice(0, 60),
  classes: [...focused.classList],
  is_outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
  is_in_sight: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  type: focused.type ?? null,
  value: focused.value ?? null,
};
"""
MOST_STOPS = 600


@pytest.fixture
def stops(browser, made) -> list[dict]:
    """What has the focus, stop by stop from the top of the page to its end."""
    browser.open(made.page)
    found = []
    for _ in range(MOST_STOPS):
        browser.press(TAB)
        found.append(browser.run(FOCUSED))
        if found[-1]["tag"] == "body":
            return found[:-1]
    raise AssertionError(f"more than {MOST_STOPS} stops")


def test_every_stop_is_seen(stops) -> None:
    assert [stop["text"] for stop in stops if not stop["is_outlined"]] == []
    assert [stop["text"] for stop in stops if not stop["is_in_sight"]] == []


def test_first_stops_are_the_skip_link_and_the_contents(stops) -> None:
    assert stops[0]["text"] == "Skip to the results"
    contents = ["UMAPs", "Scores", "Label transfer", "Quality", "Genes", "Training", "Runs", "Failures"]
    assert [stop["text"] for stop in stops[1:11]] == [*contents, "Provenance", "Config"]


def test_tabs_reach_whatever_can_be_used(browser, stops) -> None:
    """Choices of colour (one stop a group), panels, legends, headings of tables, what is folded, the config."""
    count = "return [...document.querySelectorAll(arguments[0])].filter((element) => element.checkVisibility()).length"
    radios = [stop["value"] for stop in stops if stop["type"] == "radio"]
    assert radios == ["batch", "outcome"]
    for selector, reached in {
        "canvas": sum(stop["tag"] == "canvas" for stop in stops),
        "button.sort": sum("sort" in stop["classes"] for stop in stops),
        ".legend button": sum(
            stop["tag"] == "button" and not {"sort", "save"} & set(stop["classes"]) for stop in stops
        ),
        "summary": sum(stop["tag"] == "summary" for stop in stops),
        "button.save": sum("save" in stop["classes"] for stop in stops),
    }.items():
        assert reached == browser.run(count, selector) > 0, selector


def test_skip_link_leads_past_the_contents(browser, made) -> None:
    browser.open(made.page)
    browser.press(TAB, ENTER, TAB)
    focused = browser.run(FOCUSED)
    assert focused["text"] not in ("UMAPs", "Scores")
    assert browser.run("return document.querySelector('main').contains(document.activeElement)")


def test_arrow_keys_choose_the_colour(browser, made) -> None:
    browser.open(made.page)
    browser.run("document.querySelector('#d1-umap input[value=batch]').focus()")
    browser.press(DOWN)
    browser.settle()
    drawn = "return document.querySelector('#d1-umap figure.panel').dataset.drawn"
    assert browser.run(drawn) == "label"
    browser.press(DOWN)
    browser.settle()
    assert browser.run(drawn) == "prediction"


def test_what_is_folded_opens_with_a_key(browser, made) -> None:
    browser.open(made.page)
    browser.run("document.querySelector('#config summary').focus()")
    is_shown = "return document.querySelector('.yaml').checkVisibility()"
    assert not browser.run(is_shown)
    browser.press(ENTER)
    assert browser.run(is_shown)
