# Plain `snakemake` in the repository starts here; catalogs and snakedeploy look for workflow/Snakefile.
include: "workflow/Snakefile"


# Snakemake forgets the default target of an included file.
workflow.default_target = "all"
