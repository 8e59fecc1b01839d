"""A headless Chromium for the tests: opens a page as a reader would and tells what became of it."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver import Chrome

# code points that WebDriver takes for keys
TAB, ENTER, ESCAPE, SPACE, LEFT, UP, RIGHT, DOWN = "\ue004\ue007\ue00c\ue00d\ue012\ue013\ue014\ue015"
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
SETTLED = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));"
TABLES = """
return [...document.querySelectorAll(arguments[0] + " table")].map((table) => ({
  headings: [...table.tHead.rows[table.tHead.rows.length - 1].cells].map((cell) => cell.textContent.trim()),
  rows: [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => ({
    text: cell.textContent.trim(), value: cell.dataset.value ?? null, title: cell.title,
  }))),
}));
"""


def missing_parts() -> str | None:
    """Say what the tests need and the machine lacks; None where nothing is missing."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "the Python package selenium is not installed"
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed (`make test-browser` does it)"
    return None


def start(downloads: Path) -> Chrome:
    """Start Chromium; files that a page saves go to the folder `downloads`."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    return driver


@dataclass(frozen=True)
class Table:
    """A table as it stands in the page: the lowest row of headings, then rows of text, exact value and title."""

    headings: list[str]
    rows: list[list[dict[str, str | None]]]

    def values(self, heading: str) -> list[str]:
        """Exact values of a column, as they stand from top to bottom; the text where a cell has no other value."""
        column = self.headings.index(heading)
        return [row[column]["text"] if row[column]["value"] is None else row[column]["value"] for row in self.rows]


@dataclass(frozen=True)
class Browser:
    """One window; every page is opened in it anew."""

    driver: Chrome
    downloads: Path

    def open(self, page: Path, *, width: int = 1280, height: int = 1000, scheme: str = "light") -> None:
        """Open a page in a window of this size, on a light or a dark screen, and wait until it is drawn."""
        self.driver.get("about:blank")
        self.emulate(scheme=scheme)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.requests(), self.complaints()  # of the page before
        self.driver.get(page.as_uri())
        self.settle()

    def emulate(self, *, medium: str = "", scheme: str = "light") -> None:
        """Pretend to be a screen or a printer, light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.driver.execute_async_script(SETTLED)

    def requests(self) -> list[str]:
        """Addresses asked for since the last call, but for what stands in the page itself."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        addresses = [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        return [address for address in addresses if not address.startswith("data:")]

    def complaints(self) -> list[str]:
        """Errors and warnings on the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def press(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def click(self, selector: str) -> None:
        """Scroll to the first such element and press it with the pointer."""
        element = self.driver.find_element("css selector", selector)
        self.run("arguments[0].scrollIntoView({block: 'center'});", element)
        element.click()
        self.settle()

    def hover(self, x: float, y: float) -> None:
        """Move the pointer to a place in the window."""
        move = {"type": "mouseMoved", "x": float(x), "y": float(y)}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", move)
        self.settle()

    def tap(self, x: float, y: float) -> None:
        """Touch a place in the window with a finger."""
        touch = {"type": "touchStart", "touchPoints": [{"x": float(x), "y": float(y)}]}
        self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
        self.settle()

    def tables(self, selector: str) -> list[Table]:
        """Tables inside the elements that match."""
        return [Table(found["headings"], found["rows"]) for found in self.run(TABLES, selector)]

    def pdf(self) -> bytes:
        """Print the page."""
        printed = self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        return base64.b64decode(printed["data"])
