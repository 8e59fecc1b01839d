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
    message:
        "Write results/report.html"
    script:
        "../scripts/report.py"
