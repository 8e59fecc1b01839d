"""Fail where a run failed and the config does not allow it."""

from adapter import job

with job(snakemake) as terminal:
    from pathlib import Path

    from scbraid.errors import UserError
    from scbraid.files import read_table
    from scbraid.runs.outcome import remove_records_of_failures, verdict

    table = read_table(snakemake.input.runs, names=("run", "reason"))
    failures = verdict(table)
    if failures:
        print(f"scbraid: {failures}", file=terminal)
        if not snakemake.params.allow_failures:
            remove_records_of_failures(table)
            raise UserError(failures)
    Path(snakemake.output[0]).write_text(f"{failures or 'every run succeeded'}\n")
