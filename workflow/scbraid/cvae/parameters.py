"""Every parameter of the conditional VAE, once: its name, default, allowed values and meaning.

The Python interface, the command line and the config's JSON schema are all made from :class:`Parameters`. Names are
those of scvi-tools where the thing is the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import typing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from jsonschema import Draft4Validator, Draft202012Validator
from jsonschema.validators import extend

from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from jsonschema import TypeChecker, ValidationError

Side = Literal["both", "encoder", "decoder", "none"]


class About(NamedTuple):
    """Meaning of a parameter and limits of its value."""

    description: str
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Checked parameters of one model and its training."""

    n_latent: Annotated[int, About("Dimensions of the latent space, at most the number of genes.", minimum=1)] = 15
    n_hidden: Annotated[
        int | list[int],
        About("Width of the hidden layers: one number, or one for each encoder layer (the decoder mirrors it).", 1),
    ] = 128
    n_layers: Annotated[int, About("Hidden layers of the encoder, and as many of the decoder.", minimum=1)] = 2
    dropout_rate: Annotated[float, About("Dropout in the encoder's hidden layers.", minimum=0, below=1)] = 0.1
    activation: Annotated[
        Literal["relu", "leaky_relu", "elu", "silu", "gelu", "tanh"], About("Non-linearity of the hidden layers.")
    ] = "relu"
    use_batch_norm: Annotated[Side, About("Which hidden layers have batch normalisation.")] = "both"
    use_layer_norm: Annotated[Side, About("Which hidden layers have layer normalisation.")] = "none"
    likelihood: Annotated[
        Literal["nb", "zinb", "poisson"],
        About("Distribution of the counts: negative binomial, zero-inflated negative binomial or Poisson."),
    ] = "nb"
    dispersion: Annotated[
        Literal["gene", "gene-batch"], About("Whether a gene has one inverse dispersion, or one in each batch.")
    ] = "gene"
    input_transform: Annotated[
        Literal["log1p", "log1p_normalized"],
        About("What the encoder sees: log1p of the counts, or of the counts scaled to the median library size."),
    ] = "log1p_normalized"
    conditional: Annotated[
        bool, About("Whether the networks see batch and covariates; those of a plain VAE do not.")
    ] = True
    encode_covariates: Annotated[
        bool, About("Whether the encoder sees batch and covariates, and not only the decoder.")
    ] = False
    deeply_inject_covariates: Annotated[
        bool, About("Whether every hidden layer of a conditioned network sees batch and covariates, or only its first.")
    ] = True
    batch_representation: Annotated[
        Literal["one-hot", "embedding"], About("Whether categories enter as one-hot vectors or as learned embeddings.")
    ] = "one-hot"
    embedding_dim: Annotated[int, About("Length of a category's learned embedding.", minimum=1)] = 5
    condition_output: Annotated[
        bool, About("Whether batch and covariates also shift the decoder's output for each gene directly.")
    ] = False
    prior: Annotated[
        Literal["normal", "batch", "mog", "vamp"],
        About(
            "Prior of the latent space: standard normal, a learned normal for each batch, a mixture of Gaussians (with "
            "a component for each label where labels are given), or VampPrior."
        ),
    ] = "mog"
    n_components: Annotated[int, About("Components of the mog and vamp priors.", minimum=1)] = 20
    normal_share: Annotated[
        float,
        About(
            "Share of the KL divergence that the mog and vamp priors leave to a standard normal, which keeps groups of "
            "cells from drifting apart.",
            minimum=0,
            maximum=1,
        ),
    ] = 0.4
    beta: Annotated[float, About("Final weight of the KL divergence.", minimum=0)] = 1.0
    kl_schedule: Annotated[
        Literal["linear", "cyclic", "constant"],
        About("How the KL weight reaches beta: one linear warm-up, a warm-up in each cycle, or at once."),
    ] = "linear"
    n_epochs_kl_warmup: Annotated[
        int | None, About("Epochs of the linear warm-up; null stands for half of all epochs.", minimum=1)
    ] = None
    n_kl_cycles: Annotated[int, About("Cycles of the cyclic schedule.", minimum=1)] = 4
    free_bits: Annotated[
        float, About("Nats that a latent dimension may use before its divergence counts.", minimum=0)
    ] = 0.0
    classification_ratio: Annotated[float, About("Weight of the label head's cross-entropy.", minimum=0)] = 50.0
    mmd_weight: Annotated[
        float,
        About("Weight of the maximum mean discrepancy between the batches in the latent space; 0 leaves it out.", 0),
    ] = 0.0
    max_epochs: Annotated[
        int | None,
        About("Epochs; null stands for as many as make about 3,000 steps, at least 8 and at most 400.", minimum=1),
    ] = None
    batch_size: Annotated[
        int | None,
        About(
            "Cells of a minibatch; null stands for 128 up to 16,000 cells and for more above, up to 2,048.", minimum=2
        ),
    ] = None
    lr: Annotated[float, About("Peak learning rate of Adam.", above=0)] = 4e-3
    lr_schedule: Annotated[
        Literal["one_cycle", "cosine", "constant"],
        About("Learning rate over the training: up and down, only down, or constant."),
    ] = "one_cycle"
    weight_decay: Annotated[float, About("L2 penalty of Adam.", minimum=0)] = 1e-6
    eps: Annotated[float, About("Adam's epsilon.", above=0)] = 1e-8
    gradient_clip_val: Annotated[float, About("Largest norm of the gradient of the mean loss.", above=0)] = 100.0
    train_size: Annotated[
        float | None,
        About(
            "Fraction of cells trained on, the rest validate; null stands for 1, with early stopping 0.9.",
            above=0,
            maximum=1,
        ),
    ] = None
    early_stopping: Annotated[
        bool,
        About("Whether to stop when the validation loss improves no more, and to return to where it was best."),
    ] = False
    early_stopping_patience: Annotated[int, About("Epochs that early stopping waits for a better loss.", minimum=1)] = (
        45
    )
    checkpoint_every: Annotated[
        float, About("Seconds between checkpoints, where a checkpoint folder is given.", minimum=0)
    ] = 60.0
    precision: Annotated[
        Literal["auto", "float32", "bf16"],
        About("Arithmetic of the networks: bf16 needs a CUDA device; auto takes it there and float32 elsewhere."),
    ] = "auto"

    def __post_init__(self) -> None:
        error = next(_Validator(json_schema()).iter_errors(vars(self)), None)
        if error is not None:
            name = str(error.path[0])
            raise UserError(f"cvae: {name} is {error.instance!r}, must be {_expected(error, kinds()[name])}")
        if isinstance(self.n_hidden, list) and len(self.n_hidden) != self.n_layers:
            raise UserError(f"cvae: n_hidden has {len(self.n_hidden)} widths, but n_layers is {self.n_layers}")
        if self.early_stopping and self.train_size == 1:
            raise UserError("cvae: early_stopping needs cells to validate on; set train_size below 1, for example 0.9")
        looks_at_batch = {
            "prior 'batch'": self.prior == "batch",
            "dispersion 'gene-batch'": self.dispersion == "gene-batch",
            "mmd_weight above 0": self.mmd_weight > 0,
        }
        for choice, made in looks_at_batch.items():
            if made and not self.conditional:
                raise UserError(f"cvae: {choice} looks at the batch and needs conditional = true")

    @classmethod
    def make(cls, given: dict[str, Any]) -> Parameters:
        """Check given parameters and fill in the defaults.

        Raises
        ------
        UserError
            If a name is unknown or a value not allowed.
        """
        for name in given:
            if name not in kinds():
                raise UserError(f"cvae: no parameter '{name}'; {suggest(name, kinds())}")
        return cls(**given)

    @property
    def widths(self) -> list[int]:
        """Widths of the encoder's hidden layers."""
        return self.n_hidden if isinstance(self.n_hidden, list) else [self.n_hidden] * self.n_layers


