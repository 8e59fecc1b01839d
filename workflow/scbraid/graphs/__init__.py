"""The kNN graph of an embedding and what is computed on it."""
