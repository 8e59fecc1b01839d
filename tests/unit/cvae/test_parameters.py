from __future__ import annotations

import argparse
import math
import subprocess
import sys

import jsonschema
import pytest

from scbraid.cvae.parameters import Parameters, add_arguments, json_schema, kinds
from scbraid.errors import UserError
from support import ROOT


def parse(*arguments: str) -> dict:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return vars(parser.parse_args(arguments))


def test_schema_is_valid_and_its_defaults_are_those_of_the_parameters() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    defaults = {name: property_["default"] for name, property_ in schema["properties"].items()}
    jsonschema.validate(defaults, schema)
    assert Parameters.make(defaults) == Parameters()
    assert all(property_["description"].endswith(".") for property_ in schema["properties"].values())


WRONG = [
    ("n_latent", 0, "at least 1"),
    ("n_latent", 2.5, "type int"),
    ("n_latent", True, "type int"),
    ("n_hidden", [128, 0], "at least 1"),
    ("n_hidden", [], "type int"),
    ("dropout_rate", 1.0, "below 1"),
    ("lr", 0, "above 0"),
    ("train_size", 1.5, "at most 1"),
    ("likelihood", "normal", "one of nb, zinb, poisson"),
    ("early_stopping", 1, "type bool"),
    ("max_epochs", "many", "type int"),
    ("beta", "high", "type float"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_schema_and_python_refuse_the_same_values(name: str, value: object, message: str) -> None:
    with pytest.raises(UserError, match=f"{name} is .*{message}"):
        Parameters.make({name: value})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({name: value}, json_schema())


@pytest.mark.parametrize(
    ("name", "value", "message"), [("n_layers", 2.0, "must be of type int"), ("lr", math.nan, "must be a number")]
)
def test_python_refuses_numbers_that_json_takes(name: str, value: object, message: str) -> None:
    with pytest.raises(UserError, match=f"{name} is {value}, {message}"):
        Parameters.make({name: value})


RIGHT = [("n_hidden", [64, 32]), ("max_epochs", None), ("train_size", 1), ("beta", 0), ("prior", "vamp")]


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_schema_and_python_take_the_same_values(name: str, value: object) -> None:
    assert getattr(Parameters.make({name: value}), name) == value
    jsonschema.validate({name: value}, json_schema())


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no parameter 'n_latents'; did you mean 'n_latent'"):
        Parameters.make({"n_latents": 3})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_hidden": [64, 32, 16]}, "n_hidden has 3 widths, but n_layers is 2"),
        ({"early_stopping": True, "train_size": 1.0}, "early_stopping needs cells to validate on"),
        ({"conditional": False, "prior": "batch"}, "prior 'batch' looks at the batch"),
        ({"conditional": False, "dispersion": "gene-batch"}, "dispersion 'gene-batch' looks at the batch"),
        ({"conditional": False, "mmd_weight": 1.0}, "mmd_weight above 0 looks at the batch"),
    ],
)
def test_parameters_that_contradict_each_other(given: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Parameters.make(given)


def test_command_line_takes_every_parameter_and_leaves_out_what_is_not_given() -> None:
    assert parse() == {}
    given = parse("--n-hidden", "256,64", "--lr", "0.01", "--no-conditional", "--prior", "mog", "--max-epochs", "3")
    assert given == {"n_hidden": [256, 64], "lr": 0.01, "conditional": False, "prior": "mog", "max_epochs": 3}
    assert parse("--n-hidden", "64") == {"n_hidden": 64}
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert {action.dest for action in parser._actions} - {"help"} == set(kinds())


def test_the_schema_needs_no_torch() -> None:
    code = (
        "import sys; from scbraid.cvae.parameters import json_schema; json_schema(); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "workflow")})
