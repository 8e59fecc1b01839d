"""Write the report of all data sets."""

from typing import TYPE_CHECKING

from adapter import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job(snakemake):
    from pathlib import Path

    from scbraid.report import write_report

    write_report(
        Path("results"),
        Path(snakemake.output[0]),
        config=snakemake.params.config,
        runs=[tuple(run) for run in snakemake.params.runs],
    )
