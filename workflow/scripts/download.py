"""Fetch the source of a data set and check it."""

from adapter import job

with job(snakemake):
    from pathlib import Path

    from scbraid.download import fetch
    from scbraid.files import write_json

    downloads = Path("resources/downloads")
    dataset = snakemake.wildcards.dataset
    manifest = fetch(
        snakemake.params.source,
        sha256=snakemake.params.sha256,
        folder=downloads / dataset,
        record=downloads / f"{dataset}.sha256.json",
    )
    write_json(manifest, snakemake.output[0])
