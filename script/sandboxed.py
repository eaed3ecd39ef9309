"""What the benchmarks share: the stand-in as a process of its own, services on it, rows to send, and memory."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from mxlib.core import passwords
from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.vocabulary import AT_AN_END, RunStatus, Verdict
from mxlib.runs.run_view import RunView
from mxlib.services import container
from mxlib.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOMAIN = "nieuwe-klant.example"


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """The address of a stand-in that answers until the block ends."""
    command = [sys.executable, "-m", "mxlib.sandbox", "--control", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def log(url: str) -> list[dict[str, Any]]:
    """What the stand-in was asked, and what it answered."""
    with urllib.request.urlopen(f"{url}/_sandbox/log", timeout=30) as answer:
        told: list[dict[str, Any]] = json.load(answer)["log"]
    return told


def settings(url: str, folder: Path) -> Settings:
    """The settings of a server that takes the stand-in at `url` for its host."""
    return Settings(data_dir=folder, api_url=url, server="s.example", user="bench", api_key=SecretStr("bench"))


def services(url: str, folder: Path) -> container.Services:
    """The services of a server on `url`, its workers started."""
    house = container.build(settings(url, folder))
    house.run_manager.recover()
    return house


def rows(count: int) -> list[PlannedRow]:
    """So many rows to create."""
    return [
        PlannedRow(
            position=number,
            line=number + 2,
            username=f"person{number}.name",
            domain=DOMAIN,
            password=passwords.generate(),
            generated=True,
            quota=1024,
            limit=9600,
            recovery_email=f"person{number}@gmail.com",
            verdict=Verdict.READY,
        )
        for number in range(count)
    ]


def plan(count: int) -> Plan:
    """A plan of so many rows."""
    return Plan("bench.csv", "bench", tuple(rows(count)))


def at_an_end(house: container.Services, run: int) -> RunView:
    """Wait for a run; RuntimeError when it pauses."""
    while True:
        view = house.run_manager.view(run)
        assert view is not None
        if view.status in AT_AN_END:
            return view
        if view.status is RunStatus.PAUSED:
            raise RuntimeError(view.paused_reason)
        time.sleep(0.2)


def peak_megabytes(pid: int | None = None) -> float:
    """The most memory a process ever had; its own, not that of the one that started it."""
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
