"""What came of every run: told in full, and its record removed where it is to be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.files import write_json
from scbraid.runs.outcome import outcomes, remove_records_of_failures, verdict

if TYPE_CHECKING:
    from pathlib import Path


def test_failures_are_named_with_their_reason_and_their_records_removed(tmp_path: Path) -> None:
    facts = {}
    for run, reason in {"pca": None, "scvi": "RuntimeError: out of memory", "mine": None}.items():
        path = tmp_path / run / "seed-0" / "run.json"
        path.parent.mkdir(parents=True)
        facts[str(path)] = {"failed": reason}
        write_json(facts[str(path)], path)
    table = outcomes(facts)
    assert table["status"].tolist() == ["done", "failed", "done"]
    assert table["run"].tolist() == [str(tmp_path / run / "seed-0") for run in ("pca", "scvi", "mine")]
    message = verdict(table)
    assert message.startswith("1 of 3 runs failed")
    assert f"{tmp_path}/scvi/seed-0: RuntimeError: out of memory" in message
    remove_records_of_failures(table)
    assert sorted(path.parts[-3] for path in tmp_path.rglob("run.json")) == ["mine", "pca"]


def test_success_needs_no_words() -> None:
    assert verdict(outcomes({"results/d/runs/pca/seed-0/run.json": {"failed": None}})) is None
