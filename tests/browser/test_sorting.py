"""Tables sort by any column, with the pointer and with the keyboard."""

from __future__ import annotations

import pytest

from browser.chrome import ENTER, SPACE

SCORES = "#d1-scores table.scores"
STATE = """
const heading = [...document.querySelectorAll(arguments[0] + " th")].find((th) => th.textContent === arguments[1]);
const rows = [...heading.closest("table").tBodies[0].rows];
return [rows.map((row) => row.cells[heading.cellIndex].dataset.value), heading.ariaSort];
"""
BUTTON = """
return [...document.querySelectorAll(arguments[0] + " .sort")].find((button) => button.textContent === arguments[1]);
"""
# Presses every heading and compares what stands in its column with what it says of the order.
WRONG_ORDERS = """
const wrong = [];
for (const table of document.querySelectorAll("table.sortable")) {
  const rows = () => [...table.tBodies[0].rows];
  const text = () => rows().map((row) => row.textContent).sort().join();
  const whole = text();
  for (const button of table.querySelectorAll(".sort")) {
    button.click();
    const heading = button.closest("th");
    const sign = heading.ariaSort === "ascending" ? 1 : -1;
    const cells = rows().map((row) => row.cells[heading.cellIndex]);
    const values = cells.map((cell) => cell.dataset.value ?? cell.textContent.trim()).filter((value) => value !== "");
    const isNumber = values.every((value) => !Number.isNaN(Number(value)));
    const compare = (a, b) => sign * (isNumber ? a - b : a.localeCompare(b));
    const isSorted = values.every((value, i) => i === 0 || compare(values[i - 1], value) <= 0);
    if (text() !== whole || !isSorted) wrong.push(heading.textContent);
  }
}
return wrong;
"""


class Column:
    """A column of a table in the page."""

    def __init__(self, browser, heading: str, table: str = SCORES) -> None:
        self.browser, self.heading, self.table = browser, heading, table
        self.button = browser.run(BUTTON, table, heading)

    @property
    def values(self) -> list[str]:
        return self.browser.run(STATE, self.table, self.heading)[0]

    @property
    def order(self) -> str | None:
        return self.browser.run(STATE, self.table, self.heading)[1]


def known(values: list[str]) -> list[float]:
    """Numbers of a column; cells without one have to be the last."""
    n_known = sum(value != "" for value in values)
    assert set(values[n_known:]) <= {""}
    return [float(value) for value in values[:n_known]]


@pytest.fixture
def opened(browser, made):
    browser.open(made.page)
    return browser


@pytest.mark.parametrize("heading", ["total", "bio", "ari", "silhouette label"])
def test_numbers_sort_downwards_then_upwards(opened, heading) -> None:
    column = Column(opened, heading)
    before = column.values
    assert column.order is None
    column.button.click()
    assert column.order == "descending"
    assert known(column.values) == sorted(known(column.values), reverse=True)
    assert sorted(column.values) == sorted(before)
    column.button.click()
    assert column.order == "ascending"
    assert known(column.values) == sorted(known(column.values))


def test_names_sort_upwards_and_rows_stay_whole(opened) -> None:
    method, total = Column(opened, "method"), Column(opened, "total")
    before = dict(zip(method.values, total.values))
    method.button.click()
    assert method.order == "ascending"
    assert method.values == sorted(before)
    assert dict(zip(method.values, total.values)) == before


@pytest.mark.parametrize("key", [ENTER, SPACE], ids=["enter", "space"])
def test_keys_sort_as_the_pointer_does(opened, key) -> None:
    column = Column(opened, "batch")
    opened.run("arguments[0].focus()", column.button)
    opened.press(key)
    assert column.order == "descending"
    assert known(column.values) == sorted(known(column.values), reverse=True)
    assert opened.run("return document.activeElement === arguments[0]", column.button)


def test_one_column_at_a_time_shows_its_order(opened) -> None:
    for heading in ("total", "bio"):
        Column(opened, heading).button.click()
    assert [Column(opened, heading).order for heading in ("total", "bio")] == [None, "descending"]


def test_a_method_without_scores_stays_last(opened) -> None:
    column, method = Column(opened, "silhouette label"), Column(opened, "method")
    for _ in range(2):
        column.button.click()
        assert column.values[-1] == ""
        assert method.values[-1] == "control_mixed"


def test_every_sortable_table_sorts_by_every_column(browser, report) -> None:
    browser.open(report.page)
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    assert browser.run(WRONG_ORDERS) == []
