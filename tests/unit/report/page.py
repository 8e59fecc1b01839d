"""A reader of the report's page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Row = list[tuple[str, str | None]]


@dataclass
class Page(HTMLParser):
    """A parsed page: tags, visible text, tables as rows of (text, data-value), drawings, JSON by the id of its script.

    Texts of a drawing's ``<title>`` elements are in ``drawings`` under its aria-label.
    """

    source: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    tables: list[list[Row]] = field(default_factory=list)
    drawings: dict[str, list[str]] = field(default_factory=dict)
    points: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._cell: list[str] | None = None
        self._script: str | None = None
        self._drawing: list[str] | None = None
        self._is_tip = False
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell, self._value = [], attributes.get("data-value")
        elif tag in ("script", "style"):
            self._script = attributes.get("id", tag)
        elif tag == "svg":
            self._drawing = self.drawings.setdefault(attributes["aria-label"], [])
        elif tag == "title" and self._drawing is not None:
            self._is_tip = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.tables[-1][-1].append(("".join(self._cell).strip(), self._value))
            self._cell = None
        elif tag in ("script", "style"):
            self._script = None
        elif tag == "svg":
            self._drawing = None
        elif tag == "title":
            self._is_tip = False

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            if self._script not in ("script", "style"):
                self.points[self._script] = json.loads(data)
            return
        self.text += data
        if self._is_tip:
            self._drawing.append(data)
        if self._cell is not None:
            self._cell.append(data)

    def table(self, *headings: str) -> list[Row]:
        """Rows of the table that has exactly these words at the start of its heading row, that row first."""
        for rows in self.tables:
            for i, row in enumerate(rows):
                if tuple(text for text, _ in row[: len(headings)]) == headings:
                    return rows[i:]
        raise AssertionError(f"no table with {headings}")

    def words(self) -> str:
        """Visible text with single blanks."""
        return " ".join(self.text.split())
