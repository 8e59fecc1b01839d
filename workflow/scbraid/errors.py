"""The one exception for what a user can get wrong, and helpers to word it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_PREFIX = 3
LONGEST_NAME, MOST_NAMES = 80, 30


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
    name = str(name).lower()
    lowered = {str(option).lower(): str(option) for option in valid}
    completed = [option for option in lowered if option.startswith(name)] if len(name) >= MIN_PREFIX else []
    near = completed if len(completed) == 1 else difflib.get_close_matches(name, lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{shown(lowered[near[0]])}'?"
    listed = [shown(option) for option in sorted(lowered.values())]
    if len(listed) > MOST_NAMES:
        listed = [*listed[:MOST_NAMES], f"... ({len(listed)} in all)"]
    return f"valid: {', '.join(listed)}" if listed else "nothing is valid here"


def shown(name: object) -> str:
    r"""Word a name from a file for a message: what no terminal should get is escaped, and what is very long is cut.

    Examples
    --------
    >>> shown("lung\nleft")
    'lung\\nleft'
    """
    text = "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in str(name))
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 3]}..."
