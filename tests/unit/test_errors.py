"""The exception for what a user can get wrong, and how names are suggested."""

from __future__ import annotations

import pytest

from scbraid.errors import suggest


@pytest.mark.parametrize(
    ("name", "valid", "expected"),
    [
        ("harmoni", ["pca", "harmony"], "did you mean 'harmony'?"),
        ("HARMONY", ["pca", "Harmony"], "did you mean 'Harmony'?"),
        ("mads_mito", ["mads_top_20", "mads_mitochondrial"], "did you mean 'mads_mitochondrial'?"),
        ("zzz", ["pca", "harmony"], "valid: harmony, pca"),
        ("x", [], "nothing is valid here"),
    ],
)
def test_suggest(name: str, valid: list[str], expected: str) -> None:
    assert suggest(name, valid) == expected
