"""Every parameter of the conditional VAE, once: its name, default, allowed values and meaning.

The Python interface, the command line and the config's JSON schema are all made from :class:`Parameters`. Names are those
of scvi-tools where the thing is the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from scbraid.errors import UserError, suggest

Side = Literal["both", "encoder", "decoder", "none"]


def _parameter(default: Any, description: str, **limits: float) -> Any:  # noqa: ANN401
    return dataclasses.field(default=default, metadata={"description": description, "limits": limits})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Checked parameters of one model and its training."""

    n_latent: int = _parameter(30, "Dimensions of the latent space, at most the number of genes.", minimum=1)
    n_hidden: int | list[int] = _parameter(
        128,
        "Width of the hidden layers: one number, or one for each encoder layer (the decoder mirrors it).",
        minimum=1,
    )
    n_layers: int = _parameter(2, "Hidden layers of the encoder, and as many of the decoder.", minimum=1)
    dropout_rate: float = _parameter(0.1, "Dropout in the encoder's hidden layers.", minimum=0, below=1)
    activation: Literal["relu", "leaky_relu", "elu", "silu", "gelu", "tanh"] = _parameter(
        "relu", "Non-linearity of the hidden layers."
    )
    use_batch_norm: Side = _parameter("both", "Which hidden layers have batch normalisation.")
    use_layer_norm: Side = _parameter("none", "Which hidden layers have layer normalisation.")
    likelihood: Literal["nb", "zinb", "poisson"] = _parameter(
        "nb", "Distribution of the counts: negative binomial, zero-inflated negative binomial or Poisson."
    )
    dispersion: Literal["gene", "gene-batch"] = _parameter(
        "gene", "Whether a gene has one inverse dispersion, or one in each batch."
    )
    input_transform: Literal["log1p", "log1p_normalized"] = _parameter(
        "log1p", "What the encoder sees: log1p of the counts, or of the counts scaled to the median library size."
    )
    conditional: bool = _parameter(True, "Whether the networks see batch and covariates; a plain VAE does not.")
    encode_covariates: bool = _parameter(False, "Whether the encoder sees batch and covariates, not only the decoder.")
    deeply_inject_covariates: bool = _parameter(
        True, "Whether every hidden layer of a conditioned network sees batch and covariates, or only its first."
    )
    batch_representation: Literal["one-hot", "embedding"] = _parameter(
        "one-hot", "Whether categories enter as one-hot vectors or as learned embeddings."
    )
    embedding_dim: int = _parameter(5, "Length of a category's learned embedding.", minimum=1)
    condition_output: bool = _parameter(
        False, "Whether batch and covariates also shift the decoder's output for each gene directly."
    )
    prior: Literal["normal", "batch", "mog", "vamp"] = _parameter(
        "normal",
        "Prior of the latent space: standard normal, a learned normal for each batch, a mixture of Gaussians (a component "
        "for each label where labels are given), or VampPrior.",
    )
    n_components: int = _parameter(20, "Components of the mog and vamp priors.", minimum=1)
    beta: float = _parameter(1.0, "Final weight of the KL divergence.", minimum=0)
    kl_schedule: Literal["linear", "cyclic", "constant"] = _parameter(
        "linear", "How the KL weight reaches beta: one linear warm-up, a warm-up in each cycle, or at once."
    )
    n_epochs_kl_warmup: int | None = _parameter(
        None, "Epochs of the linear warm-up; null stands for half of all epochs.", minimum=1
    )
    n_kl_cycles: int = _parameter(4, "Cycles of the cyclic schedule.", minimum=1)
    free_bits: float = _parameter(0.0, "Nats that a latent dimension may use before its divergence counts.", minimum=0)
    classification_ratio: float = _parameter(50.0, "Weight of the label head's cross-entropy.", minimum=0)
    max_epochs: int | None = _parameter(
        None, "Epochs; null stands for 400 up to 20,000 cells and for fewer above, down to 8.", minimum=1
    )
    batch_size: int | None = _parameter(
        None, "Cells of a minibatch; null stands for 128 below 10,000 cells and for 256 above.", minimum=2
    )
    lr: float = _parameter(4e-3, "Peak learning rate of Adam.", above=0)
    lr_schedule: Literal["one_cycle", "cosine", "constant"] = _parameter(
        "one_cycle", "Learning rate over the training: up and down, only down, or constant."
    )
    weight_decay: float = _parameter(1e-6, "L2 penalty of Adam.", minimum=0)
    eps: float = _parameter(1e-8, "Adam's epsilon.", above=0)
    gradient_clip_val: float = _parameter(100.0, "Largest norm of the gradient of the mean loss.", above=0)
    train_size: float | None = _parameter(
        None, "Fraction of cells trained on, the rest validate; null stands for 1, with early stopping 0.9.",
        above=0, maximum=1,
    )  # fmt: skip
    early_stopping: bool = _parameter(
        False,
        "Stop when the validation loss stays above its best for early_stopping_patience epochs, and return to it.",
    )
    early_stopping_patience: int = _parameter(45, "Epochs that early stopping waits for a better loss.", minimum=1)
    checkpoint_every: int = _parameter(25, "Epochs between checkpoints, where a checkpoint folder is given.", minimum=1)
    precision: Literal["auto", "float32", "bf16"] = _parameter(
        "auto", "Arithmetic of the networks: bf16 needs a CUDA device; auto takes it there and float32 elsewhere."
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name), kinds()[field.name], field.metadata["limits"])
        if isinstance(self.n_hidden, list) and len(self.n_hidden) != self.n_layers:
            raise UserError(f"cvae: n_hidden has {len(self.n_hidden)} widths for n_layers = {self.n_layers}")
        if self.early_stopping and self.train_size == 1:
            raise UserError("cvae: early_stopping needs cells to validate on; set train_size below 1, for example 0.9")
        for name, value in (("prior", "batch"), ("dispersion", "gene-batch")):
            if not self.conditional and getattr(self, name) == value:
                raise UserError(f"cvae: {name} '{value}' looks at the batch; it needs conditional = true")

    @classmethod
    def make(cls, given: dict[str, Any]) -> Parameters:
        """Check given parameters and fill in the defaults.

        Raises
        ------
        UserError
            If a name is unknown or a value not allowed.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in given:
            if name not in names:
                raise UserError(f"cvae: no parameter '{name}'; {suggest(name, names)}")
        return cls(**given)

    @property
    def widths(self) -> list[int]:
        """Widths of the encoder's hidden layers."""
        return self.n_hidden if isinstance(self.n_hidden, list) else [self.n_hidden] * self.n_layers


