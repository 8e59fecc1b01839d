"""One offline HTML file with everything that a person looks at after a run."""

from scbraid.report.write import write_report

__all__ = ["write_report"]
