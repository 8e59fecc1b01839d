"""Check the covariates that methods name."""

from adapter import job

with job(snakemake):
    from scbraid.data.covariates import check_covariates
    from scbraid.data.h5ad import read_obs
    from scbraid.files import write_table

    obs = read_obs(snakemake.input[0])
    covariates = check_covariates(obs, snakemake.params.covariates, name=snakemake.wildcards.dataset)
    write_table(covariates, snakemake.output[0])
