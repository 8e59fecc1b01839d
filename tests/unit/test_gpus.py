"""A device for every training job, with pretended devices and real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from scbraid.errors import UserError
from scbraid.gpus import own_gpu, visible_devices

LIBRARY = Path(__file__).parents[2] / "workflow"
JOB = """
    import os, pathlib, sys, time
    from scbraid.gpus import own_gpu
    folder = pathlib.Path(sys.argv[1])
    with own_gpu("auto", folder=folder) as device:
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
    with own_gpu(accelerator, folder=tmp_path / "locks") as device:
        assert device is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert not (tmp_path / "locks").exists()


def test_an_unset_variable_is_unset_again(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("scbraid.gpus.visible_devices", lambda: ["0", "1"])
    with own_gpu("gpu", folder=tmp_path) as device:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == device == "0"
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_devices_of_a_scheduler_are_those_of_the_variable(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert visible_devices() == ["2", "GPU-5"]


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5"])
def test_a_wrong_number_of_jobs_is_named(text, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("SCBRAID_JOBS_PER_GPU", text)
    with pytest.raises(UserError, match=f"SCBRAID_JOBS_PER_GPU is '{text}'"), own_gpu("auto", folder=tmp_path):
        pass
