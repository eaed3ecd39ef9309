"""Server processes that tests kill and start again."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxlib.clock import SystemClock
from mxlib.core import passwords
from mxlib.core.plans.plan import PlannedRow
from mxlib.runs import results
from mxlib.store import Store, journal
from tests.process import runner
from tests.support import warm_servers
from tests.support.simulation import row
from tests.support.warm_servers import WarmProcess

ROOT = Path(__file__).resolve().parents[2]


Lives = list[WarmProcess]

#: The key of servers on PostgreSQL.
KEY = "key of the tests on PostgreSQL"


DOMAINS = ("nieuwe-klant.example", "studio-noord.example", "clienta.nl")


@dataclass
class Host:
    """The sandbox as a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, what: str) -> Any:
        """Return what a control route of the sandbox reports."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/{what}", timeout=5) as answer:
            return json.load(answer)

    def writes(self) -> int:
        """Return the number of writes that reached the sandbox so far."""
        return sum(entry["method"] == "POST" for entry in self.ask("log")["log"])


@contextmanager
def hosting(*options: str) -> Iterator[Host]:
    """Yield the sandbox, until the block ends."""
    command = [sys.executable, "-m", "mxlib.sandbox", "--control", "--remember-passwords", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Host(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Server:
    """One process after another on one data folder, for one plan; or several on one database of PostgreSQL."""

    folder: Path
    url: str
    lives: Lives
    timeout: float = 1.5
    #: Address of the database; blank for the file in the folder.
    database: str = ""
    lease_s: float = 10.0

    def live(self, program: str = "tests.process.runner") -> WarmProcess:
        """Start a process that starts or continues the run."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MX_", "MXM_", "MXROUTE_"))
        }
        environment |= {
            "MX_SERVER": "s.example",
            "MX_USER": "agency",
            "MX_API_KEY": "key-of-a-test",
            "MXROUTE_API_URL": self.url,
            "MXM_TIMEOUT": str(self.timeout),
            "MXM_LEASE": str(self.lease_s),
        }
        if self.database:
            environment |= {"MXM_DATABASE_URL": self.database, "MXM_SECRET_KEY": KEY}
        command = [program, str(self.folder), str(self.plan)]
        log = self.folder / f"process-{len(self.lives)}.log"
        log.write_bytes(b"")
        self.lives.append(warm_servers.start(command, ROOT, environment, log))
        return self.lives[-1]

    @property
    def plan(self) -> Path:
        """Return the file of the plan."""
        return self.folder / "plan.json"

    def asked(self, count: int) -> list[PlannedRow]:
        """Plan this number of rows over three domains, each with its own password."""
        rows = [
            row(number, f"new{number}", DOMAINS[number % len(DOMAINS)], password=passwords.generate())
            for number in range(count)
        ]
        self.folder.mkdir()
        runner.save(self.plan, rows)
        return rows

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Yield the store that the processes left."""
        opened = Store.configured(self.folder, self.database, SystemClock(), KEY if self.database else "")
        try:
            yield opened
        finally:
            opened.close()

    def outcomes(self) -> list[str]:
        """Return the outcome of each row in the journal."""
        with self.store() as store, store.read() as tx:
            return [each.outcome for each in journal.rows(tx, 1)]

    def results(self) -> dict[str, tuple[str, str]]:
        """Return outcome and password by address, as in the results."""
        with self.store() as store:
            frame = results.rows_frame(store, 1, with_passwords=True)
        return {each.address: (each.outcome, each.password) for each in frame.itertuples()}


def ends(life: WarmProcess, seconds: float) -> tuple[int, str]:
    """Return the exit status of a process and what it printed."""
    try:
        return life.wait(seconds), life.output()
    except subprocess.TimeoutExpired:
        raise AssertionError(f"Still going after {seconds} s.") from None


def until(true: Callable[[], bool], life: WarmProcess, seconds: float = 90.0) -> None:
    """Wait until a living process makes the condition true."""
    latest = time.monotonic() + seconds
    while not true():
        assert life.poll() is None, f"It ended with {life.poll()}: {life.output()}"
        assert time.monotonic() < latest, "It never came."
        time.sleep(0.01)
