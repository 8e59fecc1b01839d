"""Every parameter of the conditional VAE, once: its name, default, allowed values and meaning.

The Python interface, the command line and the config's JSON schema are all made from :class:`Parameters`. Names are those
of scvi-tools where the thing is the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import typing
from dataclasses import dataclass
from typing import Any, Literal

from scbraid.errors import UserError, suggest


def _parameter(default: Any, description: str, **limits: float) -> Any:  # noqa: ANN401
    return dataclasses.field(default=default, metadata={"description": description, **limits})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Checked parameters of one model and its training."""

    # model
    n_latent: int = _parameter(30, "Dimensions of the latent space, at most the number of genes.", minimum=1)
    n_hidden: int = _parameter(128, "Width of every hidden layer.", minimum=1)
    n_layers: int = _parameter(2, "Hidden layers of the encoder and of the decoder.", minimum=1)
    dropout_rate: float = _parameter(0.1, "Dropout in the encoder's hidden layers.", minimum=0, below=1)
    activation: Literal["relu", "leaky_relu", "elu", "silu", "gelu", "tanh"] = _parameter(
        "relu", "Non-linearity of the hidden layers."
    )
    use_batch_norm: Literal["both", "encoder", "decoder", "none"] = _parameter(
        "both", "Where hidden layers have batch normalisation."
    )
    use_layer_norm: Literal["both", "encoder", "decoder", "none"] = _parameter(
        "none", "Where hidden layers have layer normalisation."
    )
    likelihood: Literal["nb", "zinb", "poisson"] = _parameter("nb", "Distribution of the counts.")
    dispersion: Literal["gene", "gene-batch"] = _parameter(
        "gene", "Whether each gene has one inverse dispersion, or one in each batch."
    )
    input_transform: Literal["log1p", "log1p_normalized"] = _parameter(
        "log1p", "What the encoder sees: log1p of the counts, or of the counts scaled to the median library size."
    )
    conditional: bool = _parameter(True, "Whether the networks see batch and covariates; without them it is a plain VAE.")
    encode_covariates: bool = _parameter(False, "Whether the encoder sees batch and covariates too.")
    deeply_inject_covariates: bool = _parameter(
        True, "Whether every hidden layer of a conditioned network sees the covariates, or only its first."
    )
    batch_representation: Literal["one-hot", "embedding"] = _parameter(
        "one-hot", "Whether categories enter as one-hot vectors or as learned embeddings."
    )
    embedding_dim: int = _parameter(5, "Length of a category's learned embedding.", minimum=1)
    condition_output: bool = _parameter(
        False, "Whether each batch and covariate also shifts the decoder's output for every gene directly."
    )
    prior: Literal["normal", "batch", "mog", "vamp"] = _parameter(
        "normal",
        "Prior of the latent space: standard normal, a normal for each batch, a mixture of Gaussians, or VampPrior.",
    )
    n_components: int = _parameter(20, "Components of the mog and vamp priors.", minimum=1)
    # objective
    beta: float = _parameter(1.0, "Final weight of the KL divergence.", minimum=0)
    kl_schedule: Literal["linear", "cyclic", "constant"] = _parameter(
        "linear", "How the KL weight reaches beta: one linear warm-up, a warm-up in every cycle, or at once."
    )
    n_epochs_kl_warmup: int | None = _parameter(
        None, "Epochs of the linear warm-up; null stands for half of all epochs.", minimum=1
    )
    kl_cycles: int = _parameter(4, "Cycles of the cyclic schedule.", minimum=1)
    free_bits: float = _parameter(0.0, "Nats a latent dimension may use before its KL divergence counts.", minimum=0)
    classification_ratio: float = _parameter(50.0, "Weight of the label head's cross-entropy.", minimum=0)
    # training
    max_epochs: int | None = _parameter(
        None, "Epochs; null stands for min(400, 400 x 20,000 / cells), at least 8.", minimum=1
    )
    batch_size: int | None = _parameter(None, "Cells of a minibatch; null stands for 128 below 10,000 cells, else 256.", minimum=2)
    lr: float = _parameter(4e-3, "Peak learning rate of Adam.", above=0)
    lr_schedule: Literal["one_cycle", "cosine", "constant"] = _parameter(
        "one_cycle", "Learning rate over the training: up and down, down only, or constant."
    )
    weight_decay: float = _parameter(1e-6, "L2 penalty of Adam.", minimum=0)
    eps: float = _parameter(1e-8, "Adam's epsilon.", above=0)
    gradient_clip_val: float = _parameter(100.0, "Largest norm of the gradient of the loss per cell.", above=0)
    train_size: float = _parameter(1.0, "Fraction of the cells trained on; the rest validate.", above=0, maximum=1)
    early_stopping: bool = _parameter(
        False, "Stop when the validation loss has not improved for `early_stopping_patience` epochs; needs train_size < 1."
    )
    early_stopping_patience: int = _parameter(45, "Epochs without improvement before stopping.", minimum=1)
    checkpoint_every: int = _parameter(50, "Epochs between checkpoints, where a checkpoint folder is given.", minimum=1)
    precision: Literal["auto", "float32", "bf16"] = _parameter(
        "auto", "Arithmetic of the networks: bf16 needs CUDA; auto takes it there and float32 elsewhere."
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name), _types()[field.name], field.metadata)
        if self.early_stopping and self.train_size == 1:
            raise UserError("cvae: early_stopping needs validation cells; set train_size below 1, for example 0.9")

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
                raise UserError(f"cvae has no parameter '{name}'; {suggest(name, names)}")
        return cls(**given)

    def as_dict(self) -> dict[str, Any]:
        """All values by name."""
        return dataclasses.asdict(self)


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the parameters as one object."""
    names = {int: "integer", float: "number", bool: "boolean", str: "string"}
    properties = {}
    for field in dataclasses.fields(Parameters):
        kind, choices, optional = _types()[field.name]
        limits = field.metadata
        schema: dict[str, Any] = {"description": limits["description"], "default": field.default}
        schema |= {"enum": list(choices)} if choices else {"type": [names[kind], "null"] if optional else names[kind]}
        for ours, theirs in _LIMITS.items():
            if ours in limits:
                schema[theirs] = limits[ours]
        properties[field.name] = schema
    return {"type": "object", "additionalProperties": False, "properties": properties}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every parameter to a command line, as --name-with-dashes; absent ones stay absent from the result."""
    for field in dataclasses.fields(Parameters):
        kind, choices, _ = _types()[field.name]
        options: dict[str, Any] = {"help": f"{field.metadata['description']} [{field.default}]"}
        options |= {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        if choices:
            options["choices"] = choices
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", dest=field.name, default=argparse.SUPPRESS, **options
        )


