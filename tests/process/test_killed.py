"""A run survives the death of its process: real processes, real HTTP, short windows."""

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from mxlib.sandbox import Sandbox
from mxlib.sandbox.state import Account
from tests.support.server_processes import Lives, Server, ends, hosting, until

pytestmark = pytest.mark.process

ROWS = 120
KILLS = 10


def test_a_run_killed_ten_times_creates_every_mailbox_once_and_keeps_passwords(tmp_path: Path, lives: Lives) -> None:
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
            life.kill()
            life.wait()
            caught_sending += "sending" in server.outcomes()
        assert ends(server.live(), 40) == (0, "")

        results = server.results()
        made = host.ask("log")["made"]
        kept = {box["email"]: box["password"] for box in host.ask("mailboxes") if "password" in box}
        answered = [entry for entry in host.ask("log")["log"] if entry["status"] == 201]
    assert caught_sending > 2, "The kills came while nothing was on its way."
    addresses = {each.address for each in asked}
    assert made == dict.fromkeys(addresses, 1)
    assert len(answered) == ROWS
    assert results == {each.address: ("created", kept[each.address]) for each in asked}
    assert kept == {each.address: each.password for each in asked}


def test_sigterm_finishes_requests_in_flight_and_the_run_continues_later(tmp_path: Path, lives: Lives) -> None:
    with hosting("--window", "2", "--writes", "50", "--latency", "0.4") as host:
        server = Server(tmp_path / "data", host.url, lives)
        asked = server.asked(12)
        life = server.live()
        until(lambda: host.writes() >= 5, life)
        life.terminate()
        assert ends(life, 8) == (0, "")

        left = server.outcomes()
        assert set(left) == {"created", "waiting"}
        assert left.count("created") == host.writes() == len(host.ask("log")["made"])

        assert ends(server.live(), 40) == (0, "")
        assert server.outcomes() == ["created"] * 12
        assert host.ask("log")["made"] == {each.address: 1 for each in asked}
        assert host.writes() == 12


def test_sigterm_does_not_wait_for_a_stuck_host(tmp_path: Path, lives: Lives) -> None:
    stuck = '[{"fault": "stalled", "first": 3, "count": 9}]'
    with hosting("--window", "2", "--writes", "50", "--faults", stuck) as host:
        server = Server(tmp_path / "data", host.url, lives, timeout=30)
        server.asked(12)
        life = server.live()
        stands = {"created": 2, "sending": 3, "waiting": 7}
        until(lambda: Counter(server.outcomes()) == stands, life)
        life.terminate()
        assert ends(life, 10) == (0, "")
        assert Counter(server.outcomes()) == stands


def test_a_run_continues_when_the_host_is_back(tmp_path: Path, lives: Lives) -> None:
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
    results = server.results()
    assert {outcome for outcome, _ in results.values()} == {"created"}
    assert all(after.password_is(address, password) for address, (_, password) in results.items())
