"""A run of a method with a small model, from data to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.methods.registry import METHODS, parameter_schema
from scbraid.runs.run import run_method

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

SMALL_MODEL = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2}
TINY: dict[str, dict[str, Any]] = {
    "scanorama": {"dimred": 20},
    "combat": {"n_comps": 20},
    **{name: SMALL_MODEL for name, method in METHODS.items() if method.trains},
    "scanvi": SMALL_MODEL | {"max_epochs": 1, "max_epochs_scanvi": 1},
    "mrvi": {"encoder_n_hidden": 16, "encoder_n_layers": 1, "n_latent": 8, "n_latent_u": 5, "max_epochs": 2},
}


def run(name: str, adata: AnnData, folder: Path, *, seed: int = 0, accelerator: str = "cpu") -> Path:
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    folder.mkdir(exist_ok=True)
    run_method(
        adata,
        folder,
        run=f"my_{name}",
        method=name,
        parameters=defaults | TINY.get(name, {}),
        seed=seed,
        accelerator=accelerator,
        threads=1,
    )
    return folder