_LIMITS = {"minimum": "minimum", "above": "exclusiveMinimum", "maximum": "maximum", "below": "exclusiveMaximum"}


def _types() -> dict[str, tuple[type, tuple[str, ...], bool]]:
    """Type, choices and whether None is allowed, of each parameter."""
    found = {}
    for name, hint in typing.get_type_hints(Parameters).items():
        arguments = typing.get_args(hint)
        if typing.get_origin(hint) is Literal:
            found[name] = (str, arguments, False)
        else:
            found[name] = (arguments[0] if arguments else hint, (), type(None) in arguments)
    return found


def _check(name: str, value: Any, kind: tuple[type, tuple[str, ...], bool], limits: dict[str, Any]) -> None:  # noqa: ANN401
    expected, choices, optional = kind
    if value is None and optional:
        return
    if choices:
        if value not in choices:
            raise UserError(f"cvae: {name} is {value!r}; {suggest(value, choices)} (allowed: {', '.join(choices)})")
        return
    accepted = (int, float) if expected is float else expected
    if not isinstance(value, accepted) or (isinstance(value, bool) and expected is not bool):
        raise UserError(f"cvae: {name} is {value!r}, must be of type {expected.__name__}")
    tests = {
        "minimum": (lambda limit: value >= limit, "at least"),
        "above": (lambda limit: value > limit, "above"),
        "maximum": (lambda limit: value <= limit, "at most"),
        "below": (lambda limit: value < limit, "below"),
    }
    for limit, (holds, words) in tests.items():
        if limit in limits and not holds(limits[limit]):
            raise UserError(f"cvae: {name} is {value}, must be {words} {limits[limit]}")
