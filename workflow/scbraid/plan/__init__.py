"""What the workflow will make: runs, paths and resources as functions that know nothing of Snakemake."""
