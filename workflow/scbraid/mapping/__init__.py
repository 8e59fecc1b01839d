"""Map cells never seen before onto a saved reference."""
