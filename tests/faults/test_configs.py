"""Malformed configs: each ends in a few short lines that name the culprit, and runs nothing."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from faults.data import DEMO
from faults.terminal import check_complaint, check_refused
from scbraid.config.resolve import resolve
from scbraid.config.schema import load_schema
from scbraid.errors import UserError
from scbraid.methods.registry import METHODS, parameter_schema
from support import snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: no key of the config or of a method takes one of these
WRONG = {
    "mapping": {"a": 1},
    "nested list": [[1]],
    "negative": -1,
    "NaN": float("nan"),
    "infinite": float("inf"),
    "huge list": [0, 0] * 10_000,
    "control characters": "\x1b[31m\x07\n" * 50,
}
SHELL = [
    "$(touch canary)",
    "`touch canary`",
    "x; touch canary",
    "x' ; touch canary '",
    'x" && touch canary "',
    "|touch canary",
]
NAMES = [
    "../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "..",
    "",
    " ",
    "a b",
    "é",
    "细胞",
    "a\nb",
    "a\x00b",
    "~",
    "{a}",
    "%s",
    "x" * 500,
    *SHELL,
]


def valid() -> dict[str, Any]:
    return {
        "datasets": {"d": {"source": str(DEMO), "batch": "batch", "label": "cell_type", "transfer": {"query": ["q"]}}},
        "methods": {"pca": {}},
        "queries": {"new": {"source": str(DEMO), "reference": "results/d/runs/cvae/seed-0/model"}},
    }


def refusal(config: Any) -> list[str]:
    with pytest.raises(UserError) as caught:
        resolve(config)
    return str(caught.value).splitlines()


def put(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, key = path.split("/")
    section = config
    for parent in parents:
        section = section.setdefault(parent, {})
    section[key] = value
    return config


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths of all keys of the config that hold a value, those of one data set and one query among them."""
    names = {"datasets": "d", "queries": "new"}
    for key, entry in schema.get("properties", {}).items():
        if key in names and not path:
            yield from leaves(entry["additionalProperties"], f"{key}/{names[key]}/")
        elif "properties" in entry:
            yield from leaves(entry, f"{path}{key}/")
        elif key != "methods":
            yield f"{path}{key}"


def sections(path: str) -> str:
    return path.rpartition("/")[0]


LEAVES = sorted(set(leaves(load_schema())))
PARAMETERS = [(method, name) for method in METHODS for name in parameter_schema(method)["properties"]]


@pytest.mark.parametrize("path", LEAVES)
@pytest.mark.parametrize("wrong", WRONG)
def test_value_of_no_use(path: str, wrong: str) -> None:
    check_complaint(refusal(put(valid(), path, copy.deepcopy(WRONG[wrong]))), path)


@pytest.mark.parametrize(("method", "parameter"), PARAMETERS)
def test_parameter_of_no_use(method: str, parameter: str) -> None:
    config = valid() | {"methods": {"run": {"method": method, parameter: {"a": [1]}}}}
    check_complaint(refusal(config), f"methods/run/{parameter}")


@pytest.mark.parametrize("section", sorted({sections(path) for path in LEAVES}))
@pytest.mark.parametrize("name", ["sourcee", "x" * 5000, "", "a\nb", 7, None, "$(touch canary)"])
def test_unknown_key(section: str, name: Any) -> None:
    config = valid()
    inner = config
    for part in filter(None, section.split("/")):
        inner = inner.setdefault(part, {})
    inner[name] = 1
    check_complaint(refusal(config), section)


@pytest.mark.parametrize("method", METHODS)
def test_misspelt_method_is_answered_with_the_right_name(method: str) -> None:
    for misspelt in (method.upper(), f"{method}x", f"{method}{method[-1]}"):
        lines = refusal(valid() | {"methods": {"run": {"method": misspelt}}})
        check_complaint(lines, f"unknown method '{misspelt}', did you mean '")
        assert f"did you mean '{method}'?" in lines[0]


@pytest.mark.parametrize("section", ["datasets", "methods", "queries"])
@pytest.mark.parametrize("name", NAMES)
def test_name_that_is_no_file_name(section: str, name: str) -> None:
    config = valid()
    (entry,) = config[section].values()
    config[section] = {name: entry | ({"method": "pca"} if section == "methods" else {})}
    check_complaint(refusal(config), f"config: {section}: ")


