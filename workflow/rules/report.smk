rule report:
    input:
        for_report,
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
        config=config,
        runs=runs(),
        transfers={dataset: transfers(dataset) for dataset in DATASETS},
    message:
        "Write results/report.html"
    script:
        "../scripts/report.py"


rule outcomes:
    input:
        records(),
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
        integrated_files(),
        checked_covariates(),
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
        allow_failures=ALLOW_FAILURES,
    message:
        "Look whether every run succeeded"
    script:
        "../scripts/verdict.py"
