"""Scores of an integration: conservation of biology and removal of batch effects (Luecken et al. 2022)."""

from scbraid.metrics.registry import DEFAULT_TOTAL, GROUPS, LABEL_FREE, METRICS, Metric

__all__ = ["DEFAULT_TOTAL", "GROUPS", "LABEL_FREE", "METRICS", "Metric"]
