"""All runs of a data set side by side: summary, differences, and the one file that holds them all."""
