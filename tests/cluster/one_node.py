"""A real SLURM cluster of one node, this machine: partitions cpu and gpu, and a GPU that is /dev/null.

It has its own keys, ports and state, no accounting database, and kills a job that takes more memory than it asked for.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = Path("/etc/slurm")  # the only place that commands inside of a job look at
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "scancel", "scontrol", "squeue")
MARK = "# one node, written by scbraid's tests\n"
SLURM_CONF = """
ClusterName=scbraid
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={state}/munge.socket
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/slurmd
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
MinJobAge=900
KillWait=5
GresTypes=gpu
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={state}/jobcomp.log
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes=localhost Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=localhost Default=NO MaxTime=INFINITE State=UP
"""
GRES_CONF = "NodeName=localhost Name=gpu Count=1 File=/dev/null\n"


def why_not_here() -> str | None:
    """Say why a SLURM cannot be started on this machine, or None."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"no {', '.join(missing)}: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge"
    if os.geteuid() != 0:
        return "starting a SLURM takes root"
    existing = CONFIG / "slurm.conf"
    if existing.exists() and not existing.read_text().startswith(MARK):
        return f"this machine belongs to a cluster already: {existing}"
    return None


def jobs() -> list[dict[str, str]]:
    """Every job since the cluster was started, oldest first: the fields of `scontrol show job`."""
    lines = _call("scontrol", "show", "job", "--oneliner").splitlines()
    found = [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines]
    return sorted((job for job in found if "JobId" in job), key=lambda job: int(job["JobId"]))


@contextmanager
def running(state: Path) -> Iterator[None]:
    """Start the cluster with its state in a folder, and stop it with all its jobs."""
    for folder in ("ctld", "slurmd"):
        (state / folder).mkdir()
    key = state / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    CONFIG.mkdir(exist_ok=True)
    (CONFIG / "slurm.conf").write_text(MARK + SLURM_CONF.format(state=state))
    (CONFIG / "gres.conf").write_text(MARK + GRES_CONF)
    munge = [f"--{name}-file={state}/munge.{name}" for name in ("key", "pid", "log", "seed")]
    try:
        _call("munged", "--force", f"--socket={state}/munge.socket", *munge)
        _call("slurmctld")
        _call("slurmd", "-N", "localhost")
        _wait_until_idle(state)
        yield
    finally:
        _stop(state)
        for name in ("slurm.conf", "gres.conf"):
            (CONFIG / name).unlink()


def _call(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def _wait_until_idle(state: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = subprocess.run(["sinfo", "-h", "-o", "%T"], check=False, capture_output=True, text=True)
        if set(answer.stdout.split()) == {"idle"}:
            return
        time.sleep(0.2)
    logs = "".join((state / f"{name}.log").read_text() for name in ("slurmctld", "slurmd"))
    raise TimeoutError(f"SLURM did not start:\n{logs}")


def _stop(state: Path) -> None:
    subprocess.run(["scancel", "--user=root"], check=False, capture_output=True, timeout=60)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        left = subprocess.run(["squeue", "-h"], check=False, capture_output=True, text=True)
        if not left.stdout.strip():
            break
        time.sleep(0.5)
    for name in ("slurmd.pid", "slurmctld.pid", "munge.pid"):
        if (state / name).exists():
            _end(int((state / name).read_text()))


def _end(process: int) -> None:
    deadline = time.monotonic() + 30
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(process, signal.SIGTERM)
            time.sleep(0.2)
