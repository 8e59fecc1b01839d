"""Check the covariates that methods name."""

from adapter import job

with job(snakemake):
    from scbraid.covariates import check_covariates
    from scbraid.files import read_obs, write_table

    obs = read_obs(snakemake.input[0])
    covariates = check_covariates(obs, snakemake.params.covariates, name=snakemake.wildcards.dataset)
    write_table(covariates, snakemake.output[0])
