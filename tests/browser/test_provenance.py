"""What a reader needs to get the same results: command, config, checksum, seeds, devices, versions."""

from __future__ import annotations

import time

import yaml

from scbraid.config.resolve import resolve
from scbraid.files import read_json

SECONDS = 10


def facts(browser, selector: str = ".provenance") -> dict[str, str]:
    """Terms and descriptions of a list."""
    pairs = browser.run(
        "return [...document.querySelectorAll(arguments[0] + ' dt')].map((dt) =>"
        " [dt.textContent, dt.nextElementSibling.textContent])",
        f"#d1-provenance {selector}",
    )
    return dict(pairs)


def test_provenance_tells_source_command_seeds_and_devices(browser, results, made) -> None:
    browser.open(made.page)
    shown = facts(browser)
    assert shown["source"] == "data/<cells>.h5ad"
    assert shown["sha256"] == "ab" * 32
    assert shown["size"] == "12,345 bytes"
    assert shown["command"].startswith("snakemake --cores 2 --configfile config.yaml")
    assert shown["seeds"] == "0, 1"
    assert shown["devices"] == f"cpu ({len(results.runs) - len(results.failing)} runs)"
    assert facts(browser, ".versions") == {"scbraid": "0.1.0", "numpy": "2.0.0"}


def test_saved_config_resolves_to_that_of_the_results(browser, results, made) -> None:
    browser.open(made.page)
    browser.click("button.save")
    saved = browser.downloads / "config.yaml"
    deadline = time.monotonic() + SECONDS
    while not saved.is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert resolve(yaml.safe_load(saved.read_text())) == results.config


def test_failures_are_told_with_their_reason(browser, results, made) -> None:
    browser.open(made.page)
    told = browser.run("return [...document.querySelectorAll('#d1-runs p.failed')].map((line) => line.textContent)")
    assert len(told) == len(results.failing)
    for run, seed in results.failing:
        reason = read_json(results.folder / "blood" / "runs" / run / f"seed-{seed}" / "run.json")["failed"]
        assert f"{run}, seed {seed}, failed: {reason}" in told
