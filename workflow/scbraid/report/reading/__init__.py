"""What the report shows, read from the results folder."""
