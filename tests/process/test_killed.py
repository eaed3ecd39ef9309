"""A run outlives its process: real processes, real HTTP, short windows, and no mercy."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mxlib.clock import SystemClock
from mxlib.core import passwords
from mxlib.core.plans.plan import PlannedRow
from mxlib.runs import results
from mxlib.sandbox import Sandbox
from mxlib.sandbox.state import Account
from mxlib.store import Store, journal
from tests.process import runner
from tests.support.simulation import row

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
ROWS = 120
KILLS = 10
Lives = list[subprocess.Popen[str]]
DOMAINS = ("nieuwe-klant.example", "studio-noord.example", "clienta.nl")


@dataclass
class Host:
    """The stand-in as a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, what: str) -> Any:
        """What it tells about itself."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/{what}", timeout=5) as answer:
            return json.load(answer)

    def writes(self) -> int:
        """Writes that reached it so far."""
        return sum(entry["method"] == "POST" for entry in self.ask("log")["log"])


@contextmanager
def hosting(*options: str) -> Iterator[Host]:
    """The stand-in, until the block ends."""
    command = [sys.executable, "-m", "mxlib.sandbox", "--control", "--remember-passwords", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Host(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def lives() -> Iterator[Lives]:
    """The processes that a test starts; none outlives it."""
    started: Lives = []
    yield started
    for life in started:
        with life:
            life.kill()


@dataclass(frozen=True)
class Server:
    """Life after life on one data folder, for one plan."""

    folder: Path
    url: str
    lives: Lives
    timeout: float = 1.5

    def live(self) -> subprocess.Popen[str]:
        """Start a process that starts the run, or goes on with it."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MX_", "MXM_", "MXROUTE_"))
        }
        environment |= {
            "MX_SERVER": "s.example",
            "MX_USER": "agency",
            "MX_API_KEY": "key-of-a-test",
            "MXROUTE_API_URL": self.url,
            "MXM_TIMEOUT": str(self.timeout),
        }
        command = [sys.executable, "-m", "tests.process.runner", str(self.folder), str(self.plan)]
        self.lives.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True))
        return self.lives[-1]

    @property
    def plan(self) -> Path:
        """The file of the plan."""
        return self.folder / "plan.json"

    def asked(self, count: int) -> list[PlannedRow]:
        """Plan so many rows over three domains, each with a password of its own."""
        rows = [
            row(number, f"new{number}", DOMAINS[number % len(DOMAINS)], password=passwords.generate())
            for number in range(count)
        ]
        self.folder.mkdir()
        runner.save(self.plan, rows)
        return rows

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store that the processes left."""
        opened = Store.open(self.folder / "mxm.sqlite3", SystemClock())
        try:
            yield opened
        finally:
            opened.close()

    def outcomes(self) -> list[str]:
        """What the journal says of each row."""
        with self.store() as store, store.read() as tx:
            return [each.outcome for each in journal.rows(tx, 1)]

    def results(self) -> dict[str, tuple[str, str]]:
        """Outcome and password by address, as the results tell them."""
        with self.store() as store:
            frame = results.rows_frame(store, 1, with_passwords=True)
        return {each.address: (each.outcome, each.password) for each in frame.itertuples()}


def ends(life: subprocess.Popen[str], seconds: float) -> tuple[int, str]:
    """Its exit status and what it complained of."""
    try:
        _, said = life.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"Still going after {seconds} s.") from None
    return life.returncode, said


def until(true: Callable[[], bool], life: subprocess.Popen[str], seconds: float = 40.0) -> None:
    """Wait for something that a living process brings about."""
    latest = time.monotonic() + seconds
    while not true():
        assert life.poll() is None, f"It ended with {life.returncode}: {life.stderr and life.stderr.read()}"
        assert time.monotonic() < latest, "It never came."
        time.sleep(0.01)


def test_a_run_killed_ten_times_makes_every_mailbox_once_and_keeps_every_password(tmp_path: Path, lives: Lives) -> None:
    draw = random.Random(20)
    moments = sorted(draw.sample(range(ROWS - 8), KILLS))
    caught_sending = 0
    with hosting("--window", "2", "--writes", "40", "--latency", "0.06") as host:
        server = Server(tmp_path / "data", host.url, lives)
        asked = server.asked(ROWS)
        for moment in moments:
            life = server.live()
            until(lambda moment=moment: host.writes() >= moment, life)
            time.sleep(draw.uniform(0.0, 0.15))
            assert life.poll() is None, "It ended before it could be killed."
            os.kill(life.pid, signal.SIGKILL)
            life.communicate()
            caught_sending += "sending" in server.outcomes()
        assert ends(server.live(), 40) == (0, "")

        told = server.results()
        made = host.ask("log")["made"]
        kept = {box["email"]: box["password"] for box in host.ask("mailboxes") if "password" in box}
        answered = [entry for entry in host.ask("log")["log"] if entry["status"] == 201]
    assert caught_sending > 2, "The kills came while nothing was on its way."
    addresses = {each.address for each in asked}
    assert made == dict.fromkeys(addresses, 1)
    assert len(answered) == ROWS
    assert told == {each.address: ("created", kept[each.address]) for each in asked}
    assert kept == {each.address: each.password for each in asked}


def test_a_server_told_to_end_finishes_what_is_in_flight_and_goes_on_later(tmp_path: Path, lives: Lives) -> None:
    with hosting("--window", "2", "--writes", "50", "--latency", "0.4") as host:
        server = Server(tmp_path / "data", host.url, lives)
        asked = server.asked(12)
        life = server.live()
        until(lambda: host.writes() >= 5, life)
        life.send_signal(signal.SIGTERM)
        assert ends(life, 8) == (0, "")

        left = server.outcomes()
        assert set(left) == {"created", "waiting"}
        assert left.count("created") == host.writes() == len(host.ask("log")["made"])

        assert ends(server.live(), 40) == (0, "")
        assert server.outcomes() == ["created"] * 12
        assert host.ask("log")["made"] == {each.address: 1 for each in asked}
        assert host.writes() == 12


def test_a_server_told_to_end_does_not_wait_for_a_host_that_is_stuck(tmp_path: Path, lives: Lives) -> None:
    stuck = '[{"fault": "stalled", "first": 3, "count": 9}]'
    with hosting("--window", "2", "--writes", "50", "--faults", stuck) as host:
        server = Server(tmp_path / "data", host.url, lives, timeout=30)
        server.asked(12)
        life = server.live()
        stands = {"created": 2, "sending": 3, "waiting": 7}
        until(lambda: Counter(server.outcomes()) == stands, life)
        life.send_signal(signal.SIGTERM)
        assert ends(life, 10) == (0, "")
        assert Counter(server.outcomes()) == stands


def test_a_run_goes_on_when_the_host_was_away(tmp_path: Path, lives: Lives) -> None:
    kept = tmp_path / "host.jsonl"
    options = ("--window", "2", "--writes", "40", "--latency", "0.1", "--state", str(kept))
    with hosting(*options) as host:
        server = Server(tmp_path / "data", host.url, lives)
        asked = server.asked(40)
        life = server.live()
        until(lambda: host.writes() >= 12, life)
        host.process.kill()
        host.process.wait()
    time.sleep(0.5)
    with hosting(*options, "--port", host.url.rpartition(":")[2]):
        assert ends(life, 40) == (0, "")

    changes = [json.loads(line) for line in kept.read_text().splitlines()]
    made = [f"{each['username']}@{each['domain']}" for each in changes if each["op"] == "create"]
    assert sorted(made) == sorted(each.address for each in asked)
    after = Sandbox(Account(), state_file=kept)
    told = server.results()
    assert {outcome for outcome, _ in told.values()} == {"created"}
    assert all(after.password_is(address, password) for address, (_, password) in told.items())
