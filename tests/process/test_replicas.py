"""Several server processes on one PostgreSQL: whichever dies or freezes, each mailbox is made by one request."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mxlib.core.plans.plan import PlannedRow
from mxlib.store import account_lease
from tests.support import postgresql
from tests.support.audit_entries import audit_entries
from tests.support.server_processes import Host, Lives, Server, ends, hosting
from tests.support.warm_servers import WarmProcess

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

#: Seconds of a lease that a busy machine can still renew in time, and of one that nobody waits for.
LEASE, LONG_LEASE = 2.0, 30.0

OPTIONS = ("--window", "2", "--writes", "40", "--latency", "0.06")


class Cluster:
    """Some processes on one database; each that dies is replaced."""

    def __init__(self, folder: Path, host: Host, lives: Lives, lease: float = LEASE, number: int = 3) -> None:
        self.host, self.number = host, number
        self.server = Server(folder, host.url, lives, database=postgresql.new_database(empty=True), lease_s=lease)
        self.running: list[WarmProcess] = []

    def fill(self) -> None:
        """Start processes until there are enough; one that ended well has seen the end of the run."""
        self.running = [each for each in self.running if each.poll() is None]
        while len(self.running) < self.number:
            self.running.append(self.server.live("tests.process.replica"))

    def owner(self) -> WarmProcess | None:
        """Return the process that owns the runs, as far as it knows."""
        signs = {int(each.name.partition("-")[2]) for each in self.server.folder.glob("owner-*")}
        return next((each for each in self.running if each.pid in signs and each.poll() is None), None)

    def wait(self, writes: int) -> None:
        """Wait until this number of writes has reached the host."""
        latest = time.monotonic() + 180
        while self.host.writes() < writes:
            assert time.monotonic() < latest, [each.output()[-2000:] for each in self.running]
            time.sleep(0.02)

    def end(self) -> None:
        """Wait until every process has seen the end of the run."""
        for each in self.running:
            status, said = ends(each, 180)
            assert status == 0, said
            assert "Traceback" not in said, said


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting(*OPTIONS) as started:
        yield started


@pytest.fixture
def cluster(tmp_path: Path, host: Host, lives: Lives, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "data", host, lives, getattr(request, "param", LEASE))
    yield made
    for each in made.running:
        with suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGCONT)


def check(cluster: Cluster, asked: list[PlannedRow]) -> None:
    """Assert that each row was made by one request, with its password, and noted once."""
    log = cluster.host.ask("log")
    statuses = Counter(entry["status"] for entry in log["log"] if entry["method"] == "POST")
    kept = {box["email"]: box["password"] for box in cluster.host.ask("mailboxes") if "password" in box}
    addresses = {each.address: each.password for each in asked}
    assert log["made"] == dict.fromkeys(addresses, 1)
    assert (statuses[201], statuses[409]) == (len(asked), 0)
    assert kept == addresses
    assert cluster.server.results() == {address: ("created", password) for address, password in addresses.items()}
    with cluster.server.store() as store, store.read() as tx:
        noted = Counter(each["on"] for each in audit_entries(tx, most=10_000) if each["what"] == "mailbox.create")
        paused = [each for each in audit_entries(tx, most=10_000) if each["what"] == "run.paused"]
    assert noted == Counter(dict.fromkeys(addresses, 1))
    assert paused == []


def test_the_owner_or_another_is_killed_again_and_again(cluster: Cluster) -> None:
    draw, asked = random.Random(22), cluster.server.asked(120)
    cluster.fill()
    for turn in range(1, 7):
        cluster.wait(turn * 15)
        time.sleep(draw.uniform(0.0, 0.2))
        victim = (cluster.owner() if draw.random() < 0.6 else None) or draw.choice(cluster.running)
        victim.kill()
        victim.wait()
        cluster.fill()
    cluster.end()
    check(cluster, asked)


def test_the_owner_is_frozen_beyond_its_lease_again_and_again(cluster: Cluster) -> None:
    asked = cluster.server.asked(90)
    cluster.fill()
    for turn in range(1, 5):
        cluster.wait(turn * 16)
        owner = cluster.owner()
        if owner is None:
            continue
        os.kill(owner.pid, signal.SIGSTOP)
        # In the first turn until PostgreSQL ends a transaction that stands still: the owner may be frozen in one.
        time.sleep(19.0 if turn == 1 else LEASE + 1.5)
        os.kill(owner.pid, signal.SIGCONT)
    cluster.end()
    with cluster.server.store() as store, store.read() as tx:
        last = account_lease.current(tx, account_lease.ACCOUNT)
    assert last is not None
    assert last.number > 1, "The runs were never taken over."
    check(cluster, asked)


@pytest.mark.parametrize("cluster", [LONG_LEASE], indirect=True)
def test_an_owner_that_is_asked_to_end_hands_the_runs_on_at_once(cluster: Cluster) -> None:
    asked = cluster.server.asked(60)
    cluster.fill()
    cluster.wait(15)
    first = cluster.owner()
    assert first is not None
    first.terminate()
    assert ends(first, 30)[0] == 0
    ended = time.monotonic()
    while cluster.owner() is None:
        time.sleep(0.01)
        assert time.monotonic() - ended < LONG_LEASE, "It waited for the lease to end."
    cluster.running.remove(first)
    cluster.end()
    check(cluster, asked)
