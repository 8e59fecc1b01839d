"""Run one job of the workflow in this process, to look into it: its log is on the terminal, and `breakpoint()` works.

    python workflow/scripts/by_hand.py pca dataset=pbmc
    python workflow/scripts/by_hand.py train dataset=pbmc method=cvae seed=0 --configfile my.yaml

Call it where you would call `snakemake`: paths are those of that folder. The rule is followed by a value for each of
its wildcards; inputs, outputs, parameters, threads and resources are those that the rule itself gives. Its inputs must
be there (`snakemake FILE` makes them; add `--notemp` for those that are removed once they were used), its outputs are
written over. In Python, where `workflow/scripts` is on the path:

    from by_hand import stand_in
    snakemake = stand_in("pca", dataset="pbmc")  # then paste lines of workflow/scripts/pca.py
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import adapter  # noqa: F401 - the library becomes importable
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Snakemake
from snakemake.jobs import Job
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings
from threadpoolctl import threadpool_limits

from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from snakemake.rules import Rule
    from snakemake.workflow import Workflow

SNAKEFILE = Path(__file__).resolve().parents[1] / "Snakefile"


def stand_in(rule: str, *, configfile: str | None = None, cores: int | None = None, **wildcards: str) -> Snakemake:
    """Give what Snakemake would give to the script of a rule.

    Parameters
    ----------
    rule
        Name of a rule that has a script.
    configfile
        As for `snakemake --configfile`; without it the shipped config.
    cores
        As for `snakemake --cores`; without it all.
    **wildcards
        A value for every wildcard of the rule.

    Raises
    ------
    scbraid.errors.UserError
        The workflow has no such rule, the rule has no script, or wildcards are missing or not the rule's.
    """
    return _job(rule, wildcards, configfile=configfile, cores=cores)[1]


def _job(name: str, wildcards: dict[str, str], *, configfile: str | None, cores: int | None) -> tuple[Path, Snakemake]:
    """Return the script of a rule and the object that it gets."""
    workflow = _workflow(configfile, cores)
    rule = _rule(workflow, name, wildcards)
    job = Job(rule, workflow.dag, wildcards)
    for path in job.input:
        if not Path(path).exists():
            raise UserError(f"rule {name} reads {path}, which is not there; `snakemake --notemp {path}` makes it")
    script = Path(rule.basedir.join(rule.script).get_path_or_uri(secret_free=True)).resolve()
    given = (job.input, job.output, job.params, job.wildcards, job.threads, job.resources, job.log, workflow.config)
    return script, Snakemake(*given, rule.name, None, str(script.parent))


def _workflow(configfile: str | None, cores: int | None) -> Workflow:
    if configfile and not Path(configfile).exists():
        raise UserError(f"--configfile {configfile}: no such file")
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        dag = api.workflow(
            resource_settings=ResourceSettings(cores=cores or os.cpu_count()),
            config_settings=ConfigSettings(configfiles=[Path(configfile)] if configfile else []),
            snakefile=SNAKEFILE,
        ).dag()
        workflow = dag.workflow_api._workflow
        # Snakemake's own way to a job plans all others too; nothing public stops before that.
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True, nolock=True)
        return workflow


def _rule(workflow: Workflow, name: str, wildcards: dict[str, str]) -> Rule:
    scripts = {rule.name: rule for rule in workflow.rules if rule.script}
    if name not in scripts:
        raise UserError(f"no rule with a script is called '{name}', {suggest(name, scripts)}")
    rule = scripts[name]
    if set(wildcards) != set(rule.wildcard_names):
        wanted, found = (" ".join(f"{name}=…" for name in sorted(names)) for names in (rule.wildcard_names, wildcards))
        raise UserError(f"rule {name} takes {wanted or 'no wildcards'}, here {found or 'none'}")
    output = rule.expand_output(wildcards)[0][0]
    if not rule.is_producer(output):
        raise UserError(f"rule {name} makes no {output} with this config")
    return rule


def _pair(wildcard: str) -> tuple[str, str]:
    name, equals, value = wildcard.partition("=")
    if not equals:
        raise UserError(f"{wildcard}: a wildcard is given as name=value")
    return name, value


def main() -> None:
    """Run the job that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rule")
    parser.add_argument("wildcards", nargs="*", metavar="wildcard=value")
    parser.add_argument("--configfile")
    parser.add_argument("--cores", type=int)
    options = parser.parse_intermixed_args()
    wildcards = dict(map(_pair, options.wildcards))
    script, snakemake = _job(options.rule, wildcards, configfile=options.configfile, cores=options.cores)
    for path in snakemake.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    snakemake.log[0] = "/dev/stderr"
    # As Snakemake does for a job; what is loaded already is limited, what comes later reads the variables.
    os.environ.update({f"{library}_NUM_THREADS": str(snakemake.threads) for library in ("OMP", "OPENBLAS", "MKL")})
    with threadpool_limits(snakemake.threads):
        runpy.run_path(str(script), init_globals={"snakemake": snakemake}, run_name="__main__")


if __name__ == "__main__":
    try:
        main()
    except UserError as mistake:
        sys.exit(f"scbraid: {mistake}")
