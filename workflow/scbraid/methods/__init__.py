"""Integration methods. A user's own method imports :class:`Result` (and :class:`Context` for its types) from here."""

from scbraid.methods.spec import Context, Mapped, Method, Result

__all__ = ["Context", "Mapped", "Method", "Result"]
