"""scbraid: braid single-cell batches into one trustworthy reference."""

__version__ = "0.1.0"
