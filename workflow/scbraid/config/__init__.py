"""The config: its schema, its defaults, and every mistake in words for its author."""
