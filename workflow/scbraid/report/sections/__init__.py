"""The sections of the report: one module and one template of its name for each, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from scbraid.report.sections import answer, genes, provenance, qc, runs, scores, training, transfer, umap

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults


class Section(Protocol):
    """What the module of a section defines.

    Attributes
    ----------
    CONTENTS
        Its entries in the table of contents: the end of an anchor in the template, after `id` and a dash, and the
        words that lead there.
    """

    __name__: str
    CONTENTS: dict[str, str]

    def view(self, dataset: DatasetResults) -> dict[str, Any] | None:
        """Prepare what the template shows beside `dataset` itself; None where the section does not apply."""
        ...


SECTIONS: tuple[Section, ...] = (answer, umap, scores, transfer, qc, genes, training, runs, provenance)
