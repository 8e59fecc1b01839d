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
        mem_mb=2000,
        runtime=30,
    params:
        config=config,
        runs=runs(),
        transfers={dataset: transfers(dataset) for dataset in DATASETS},
    message:
        "Write results/report.html"
    script:
        "../scripts/report.py"


# Comes last, so that a failed method stops nothing but the exit status.
rule outcome:
    input:
        "results/report.html",
        integrated_files(),
        facts=records(),
        covariates=checked_covariates(),
    output:
        "results/runs.tsv",
    log:
        "results/logs/outcome.log",
    benchmark:
        "results/benchmarks/outcome.tsv"
    localrule: True
    conda:
        SOFTWARE
    params:
        allow_failures=lookup("allow_failures", within=config),
    message:
        "Look whether every run succeeded"
    script:
        "../scripts/outcome.py"
