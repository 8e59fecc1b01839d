"""Give every cell its role in the label transfer."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_obs
    from scbraid.transfer.tasks import assign_roles

    obs = read_obs(snakemake.input[0])
    cells = assign_roles(obs, name=snakemake.wildcards.dataset, **snakemake.params.roles)
    cells.to_parquet(snakemake.output[0])