class Kind(NamedTuple):
    """Type of a parameter: its Python type, its choices, and whether it may be None or a list."""

    type: type
    choices: tuple[str, ...]
    optional: bool
    many: bool


@cache
def kinds() -> dict[str, Kind]:
    """Read every parameter's type from its annotation."""
    found = {}
    for name, hint in typing.get_type_hints(Parameters).items():
        options = typing.get_args(hint)
        if typing.get_origin(hint) is Literal:
            found[name] = Kind(str, options, optional=False, many=False)
        else:
            kind = options[0] if options else hint
            found[name] = Kind(kind, (), optional=type(None) in options, many=list[kind] in options)
    return found


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the parameters as one object."""
    type_names = {int: "integer", float: "number", bool: "boolean", str: "string"}
    limit_names = {
        "minimum": "minimum", "above": "exclusiveMinimum", "maximum": "maximum", "below": "exclusiveMaximum"
    }  # fmt: skip
    properties = {}
    for field in dataclasses.fields(Parameters):
        kind = kinds()[field.name]
        limits = {limit_names[name]: value for name, value in field.metadata["limits"].items()}
        schema = {"description": field.metadata["description"], "default": field.default}
        if kind.choices:
            schema["enum"] = list(kind.choices)
        else:
            allowed = [type_names[kind.type], *(["array"] if kind.many else []), *(["null"] if kind.optional else [])]
            schema |= {"type": allowed if len(allowed) > 1 else allowed[0]} | limits
        if kind.many:
            schema["items"] = {"type": type_names[kind.type]} | limits
        properties[field.name] = schema
    return {"type": "object", "additionalProperties": False, "properties": properties}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every parameter to a command line as --name-with-dashes; those not given stay out of the result."""
    for field in dataclasses.fields(Parameters):
        kind = kinds()[field.name]
        options: dict[str, Any] = {"help": f"{field.metadata['description']} [{field.default}]"}
        if kind.type is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif kind.choices:
            options["choices"] = kind.choices
        else:
            options["type"] = _one_or_many if kind.many else kind.type
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=argparse.SUPPRESS, **options)


def _one_or_many(text: str) -> int | list[int]:
    """Read "128" or "256,128"."""
    numbers = [int(part) for part in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def _check(name: str, value: Any, kind: Kind, limits: dict[str, float]) -> None:  # noqa: ANN401
    if value is None and kind.optional:
        return
    if kind.many and isinstance(value, list) and value:
        for one in value:
            _check(name, one, kind, limits)
        return
    if kind.choices:
        if value not in kind.choices:
            raise UserError(f"cvae: {name} is {value!r}, must be one of {', '.join(kind.choices)}")
        return
    accepted = (int, float) if kind.type is float else kind.type
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind.type is not bool):
        raise UserError(f"cvae: {name} is {value!r}, must be of type {kind.type.__name__}")
    broken = {
        "at least": value < limits.get("minimum", value),
        "above": "above" in limits and value <= limits["above"],
        "at most": value > limits.get("maximum", value),
        "below": "below" in limits and value >= limits["below"],
    }
    for words, is_broken in broken.items():
        if is_broken:
            limit = limits[{"at least": "minimum", "at most": "maximum"}.get(words, words)]
            raise UserError(f"cvae: {name} is {value}, must be {words} {limit:g}")
