from snakemake.utils import min_version

min_version("9.19")

# A config given with --configfile replaces the demo's; Snakemake alone would merge the two.
if not workflow.configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/integrate.smk"
include: "workflow/rules/transfer.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/query.smk"


rule all:
    default_target: True
    input:
        planned(inputs.everything),
    localrule: True
