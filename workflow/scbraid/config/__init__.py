"""The config: its schema, its defaults, and every mistake in words for its author.

A new stage describes its keys in ``workflow/schemas/<stage>.schema.yaml``, refers to them in ``config.schema.yaml``,
where their order is fixed, and adds to ``checks.CHECKS`` what no schema can tell.
"""
