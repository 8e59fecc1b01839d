"""The one exception for what a user can get wrong, and helpers to word it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class UserError(Exception):
    """A mistake in the config or the data, worded for the person who can mend it.

    The message has one or two lines: what is wrong, where it was found and what would be right. Command-line entry
    points print it without a traceback and exit with status 1.
    """


def suggest(name: str, valid: Iterable[str]) -> str:
    """Name the nearest valid name as a question, or list all valid names where none is near.

    Examples
    --------
    >>> suggest("harmoni", ["pca", "harmony"])
    "did you mean 'harmony'?"
    """
    valid = [str(option) for option in valid]
    lowered = {option.lower(): option for option in valid}
    near = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{lowered[near[0]]}'?"
    return f"valid: {', '.join(sorted(valid))}" if valid else "nothing is valid here"
