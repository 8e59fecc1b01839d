"""Write the report of all data sets."""

from adapter import job

with job(snakemake):
    from pathlib import Path

    from scbraid.report import write_report

    write_report(Path("results"), Path(snakemake.output[0]), config=snakemake.params.config)
