"""Shared parts of the benchmarks: simulated host, services, rows to send, and memory."""

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
from mxlib.core.vocabulary import AT_AN_END, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services import container
from mxlib.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOMAIN = "nieuwe-klant.example"


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """Yield the URL of a simulated host; its process ends with the block."""
    command = [sys.executable, "-m", "mxlib.sandbox", "--control", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def log(url: str) -> list[dict[str, Any]]:
    """Return the log of the simulated host: its requests and its answers."""
    with urllib.request.urlopen(f"{url}/_sandbox/log", timeout=30) as answer:
        entries: list[dict[str, Any]] = json.load(answer)["log"]
    return entries


def settings(url: str, folder: Path) -> Settings:
    """Return the settings of a server that uses the simulated host at `url`."""
    return Settings(data_dir=folder, api_url=url, server="s.example", user="bench", api_key=SecretStr("bench"))


def services(url: str, folder: Path) -> container.Services:
    """Return the services of a server on `url`, its workers started."""
    app = container.build(settings(url, folder))
    app.run_manager.recover()
    return app


def rows(count: int) -> list[PlannedRow]:
    """Return so many rows to create."""
    return [
        PlannedRow.create(
            number,
            number + 2,
            f"person{number}.name",
            DOMAIN,
            password=passwords.generate(),
            generated=True,
            quota=1024,
            limit=9600,
            stored={"recovery_email": f"person{number}@gmail.com"},
        )
        for number in range(count)
    ]


def plan(count: int) -> Plan:
    """Return a plan of so many rows."""
    return Plan("bench.csv", "bench", tuple(rows(count)))


def at_an_end(app: container.Services, run: int) -> RunView:
    """Wait for a run to end; raises RuntimeError when it pauses."""
    while True:
        view = app.run_manager.view(run)
        assert view is not None
        if view.status in AT_AN_END:
            return view
        if view.status is RunStatus.PAUSED:
            raise RuntimeError(view.paused_reason)
        time.sleep(0.2)


def peak_megabytes(pid: int | None = None) -> float:
    """Return the most memory that a process ever had, without that of its parent."""
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
