"""A device for every training job, with pretended devices and real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from scbraid.errors import UserError
from scbraid.files import read_json, read_table
from scbraid.methods.registry import METHODS, parameter_schema
from scbraid.methods.spec import Run
from scbraid.runs.contract import check_device
from scbraid.runs.gpus import reserved_gpu, visible_devices
from scbraid.runs.run import run_method
from support import ROOT

LIBRARY = ROOT / "workflow"
JOB = """
    import os, pathlib, sys, time
    from scbraid.runs.gpus import reserved_gpu
    folder = pathlib.Path(sys.argv[1])
    with reserved_gpu("auto", folder=folder) as device:
        print(device, os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
        while not (folder / "finish").exists():
            time.sleep(0.02)
    print("left", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
"""


@pytest.fixture
def start(tmp_path):
    """Start a job that holds its device until the file `finish` is there."""
    jobs = []

    def _start(**environment: str) -> subprocess.Popen:
        settings = os.environ | {"PYTHONPATH": str(LIBRARY), "CUDA_VISIBLE_DEVICES": "0,1,2"} | environment
        command = [sys.executable, "-c", textwrap.dedent(JOB), str(tmp_path)]
        jobs.append(subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True))
        return jobs[-1]

    yield _start
    for job in jobs:
        job.kill()
        job.wait()


def has_said_nothing(job: subprocess.Popen, seconds: float = 0.7) -> bool:
    os.set_blocking(job.stdout.fileno(), False)
    time.sleep(seconds)
    said = job.stdout.readline()
    os.set_blocking(job.stdout.fileno(), True)
    return said == ""


def test_jobs_side_by_side_have_a_device_each_and_a_further_one_waits(start, tmp_path):
    jobs = [start() for _ in range(3)]
    found = [job.stdout.readline().split() for job in jobs]
    assert sorted(device for device, _ in found) == ["0", "1", "2"]
    assert all(device == seen for device, seen in found)
    further = start()
    assert has_said_nothing(further)
    (tmp_path / "finish").touch()
    assert further.stdout.readline().split()[0] in ("0", "1", "2")
    for job in [*jobs, further]:
        assert job.stdout.readline() == "left 0,1,2\n"
        assert job.wait() == 0


def test_a_killed_job_frees_its_device(start):
    jobs = [start(CUDA_VISIBLE_DEVICES="GPU-a,GPU-b") for _ in range(2)]
    devices = [job.stdout.readline().split()[0] for job in jobs]
    jobs[0].send_signal(signal.SIGKILL)
    jobs[0].wait()
    assert start(CUDA_VISIBLE_DEVICES="GPU-a,GPU-b").stdout.readline().split()[0] == devices[0]


def test_several_jobs_share_a_device_when_asked_after_all_have_one(start):
    shared = {"CUDA_VISIBLE_DEVICES": "0,1", "SCBRAID_JOBS_PER_GPU": "2"}
    devices = [start(**shared).stdout.readline().split()[0] for _ in range(4)]
    assert devices == ["0", "1", "0", "1"]
    assert has_said_nothing(start(**shared))


@pytest.mark.parametrize(("accelerator", "visible"), [("cpu", "0,1"), ("auto", "3"), ("gpu", ""), ("auto", " ")])
def test_without_a_choice_nothing_is_reserved(accelerator, visible, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with reserved_gpu(accelerator, folder=tmp_path / "locks") as device:
        assert device is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert not (tmp_path / "locks").exists()


def test_an_unset_variable_is_unset_again(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("scbraid.runs.gpus.visible_devices", lambda: ["0", "1"])
    with reserved_gpu("gpu", folder=tmp_path) as device:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == device == "0"
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_devices_of_a_scheduler_are_those_of_the_variable(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert visible_devices() == ["2", "GPU-5"]


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5"])
def test_a_wrong_number_of_jobs_is_named(text, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("SCBRAID_JOBS_PER_GPU", text)
    with pytest.raises(UserError, match=f"SCBRAID_JOBS_PER_GPU is '{text}'"), reserved_gpu("auto", folder=tmp_path):
        pass


def run_where_no_gpu_is(method, adata, folder, monkeypatch, *, accelerator, **changed):
    """Train as the rule does, on a machine on which torch finds no GPU; return the reason of a failure and run.json."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    parameters = {key: entry["default"] for key, entry in parameter_schema(method)["properties"].items()} | changed
    run = Run(name="mine", method=method, parameters=parameters, seed=0)
    reason = run_method(adata, folder, run, accelerator=accelerator, threads=1)
    return reason, read_json(folder / "run.json")


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.trains])
def test_every_method_that_trains_refuses_to_without_the_gpu_that_was_asked_for(
    method, demo_hvg, tmp_path, monkeypatch
):
    reason, facts = run_where_no_gpu_is(method, demo_hvg, tmp_path, monkeypatch, accelerator="gpu")
    assert reason.endswith(": accelerator is 'gpu', but torch finds no CUDA device; use cpu or auto")
    assert "\n" not in reason
    assert (facts["failed"], facts["device_asked"], facts["device"]) == (reason, "gpu", "none")
    assert facts["epochs"] is None
    assert read_table(tmp_path / "history.tsv").empty
    assert list((tmp_path / "model").iterdir()) == []


def test_auto_falls_back_to_the_cpu_and_says_so(demo_hvg, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    small = {"max_epochs": 1, "n_latent": 3, "n_hidden": 8}
    reason, facts = run_where_no_gpu_is("cvae", demo_hvg, tmp_path, monkeypatch, accelerator="auto", **small)
    assert reason is None
    assert (facts["device_asked"], facts["device"], facts["epochs"]) == ("auto", "cpu", 1)
    assert "mine ran on the CPU, not on a GPU" in caplog.messages


def test_the_log_names_the_gpu_that_auto_found(caplog):
    caplog.set_level("INFO")
    check_device(asked="auto", used="cuda:0", run_name="mine")
    check_device(asked="gpu", used="cuda:0", run_name="mine")
    assert caplog.messages == ["mine ran on cuda:0"]
