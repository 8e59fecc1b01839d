"""List what came of every run; fail where one failed and the config does not allow it."""

from adapter import job

with job(snakemake) as terminal:
    from scbraid.errors import UserError
    from scbraid.files import read_json, write_table
    from scbraid.outcome import forget, outcomes, verdict

    table = outcomes({path: read_json(path) for path in snakemake.input.facts})
    write_table(table, snakemake.output[0])
    message = verdict(table)
    if message:
        print(f"scbraid: {message}", file=terminal)
    if message and not snakemake.params.allow_failures:
        forget(table)
        raise UserError(message)
