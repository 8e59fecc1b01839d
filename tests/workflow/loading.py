"""The workflow, loaded as Snakemake loads it, without a job."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snakemake.rules import Rule


@contextmanager
def loaded_rules(config: Path, folder: Path) -> Iterator[dict[str, Rule]]:
    """Every rule of the workflow by its name, for a config file; `folder` is where its results would be written."""
    before, environment = Path.cwd(), dict(os.environ)
    with SnakemakeApi(OutputSettings()) as snakemake:
        workflow = snakemake.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[config]),
            snakefile=ROOT / "Snakefile",
            workdir=folder,
        )
        try:
            yield {rule.name: rule for rule in workflow._workflow.rules}
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environment)
