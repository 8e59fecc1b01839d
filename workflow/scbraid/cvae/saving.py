"""A trained model as a folder: weights.pt and model.json."""

from __future__ import annotations

import io
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import scbraid
from scbraid.cvae.model import VAE
from scbraid.cvae.parameters import Parameters
from scbraid.cvae.vocabulary import Vocabulary
from scbraid.errors import UserError

WEIGHTS, DESCRIPTION = "weights.pt", "model.json"
FORMAT = 1


def write_model(folder: str | Path, module: VAE, vocabulary: Vocabulary, **facts: Any) -> None:
    """Write weights, and names, parameters, versions and further facts beside them."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = io.BytesIO()  # torch's own writer does not say that a disk is full
    torch.save({name: value.cpu() for name, value in module.state_dict().items()}, weights)
    (folder / WEIGHTS).write_bytes(weights.getbuffer())
    versions = {name: version(name) for name in ("torch", "numpy", "scipy", "pandas", "anndata")}
    description = {
        "format": FORMAT,
        "versions": {"scbraid": scbraid.__version__, "python": platform.python_version(), **versions},
        "parameters": vars(module.settings),
        "vocabulary": vocabulary.as_dict(),
        **facts,
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def read_model(folder: str | Path) -> tuple[VAE, Vocabulary, dict[str, Any]]:
    """Read what :func:`write_model` wrote.

    Returns
    -------
    The model on the CPU, its names, and the whole description.

    Raises
    ------
    UserError
        If the folder holds no model, one of another format, or a damaged one. Nothing in it can run code.
    """
    folder = Path(folder)
    for name in (DESCRIPTION, WEIGHTS):
        if not (folder / name).exists():
            raise UserError(f"cvae: {folder} holds no model: there is no {name}")
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
        written = description["format"]
        if written != FORMAT:
            raise UserError(f"cvae: {folder} has a model of format {written}; this version reads {FORMAT}")
        vocabulary = Vocabulary.from_dict(description["vocabulary"])
        module = VAE(Parameters.make(description["parameters"]), vocabulary.dimensions)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"cvae: {folder / DESCRIPTION} does not describe a model; the file is damaged") from error
    try:
        module.load_state_dict(torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True))
    except Exception as error:
        raise UserError(
            f"cvae: {folder / WEIGHTS} does not hold the weights of this model; the file is damaged or another one"
        ) from error
    return module, vocabulary, description
