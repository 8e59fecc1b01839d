"""From the file that a user has to the standard form: fetched, read in chunks, checked."""
