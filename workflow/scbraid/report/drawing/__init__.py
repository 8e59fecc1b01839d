"""Drawings of the report, one kind a file."""