class Kind(NamedTuple):
    """What values a parameter takes: one type or some choices, perhaps None or a list too."""

    about: About
    default: Any
    type: type
    choices: tuple[str, ...]
    optional: bool
    many: bool


@cache
def kinds() -> dict[str, Kind]:
    """Read what every parameter takes from its annotation."""
    found = {}
    hints = typing.get_type_hints(Parameters, include_extras=True)
    for field in dataclasses.fields(Parameters):
        hint, about = typing.get_args(hints[field.name])
        options = typing.get_args(hint)
        if typing.get_origin(hint) is Literal:
            found[field.name] = Kind(about, field.default, str, options, optional=False, many=False)
        else:
            one = options[0] if options else hint
            many = any(typing.get_origin(option) is list for option in options)
            found[field.name] = Kind(about, field.default, one, (), optional=type(None) in options, many=many)
    return found


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the parameters as one object."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _schema(kind) for name, kind in kinds().items()},
    }


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Add every parameter to a command line as --name-with-dashes; those not given stay out of the result."""
    for name, kind in kinds().items():
        options: dict[str, Any] = {"help": f"{kind.about.description} [{kind.default}]"}
        if kind.type is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif kind.choices:
            options["choices"] = kind.choices
        else:
            options["type"] = _one_or_many if kind.many else kind.type
        parser.add_argument(f"--{name.replace('_', '-')}", default=argparse.SUPPRESS, **options)


def _schema(kind: Kind) -> dict[str, Any]:
    schema = {"description": kind.about.description, "default": kind.default}
    if kind.choices:
        return schema | {"enum": list(kind.choices)}
    names = {int: "integer", float: "number", bool: "boolean", str: "string"}
    types = [names[kind.type]] + ["array"] * kind.many + ["null"] * kind.optional
    limits = {
        "minimum": kind.about.minimum,
        "exclusiveMinimum": kind.about.above,
        "maximum": kind.about.maximum,
        "exclusiveMaximum": kind.about.below,
    }
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    items = {"items": {"type": names[kind.type]} | limits, "minItems": 1} if kind.many else {}
    return schema | {"type": types if len(types) > 1 else types[0]} | limits | items


def _one_or_many(text: str) -> int | list[int]:
    """Read "128" or "256,128"."""
    numbers = [int(part) for part in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def _is_number(_checker: TypeChecker, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


# Since draft 6 JSON takes 2.0 for an integer, which no layer takes for its width; nan passes every limit.
_Validator = extend(Draft202012Validator, type_checker=Draft4Validator.TYPE_CHECKER.redefine("number", _is_number))


def _expected(error: ValidationError, kind: Kind) -> str:
    """Say what a value that breaks the schema should be."""
    limits = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    if error.validator in limits:
        return f"{limits[error.validator]} {error.validator_value:g}"
    if error.validator == "enum":
        return f"one of {', '.join(kind.choices)}"
    is_nan = kind.type is float and isinstance(error.instance, float)
    return "a number" if is_nan else f"of type {kind.type.__name__}"
