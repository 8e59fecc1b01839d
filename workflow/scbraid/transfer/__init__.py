"""Label transfer: tasks, classifiers and scores."""
