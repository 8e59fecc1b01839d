"""A user's own function as a method: from a file or a package, with its parameters checked."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from scbraid.files import read_embedding, read_json
from scbraid.methods.registry import find, load, parameter_schema
from scbraid.methods.spec import Run
from scbraid.runs.run import run_method

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

SCALED = """
    def scaled(adata, context, *, factor=2.0, name="x"):
        return adata.obsm["X_pca"] * factor

    def no_default(adata, context, *, factor):
        return adata.obsm["X_pca"]

    def too_few(adata):
        return adata.obsm["X_pca"]
"""


def write(path: Path, text: str = SCALED) -> str:
    path.write_text(dedent(text))
    return str(path)


def config(method: str, **parameters: object) -> dict:
    return {"datasets": {"d": {"source": "x", "batch": "b"}}, "methods": {"mine": {"method": method, **parameters}}}


def test_function_of_a_file_runs_like_a_method(tmp_path: Path, demo_hvg: AnnData) -> None:
    method = write(tmp_path / "scaled.py")
    entry = resolve(config(method, factor=3.0))["methods"]["mine"]
    assert entry == {"method": method, "parameters": {"factor": 3.0, "name": "x"}}
    reason = run_method(demo_hvg, tmp_path, Run(name="mine", seed=4, **entry), accelerator="cpu", threads=1)
    assert reason is None
    np.testing.assert_allclose(read_embedding(tmp_path / "embedding.parquet"), 3 * demo_hvg.obsm["X_pca"], rtol=1e-6)
    assert read_json(tmp_path / "run.json")["parameters"] == {"factor": 3.0, "name": "x"}
    assert find(method).stochastic


def test_function_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "package_of_mine.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(parameter_schema("package_of_mine:scaled")["properties"]) == {"factor", "name"}
    embedding = load("package_of_mine:scaled")[0](_Data(), None, factor=5.0).embedding
    np.testing.assert_array_equal(embedding, 5 * np.ones((2, 1)))


class _Data:
    obsm = {"X_pca": np.ones((2, 1))}  # noqa: RUF012 - stands for an AnnData


def test_module_may_declare_parameters_and_nature(tmp_path: Path) -> None:
    text = """
    METHOD = {"stochastic": False, "needs_labels": True}
    PARAMETERS = {"k": {"type": "integer", "minimum": 1, "default": 3, "description": "How many."}}

    def labelled(adata, context, *, k):
        return adata.obsm["X_pca"]
    """
    method = write(tmp_path / "labelled.py", text)
    assert not find(method).stochastic
    assert find(method).uses == {"pca", "labels"}
    with pytest.raises(UserError, match="methods/mine looks at labels, but datasets/d/label is null"):
        resolve(config(method))
    with pytest.raises(UserError, match="methods/mine/k: 0 is less than the minimum of 1"):
        resolve(config(method, k=0))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{file}:scald", "there is no function 'scald', did you mean 'scaled'?"),
        ("{file}:no_default", "the parameter 'factor' has no default"),
        ("{file}:too_few", r"a method takes \(adata, context, \*, parameters with defaults\)"),
        ("{folder}/absent.py", "no such file"),
        ("absent_package:f", "it cannot be imported .ModuleNotFoundError"),
        ("{folder}/broken.py", "it cannot be imported .SyntaxError"),
        ("{folder}/flags.py", "METHOD has an unknown key 'trained', did you mean 'trains'?"),
    ],
)
def test_mistakes_are_found_when_the_config_is_read(place: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path / "scaled.py")
    write(tmp_path / "broken.py", "def broken(:")
    write(tmp_path / "flags.py", 'METHOD = {"trained": True}\ndef flags(adata, context): pass')
    with pytest.raises(UserError, match=message):
        resolve(config(place.format(file=file, folder=tmp_path)))


def test_unknown_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="methods/mine: unknown key 'facter', did you mean 'factor'"):
        resolve(config(write(tmp_path / "scaled.py"), facter=1))


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ('METHOD = {"predicts": True, "needs_labels": True}', "METHOD['predicts'] needs trains as well"),
        ('METHOD = {"is_graph": True, "trains": True}', "METHOD['is_graph'] goes with neither trains nor needs_labels"),
        ('METHOD = {"corrects": True, "is_graph": True}', "METHOD['corrects'] goes with neither trains nor is_graph"),
        ('METHOD = {"trains": "yes"}', "METHOD['trains'] is 'yes'; it should be True or False"),
        ("METHOD = [1]", "METHOD is [1]; it should be a dict such as {'trains': True}"),
        ('PARAMETERS = {"n": {"type": "int", "default": 1}}', "PARAMETERS is no JSON schema of parameters"),
        ('PARAMETERS = {"n": {"type": "integer"}}', "PARAMETERS['n'] has no default"),
        ("raise SystemExit(3)", "it cannot be imported (SystemExit: 3)"),
    ],
)
def test_what_a_module_says_of_itself_is_checked(method: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.py", f"{method}\ndef mine(adata, context, *, n=1): pass")
    with pytest.raises(UserError, match=re.escape(message)):
        resolve(config(file))
