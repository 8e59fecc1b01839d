"""Small configs, and how their mistakes are answered."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from scbraid.config.resolve import resolve
from scbraid.errors import UserError


def config(text: str = "", *, dataset: str = "", methods: str = "pca: {}") -> Any:
    """A small valid config with more text at the top level, in its one data set, or other methods."""
    return yaml.safe_load(f"datasets: {{d: {{source: a.h5ad, batch: b, {dataset}}}}}\nmethods: {{{methods}}}\n{text}")


def mistake(given: Any) -> str:
    """The one line that answers a config with a mistake."""
    with pytest.raises(UserError) as caught:
        resolve(given)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message
