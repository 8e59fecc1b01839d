"""Fetch the source of a data set or a query and check it."""

from adapter import job

with job(snakemake):
    from pathlib import Path

    from scbraid.data.download import fetch
    from scbraid.files import write_json

    downloads = Path("resources/downloads")
    names = dict(snakemake.wildcards.items())
    name = names["dataset"] if "dataset" in names else f"queries/{names['query']}"
    manifest = fetch(
        snakemake.params.source,
        sha256=snakemake.params.sha256,
        folder=downloads / name,
        record=downloads / f"{name}.sha256.json",
    )
    write_json(manifest, snakemake.output[0])