@pytest.mark.parametrize("name", SHELL)
def test_method_that_is_a_command(name: str) -> None:
    check_complaint(refusal(valid() | {"methods": {"run": {"method": name}}}), "config: methods/run: ")


@pytest.mark.parametrize(
    "place", ["no_such.py", "/dev/null", "../../x.py:f", "os:system; x", ":", "x:", ":f", "a b.py:f"]
)
def test_method_that_is_nowhere(place: str) -> None:
    check_complaint(refusal(valid() | {"methods": {"run": {"method": place}}}), place[:20])


@pytest.mark.parametrize("section", ["datasets/d", "queries/new"])
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "HTTP"])
@pytest.mark.parametrize("user", ["me:secret@", "secret@", ":secret@", "me:se%40cret@"])
def test_password_is_refused_and_not_shown(section: str, scheme: str, user: str) -> None:
    lines = refusal(put(valid(), f"{section}/source", f"{scheme}://{user}127.0.0.1/x.h5ad"))
    check_complaint(lines, f"config: {section}/source")
    assert "cret" not in lines[0]


@pytest.mark.parametrize(
    "path", ["datasets/d/source", "queries/new/source", "queries/new/reference", "features/genes", "methods/pca/method"]
)
def test_path_with_braces(path: str) -> None:
    check_complaint(refusal(put(valid(), path, "a {d} b.py")), path)


@pytest.mark.parametrize("source", ["http://[", "http://me:secret@[::1", "https://me:secret@ho\u2100st/y"])
def test_malformed_url(source: str) -> None:
    lines = refusal(put(valid(), "datasets/d/source", source))
    check_complaint(lines, "config: datasets/d/source")
    assert "secret" not in lines[0]


@pytest.mark.parametrize(
    "config", [None, [], "text", 3, {}, {"datasets": {}}, {"methods": {}}, {1: 2}, {"datasets": [1]}]
)
def test_config_that_is_none(config: Any) -> None:
    check_complaint(refusal(config), "config")


FILES = {
    "misspelt method": ("methods: {harmoni: {}}", "did you mean 'harmony'?"),
    "unknown key": ("methodz: {pca: {}}", "unknown key 'methodz', did you mean 'methods'?"),
    "wrong type": ("seeds: three", "seeds is 'three'"),
    "negative": ("seeds: [-1]", "seeds/0"),
    "number with an exponent": ("methods: {scvi: {lr: 1e-3}}", "write 0.001"),
    "name with a path": ("datasets: {../x: {source: a, batch: b}}", "the name '../x'"),
    "name with a command": ("datasets: {$(touch canary): {source: a, batch: b}}", "the name '$(touch canary)'"),
    "method with a command": ("methods: {x: {method: \"'; touch canary; '\"}}", "methods/x"),
    "password": ("datasets: {d: {source: 'http://me:secret@127.0.0.1/x.h5ad', batch: b}}", "datasets/d/source"),
    "no data sets": ("datasets: {}", "datasets"),
    "labels from nowhere": ("methods: {scanvi: {}}", "datasets/d/label"),
    "name that is a number": ("datasets: {2020: {source: a, batch: b}}", "put it in quotes"),
}
BROKEN = {
    "no YAML": "datasets: [",
    "tab": "datasets:\n\td: 1",
    "empty": "",
    "list": "- a",
    "object that runs code": 'a: !!python/object/apply:os.system ["touch canary"]',
}


@pytest.mark.parametrize("name", FILES)
def test_run_with_a_malformed_config(name: str, checkout: Path, tmp_path: Path) -> None:
    text, culprit = FILES[name]
    key = text.partition(":")[0]
    others = {"datasets": {"d": {"source": str(DEMO), "batch": "batch"}}, "methods": {"pca": {}}}
    others.pop(key, None)
    file = write_config(others, tmp_path / "c.yaml")
    file.write_text(f"{file.read_text()}\n{text}\n")
    finished = snakemake(checkout, "--dry-run", "--configfile", str(file))
    check_refused(finished, culprit)
    assert "secret" not in finished.stdout


@pytest.mark.parametrize("name", BROKEN)
def test_run_with_a_file_that_is_no_config(name: str, checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(BROKEN[name])
    finished = snakemake(checkout, "--dry-run", "--configfile", str(tmp_path / "c.yaml"))
    assert finished.returncode != 0
    assert "Traceback" not in finished.stdout
    assert "Config file " in finished.stdout
