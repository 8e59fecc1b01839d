"""What came of every run, and whether that is a success."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = ["run", "status", "reason", "facts"]


def outcomes(facts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tell which runs failed.

    Parameters
    ----------
    facts
        run.json (or folds.json) of every run, by path below the results folder.

    Returns
    -------
    Table run (folder of the run), status (``done`` or ``failed``), reason, facts (path of the record).
    """
    rows = [
        (str(Path(path).parent), "failed" if record["failed"] else "done", record["failed"], path)
        for path, record in facts.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdict(table: pd.DataFrame) -> str | None:
    """Word the failures; None where there is none."""
    failed = table[table["status"] == "failed"]
    if failed.empty:
        return None
    lines = [f"  {folder}: {reason}" for folder, reason in zip(failed["run"], failed["reason"])]
    return "\n".join(
        [
            f"{len(failed)} of {len(table)} runs failed; the others are complete and in the report:",
            *lines,
            "Their logs are in results/logs. The next `snakemake` tries them again; with `allow_failures: true` in the "
            "config they count as done.",
        ]
    )


def remove_records_of_failures(table: pd.DataFrame) -> None:
    """Delete the records of failed runs, so that the next run of the workflow tries them again."""
    for path in table.loc[table["status"] == "failed", "facts"]:
        Path(path).unlink(missing_ok=True)
