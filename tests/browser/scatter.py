"""What a test sees and does in one interactive scatter plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from browser.chrome import Browser

MARGIN = 9  # pixels between the points and the edge, as in panel.js
REACH = 10  # pixels within which the pointer finds a point
PIXELS = """
const canvas = arguments[0].querySelector("canvas");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
const counts = new Map();
for (let i = 0; i < data.length; i += 4) {
  const color = "#" + [data[i], data[i + 1], data[i + 2]].map((value) => value.toString(16).padStart(2, "0")).join("");
  counts.set(color, (counts.get(color) ?? 0) + 1);
}
return Object.fromEntries(counts);
"""


@dataclass(frozen=True)
class Scatter:
    """The panel of a layout inside an element of the page."""

    browser: Browser
    within: str
    layout: str

    def figure(self):
        selector = f"{self.within} figure.panel[data-layout='{self.layout}']"
        return self.browser.driver.find_element("css selector", selector)

    def see(self) -> None:
        """Scroll there and wait until it is drawn."""
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", self.figure())
        self.browser.settle()

    @property
    def colors(self) -> dict[str, int]:
        """Pixels of every colour."""
        return self.browser.run(PIXELS, self.figure())

    @property
    def picture(self) -> str:
        """Everything that is drawn, as text."""
        return self.browser.run("return arguments[0].querySelector('canvas').toDataURL()", self.figure())

    @property
    def coloring(self) -> str:
        """What the panel was last drawn by."""
        return self.figure().get_attribute("data-drawn")

    def place(self, points: np.ndarray) -> np.ndarray:
        """Where points stand in the window, in pixels; points x 2, the range of their layout over the canvas."""
        left, top, side = self.browser.run(
            "const canvas = arguments[0].querySelector('canvas'); const box = canvas.getBoundingClientRect();"
            "return [box.left + canvas.clientLeft, box.top + canvas.clientTop, canvas.clientWidth]",
            self.figure(),
        )
        shares = (points - points.min(axis=0)) / np.ptp(points, axis=0)
        x, y = (MARGIN + shares * (side - 2 * MARGIN)).T
        return np.column_stack([left + x, top + side - y])

    @property
    def tooltip(self) -> list[str]:
        """Lines of the tooltip; none where it is hidden."""
        return self.browser.run(
            "const tip = document.querySelector('.tooltip');"
            "return tip.hidden ? [] : [...tip.children].map((line) => line.textContent)"
        )

    def marked(self) -> list[str | None]:
        """Name of the cell that is marked, in every panel of these points."""
        return self.browser.run(
            "const points = all.find((points) => points.panels.some((panel) => panel.figure === arguments[0]));"
            "return points.panels.map((panel) => points.names[panel.marked] ?? null)",
            self.figure(),
        )


def lone(places: np.ndarray) -> int:
    """The point that is farthest from its nearest neighbour, so that a pixel more or less does not matter."""
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return int(gaps.min(axis=1).argmax())
