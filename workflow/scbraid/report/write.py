"""Put the report together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from scbraid.report.pages import config_text, environment
from scbraid.report.reading.dataset import read_dataset
from scbraid.report.sections import SECTIONS
from scbraid.report.sections.answer import Answer, answer

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from scbraid.config.schema import Config
    from scbraid.report.reading.dataset import DatasetResults


@dataclass(frozen=True, kw_only=True)
class DatasetPart:
    """The part of the page that shows one data set.

    Attributes
    ----------
    id
        Anchor of the part, and the start of all anchors in it.
    contents
        Anchors in the part, and the words of the table of contents that lead there.
    sections
        As HTML, those that apply.
    """

    id: str
    name: str
    answer: Answer
    contents: dict[str, str]
    sections: list[Markup]


def write_report(results: Path, output: Path, *, config: Config) -> None:
    """Write the report of all data sets as one HTML file that needs no network.

    The same results give the same bytes.

    Parameters
    ----------
    results
        Folder with one folder a data set.
    output
        File to write.
    config
        From :func:`scbraid.config.resolve.resolve`.
    """
    templates = environment()
    datasets = [
        show(read_dataset(results, name, config=config), templates, anchor=f"d{number}")
        for number, name in enumerate(config["datasets"], start=1)
    ]
    page = templates.get_template("report.html.j2").render(datasets=datasets, config=config_text(config))
    output.write_text(page, encoding="utf-8")


def show(dataset: DatasetResults, templates: Environment, *, anchor: str) -> DatasetPart:
    """Render every section that applies to a data set, with the template that has the name of its module."""
    contents: dict[str, str] = {}
    sections = []
    for section in SECTIONS:
        view = section.view(dataset)
        if view is None:
            continue
        template = templates.get_template(f"{section.__name__.rpartition('.')[2]}.html.j2")
        sections.append(Markup(template.render(view, dataset=dataset, id=anchor)))
        contents |= {f"{anchor}-{end}": words for end, words in section.CONTENTS.items()}
    return DatasetPart(
        id=anchor,
        name=dataset.name,
        answer=answer(dataset.summary, name=dataset.name, config=dataset.config),
        contents=contents,
        sections=sections,
    )
