rule report:
    input:
        planned(inputs.shown),
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 20,
    params:
        config=SHOWN_CONFIG,
        runs=NAMES_AND_SEEDS,
        transfers={dataset: transfers_of(dataset) for dataset in config["datasets"]},
    message:
        "Write results/report.html"
    script:
        "../scripts/report.py"


rule outcomes:
    input:
        planned(inputs.recorded),
    output:
        "results/runs.tsv",
    log:
        "results/logs/outcomes.log",
    benchmark:
        "results/benchmarks/outcomes.tsv"
    localrule: True
    conda:
        SOFTWARE
    message:
        "List what came of every run"
    script:
        "../scripts/outcomes.py"


# Comes last, so that a failed method stops nothing but the exit status.
rule verdict:
    input:
        "results/report.html",
        expand("results/{dataset}/integrated.h5ad", dataset=config["datasets"]),
        planned(inputs.checked_covariates),
        runs="results/runs.tsv",
    output:
        "results/verdict.txt",
    log:
        "results/logs/verdict.log",
    benchmark:
        "results/benchmarks/verdict.tsv"
    localrule: True
    conda:
        SOFTWARE
    params:
        allow_failures=config["allow_failures"],
    message:
        "Look whether every run succeeded"
    script:
        "../scripts/verdict.py"
