"""List what came of every run."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_json, write_table
    from scbraid.runs.outcome import outcomes

    write_table(outcomes({path: read_json(path) for path in snakemake.input}), snakemake.output[0])
