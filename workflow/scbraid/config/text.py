"""What text in a config may hold: no control characters, no password, no wildcard of Snakemake."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from scbraid.data.download import is_url
from scbraid.errors import UserError, shown

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_characters(part: Any, where: str) -> None:
    """Refuse line breaks and other control characters, in names and values: no key has a use for them."""
    if isinstance(part, str) and CONTROL_CHARACTER.search(part):
        raise UserError(f"{where} is '{shown(part)}', which has a line break or another control character")
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        check_characters(key, f"{where}: a key")
        check_characters(value, f"{where}: {key}" if where == "config" else f"{where}/{key}")


def check_source(source: str, where: str) -> None:
    """Refuse a password before it stands in logs, source.json and the report; the message does not show it either."""
    try:
        is_remote = is_url(source)
        has_password = is_remote and "@" in urlsplit(source).netloc
    except ValueError as error:
        raise UserError(f"{where} is not a valid URL") from error
    if has_password:
        raise UserError(
            f"{where}: a user name or password in a URL would be written into results and logs; put it into ~/.netrc"
        )
    if not is_remote:
        check_path(source, where)


def check_path(path: str | None, where: str) -> None:
    """Refuse what Snakemake takes for a wildcard."""
    if path and set("{}") & set(path):
        raise UserError(f"{where} is '{shown(path)}'; files with {{ or }} in their path cannot be read, rename it")
