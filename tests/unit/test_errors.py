"""The exception for what a user can get wrong, and how names are suggested."""

from __future__ import annotations
