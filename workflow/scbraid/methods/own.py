"""A user's own method: a function in an installed package or in a file, named in the config instead of a method.

``package.module:function`` or ``path/to/file.py:function``; without ``:function`` the function is called like the
file. It takes ``(adata, context, *, ...)`` as every method does and may return a bare array. Its keyword-only arguments
are its parameters. The module may define ``PARAMETERS`` (JSON schemas) to have them checked, and ``METHOD``, a dict of
what it is (:data:`FLAGS`, each true or false); without it a method is ``stochastic`` and ``needs_pca``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from scbraid.errors import UserError, suggest
from scbraid.methods.spec import Method

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from scbraid.methods.spec import Result

#: what the keys of METHOD say of the fields `uses` and `gives`
USES = {"needs_pca": {"pca"}, "needs_labels": {"labels"}}
GIVES = {"trains": {"model", "history"}, "predicts": {"probabilities"}, "corrects": {"corrected"}}
FLAGS = ("trains", "stochastic", "needs_pca", "needs_labels", "predicts", "is_graph", "corrects")
DEFAULT_FLAGS = {"stochastic": True, "needs_pca": True}
#: only a training that is repeated without the labels of each batch held out can predict them
NEEDS = {"predicts": {"trains", "needs_labels"}}
POSITIONAL = ("adata", "context")
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def is_own(method: str) -> bool:
    """Tell the place of a user's function from a name of the registry."""
    return ":" in method or method.endswith(".py")


def source_file(method: str) -> Path | None:
    """File that a user's function lies in; None for an importable module."""
    place, _ = _split(method)
    return Path(place).expanduser() if place.endswith(".py") else None


def method(place: str) -> Method:
    """Tell what the workflow must know of a user's own method.

    Raises
    ------
    UserError
        It cannot be imported, or its METHOD says what no method can be.
    """
    chosen = _flags(place)
    gives = {"neighbors"} if "is_graph" in chosen else {"embedding"}
    return Method(
        module=place,
        uses=set().union(*(USES[name] for name in USES if name in chosen)),
        gives=gives.union(*(GIVES[name] for name in GIVES if name in chosen)),
        stochastic="stochastic" in chosen,
        trains="trains" in chosen,
    )


def _flags(method: str) -> set[str]:
    """Keys of METHOD that are true."""
    given = getattr(_module(method), "METHOD", {})
    if not isinstance(given, dict):
        raise UserError(f"{method}: METHOD is {given!r}; it should be a dict such as {{'trains': True}}")
    for name, value in given.items():
        if name not in FLAGS:
            raise UserError(f"{method}: METHOD has an unknown key '{name}', {suggest(str(name), FLAGS)}")
        if not isinstance(value, bool):
            raise UserError(f"{method}: METHOD['{name}'] is {value!r}; it should be True or False")
    chosen = {name for name, value in given.items() if value}
    for name, others in NEEDS.items():
        if name in chosen and not others <= chosen:
            raise UserError(f"{method}: METHOD['{name}'] needs {' and '.join(sorted(others - chosen))} as well")
    if "is_graph" in chosen and chosen & {"trains", "needs_labels"}:
        raise UserError(f"{method}: METHOD['is_graph'] goes with neither trains nor needs_labels")
    if "corrects" in chosen and chosen & {"trains", "is_graph"}:
        raise UserError(f"{method}: METHOD['corrects'] goes with neither trains nor is_graph")
    return {name for name, value in (DEFAULT_FLAGS | given).items() if value}


@cache
def function(method: str) -> Callable[..., Result]:
    """Import a user's function.

    Raises
    ------
    UserError
        No such file, module or function, or one that does not take data and context.
    """
    module = _module(method)
    _, name = _split(method)
    found = getattr(module, name, None)
    if not callable(found):
        functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise UserError(f"{method}: there is no function '{name}', {suggest(name, functions or ['none there'])}")
    taken = [p for p in inspect.signature(found).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if len(taken) < len(POSITIONAL) or any(p.default is p.empty for p in taken[len(POSITIONAL) :] if p.kind.value < 2):
        raise UserError(f"{method}: a method takes ({', '.join(POSITIONAL)}, *, parameters with defaults)")
    return _returning_results(found)


def parameters(method: str) -> dict[str, Any]:
    """JSON schemas of a user's parameters: ``PARAMETERS`` of the module, or what the defaults of the function tell."""
    declared = getattr(_module(method), "PARAMETERS", None)
    if declared is not None:
        _check_declared(declared, method)
        return declared
    keywords = list(inspect.signature(inspect.unwrap(function(method))).parameters.values())[len(POSITIONAL) :]
    found = {}
    for keyword in keywords:
        if keyword.default is keyword.empty:
            raise UserError(f"{method}: the parameter '{keyword.name}' has no default")
        kind = TYPES.get(type(keyword.default))
        found[keyword.name] = {"default": keyword.default} | ({"type": kind} if kind else {})
    return found


def _check_declared(declared: Any, method: str) -> None:
    try:
        Draft202012Validator.check_schema({"properties": declared})
    except SchemaError as error:
        raise UserError(f"{method}: PARAMETERS is no JSON schema of parameters: {error.message}") from error
    missing = [name for name, schema in declared.items() if "default" not in schema]
    if missing:
        raise UserError(f"{method}: PARAMETERS['{missing[0]}'] has no default")


def _split(method: str) -> tuple[str, str]:
    if method.endswith(".py"):
        return method, Path(method).stem
    place, _, name = method.rpartition(":")
    return place, name


@cache
def _module(method: str) -> ModuleType:
    place, _ = _split(method)
    try:
        if not place.endswith(".py"):
            if (here := str(Path.cwd())) not in sys.path:
                sys.path.append(here)
            return importlib.import_module(place)
        file = Path(place).expanduser()
        if not file.is_file():
            raise UserError(f"{method}: no such file: {file}")
        spec = importlib.util.spec_from_file_location(f"scbraid_own_{file.stem}", file)
        assert spec is not None  # Python has a loader for every .py file
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{method}: it cannot be imported ({type(error).__name__}: {error})") from error
    return module


def _returning_results(found: Callable[..., Any]) -> Callable[..., Result]:
    from functools import wraps

    from scbraid.methods.spec import Result

    @wraps(found)
    def call(*data: Any, **keywords: Any) -> Result:
        answer = found(*data, **keywords)
        return answer if isinstance(answer, Result) else Result(embedding=answer)

    return call
