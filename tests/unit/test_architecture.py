"""What docs/architecture.md says of imports is read from the code: who imports whom, and that no way leads back."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = ROOT / "workflow" / "scbraid"
MOST_FILES_IN_THE_ROOT = 8
#: lie beside the folders
GROUND = "ground"


def name_of(file: Path) -> str:
    parts = file.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in LIBRARY.rglob("*.py")}


class WithoutTypes(ast.NodeTransformer):
    """Takes away what only type checkers import."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imported(module: str, *, for_types: bool) -> set[str]:
    """Modules of the library that a module imports, also inside of functions."""
    tree = ast.parse(MODULES[module].read_text())
    found = set()
    for node in ast.walk(tree if for_types else WithoutTypes().visit(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names | ({node.module} if names - MODULES.keys() else set())
    return found & MODULES.keys() - {module}


def folder_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (LIBRARY / parts[1]).is_dir() else GROUND


def table() -> dict[str, set[str]]:
    """Read the table of docs/architecture.md: what each folder imports, in the order of its rows."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    return {folder: {name.strip(" `") for name in names.split(",") if name.strip(" –")} for folder, names in rows}


def test_no_import_leads_back() -> None:
    graph = {module: imported(module, for_types=True) for module in MODULES}
    TopologicalSorter(graph).prepare()  # a CycleError names the circle


def test_folders_import_what_the_table_says() -> None:
    rows = list(table())
    found: dict[str, set[str]] = {folder: set() for folder in rows}
    for module in MODULES:
        for other in imported(module, for_types=True):
            folder, wanted = folder_of(module), folder_of(other)
            if folder == wanted:
                continue
            assert folder != GROUND, f"{module} is ground and imports {other}"
            is_above = wanted == GROUND or rows.index(wanted) < rows.index(folder)
            found[folder].add(wanted if is_above else other.removeprefix("scbraid."))
    assert found == table()


def test_every_folder_has_a_row() -> None:
    assert set(table()) == {folder.name for folder in LIBRARY.iterdir() if (folder / "__init__.py").exists()}


def test_the_root_of_the_library_has_few_files() -> None:
    assert len([path for path in LIBRARY.iterdir() if path.is_file()]) <= MOST_FILES_IN_THE_ROOT
