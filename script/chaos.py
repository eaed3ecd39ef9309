"""Faults for a real server process and a simulated host, limited in count and time.

Everything is on this machine. It prints what it counted; the exit status is 1 when any mailbox was created twice, lost,
wrong or not recorded.
"""

import json
import random
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mxlib.auth.permissions import LOCAL
from mxlib.auth.tokens import Tokens
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, journal, run_passwords
from mxlib.store.records import RowRecord
from script import sandboxed
from tests.browser.driver import ROOT, Server, start
from tests.support.audit_entries import audit_entries

#: Rows of a run, and seconds that one fault may take in all.
ROWS, MOST_S = 60, 120.0

#: Times that it happens in one run.
TIMES = 3

DOMAIN = "clienta.nl"

#: Refusals of a create, though the mailbox is created.
DENIALS = ("no_done", "no_done_403", "no_done_404", "no_done_422", "no_done_success_false")

#: Responses to a read that do not fit it.
ODD = (
    "another_mailbox", "null", "empty_object", "empty_list", "text", "number", "huge_number", "lone_surrogate",
    "nameless_entry", "repeated_entry", "half_a_list",
)  # fmt: skip

#: Responses that get lost, or that cannot be read, whether the mailbox is created or not.
LIES = ("lost_after", "lost_before", "error_after", "error_before", "html_after", "broken_after", "html_before")


@dataclass
class Counts:
    """Result of one run, by the host's own log and by the store."""

    rows: int = 0
    made: int = 0
    made_twice: int = 0
    lost: int = 0
    wrong_outcome: int = 0
    passwords_lost: int = 0
    audit_missing: int = 0
    not_ended: int = 0

    @property
    def is_well(self) -> bool:
        """Return whether every row was created once, and is recorded as what it is."""
        return self.made == self.rows and not any(
            getattr(self, each.name) for each in fields(self) if each.name not in {"rows", "made"}
        )

    def __str__(self) -> str:
        return ", ".join(f"{each.name.replace('_', ' ')} {getattr(self, each.name)}" for each in fields(self))


@dataclass
class Scene:
    """A host, and server after server on one data folder."""

    host: str
    folder: Path
    rows: int
    token: str = ""
    servers: list[Server] = field(default_factory=list)

    def serve(self, name: str = "one") -> Server:
        """Start a server, and wait until it serves."""
        settings = {
            "MX_SERVER": "s.example", "MX_USER": "chaos", "MX_API_KEY": "key-of-a-test", "MXROUTE_API_URL": self.host,
            "MXM_TIMEOUT": "1.5", "MXM_DATA_DIR": str(self.folder / "data"), "MXM_ADMIN_USER": "admin",
            "MXM_ADMIN_PASSWORD": "A-password-4-chaos",
        }  # fmt: skip
        server = start(self.folder / name, app=ROOT / "script" / "chaos_app.py", settings=settings)
        self.servers.append(server)
        server.wait_until_it_serves(90.0)
        return server

    def ask(self, server: Server, method: str, path: str, body: Any = None) -> Any:
        """Return the answer of the API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{server.url}/api{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def control(self, what: str, body: Any = None) -> Any:
        """Return the answer of the simulated host's control API."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.host}/_sandbox/{what}", data, timeout=30) as answer:
            return json.load(answer)

    def begin(self, server: Server) -> int:
        """Start the run; return its number."""
        store = Store.open(self.folder / "data" / FILE, SystemClock())
        self.token = Tokens(store, SystemClock()).create(LOCAL, "chaos", admin=True)
        store.close()
        rows = [{"username": f"chaos{number}"} for number in range(self.rows)]
        body = {"default_domain": DOMAIN, "generate_passwords": True, "rows": rows}
        return int(self.ask(server, "POST", "/imports", body)["id"])

    def wait(self, server: Server, run: int, *, decided: int | None = None) -> bool:
        """Wait until so many rows are decided, or the run has ended.

        Return whether that came in time.
        """
        give_up = time.monotonic() + MOST_S
        while time.monotonic() < give_up:
            with suppress(OSError, KeyError):
                state = self.ask(server, "GET", f"/imports/{run}")
                if state["status"] in ("finished", "stopped"):
                    return True
                if state["status"] == "paused":
                    self.ask(server, "POST", f"/imports/{run}/resume")
                if decided is not None and state["total"] - state["open"] >= decided:
                    return True
            time.sleep(0.1)
        return False

    def retry(self, server: Server, run: int) -> int:
        """Retry the failed rows.

        Return the number of the run, the same one when no row failed.
        """
        counts = self.ask(server, "GET", f"/imports/{run}")["counts"]
        if not counts["failed"] + counts["not_attempted"]:
            return run
        return int(self.ask(server, "POST", f"/imports/{run}/retry")["id"])

    def count(self, run: int, *, ended: bool) -> Counts:
        """Compare the store with the host; the counts include the rows that a run retried."""
        boxes = {box["email"]: box.get("password") for box in self.control("mailboxes")}
        made: Mapping[str, int] = self.control("log")["made"]
        store = Store.open(self.folder / "data" / FILE, SystemClock())
        with store.read() as tx:
            record = journal.get_run(tx, run)
            assert record is not None
            rows: dict[str, RowRecord] = {}
            passwords: dict[str, str | None] = {}
            last: dict[str, int] = {}  # a mailbox that was only reported as created is recorded in the retry as well
            for each in reversed([one.id for one in journal.lineage(tx, record)]):
                of = journal.rows(tx, each)
                sealed = {row.position: row.sealed_password for row in of if row.sealed_password}
                opened = run_passwords.opened(tx, store.key, each, sealed)
                rows |= {row.address: row for row in of}
                last |= dict.fromkeys((row.address for row in of), each)
                passwords |= {row.address: opened.get(row.position) for row in of}
            entries = audit_entries(tx, most=100_000)
            noted = [(entry["run"], entry["on"]) for entry in entries if entry["what"] == "mailbox.create"]
        store.close()
        counts = Counts(rows=len(rows), not_ended=0 if ended else 1)
        for row in rows.values():
            created, there = row.outcome == "created", row.address in boxes
            counts.made += there
            counts.made_twice += made.get(row.address, 0) > 1
            counts.lost += created and not there
            counts.wrong_outcome += there and not created
            counts.passwords_lost += there and passwords.get(row.address) != boxes[row.address]
            counts.audit_missing += created and noted.count((last[row.address], row.address)) != 1
        return counts

    def end(self) -> None:
        """End every server that is left."""
        for server in self.servers:
            with suppress(ProcessLookupError):
                server.process.send_signal(signal.SIGCONT)
            server.stop()


@contextmanager
def scene(rows: int) -> Iterator[Scene]:
    """Yield a scene with a simulated host and a folder; nothing outlives it."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--window", "2", "--writes", "20", "--reads", "1000", "--remember-passwords")
        with sandboxed.sandbox(*options) as url:
            made = Scene(url, Path(folder), rows)
            try:
                yield made
            finally:
                made.end()


def kills(here: Scene, times: int) -> tuple[int, bool]:
    """Send SIGKILL in the middle of the run, and start again."""
    server = here.serve()
    run = here.begin(server)
    for turn in range(1, times + 1):
        here.wait(server, run, decided=turn * here.rows // (times + 1))
        time.sleep(random.uniform(0.0, 0.2))
        server.process.kill()
        server.process.wait()
        server = here.serve()
    return run, here.wait(server, run)


def stops(here: Scene, times: int) -> tuple[int, bool]:
    """Send SIGSTOP for longer than a request may take, and SIGCONT."""
    server = here.serve()
    run = here.begin(server)
    for turn in range(1, times + 1):
        here.wait(server, run, decided=turn * here.rows // (times + 1))
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        server.process.send_signal(signal.SIGCONT)
    return run, here.wait(server, run)


def owners(here: Scene, times: int) -> tuple[int, bool]:
    """Start a second server on the same folder, and remove its lock during the run."""
    server = here.serve()
    run = here.begin(server)
    here.serve("two")
    for turn in range(1, times + 1):
        here.wait(server, run, decided=turn * here.rows // (times + 1))
        (here.folder / "data" / FILE).with_suffix(".lock").unlink(missing_ok=True)
    return run, here.wait(server, run)


def liar(here: Scene, times: int) -> tuple[int, bool]:
    """Simulate a host whose responses get lost or cannot be read, every few writes."""
    server = here.serve()
    run = here.begin(server)
    for turn in range(1, times + 1):
        lies = random.sample(LIES, 2)
        here.control("faults", [{"fault": lie, "first": 2 + at, "count": 2, "every": 5} for at, lie in enumerate(lies)])
        here.wait(server, run, decided=turn * here.rows // (times + 1))
    here.control("faults", [])
    return run, here.wait(server, run)


def denier(here: Scene, times: int) -> tuple[int, bool]:
    """Simulate a host that refuses creates that it carries out."""
    return _lying(here, times, [{"fault": fault, "on": "create"} for fault in DENIALS])


def feigner(here: Scene, times: int) -> tuple[int, bool]:
    """Simulate a host that accepts creates and does nothing; the failed rows are retried."""
    run, ended = _lying(here, times, [{"fault": "yes_undone", "on": "create"}])
    server = here.servers[-1]
    again = here.retry(server, run)
    return again, here.wait(server, again) and ended


def raver(here: Scene, times: int) -> tuple[int, bool]:
    """Simulate a host with wrong lists and mailboxes that loses creates; failed rows are retried."""
    lies: list[dict[str, object]] = [{"fault": fault, "on": "read"} for fault in ODD]
    run, ended = _lying(here, times, [*lies, {"fault": "lost_after", "on": "create"}])
    server = here.servers[-1]
    again = here.retry(server, run)
    return again, here.wait(server, again) and ended


def _lying(here: Scene, times: int, lies: list[dict[str, object]]) -> tuple[int, bool]:
    """Apply each fault in its turn during the run, and no fault at the end."""
    server = here.serve()
    run = here.begin(server)
    for turn in range(1, times + 1):
        drawn = random.sample(lies, len(lies))
        here.control(
            "faults", [lie | {"first": 1 + at, "count": 3, "every": len(lies) + 1} for at, lie in enumerate(drawn)]
        )
        here.wait(server, run, decided=turn * here.rows // (times + 1))
    here.control("faults", [])
    return run, here.wait(server, run)


TROUBLES: dict[str, Callable[[Scene, int], tuple[int, bool]]] = {
    "kills": kills, "stops": stops, "owners": owners, "liar": liar,
    "denier": denier, "feigner": feigner, "raver": raver,
}  # fmt: skip


def trouble(name: str, *, rows: int = ROWS, times: int = TIMES) -> Counts:
    """Let one fault happen; return the counts."""
    with scene(rows) as here:
        run, ended = TROUBLES[name](here, times)
        here.end()
        return here.count(run, ended=ended)


def main(names: list[str]) -> int:
    """Let the named faults happen, all of them when none is named."""
    if unknown := set(names) - TROUBLES.keys():
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(TROUBLES)}.", file=sys.stderr)
        return 2
    well = True
    for name in names or TROUBLES:
        began = time.monotonic()
        counts = trouble(name)
        print(f"{name:<7} {TIMES} times in {time.monotonic() - began:3.0f} s: {counts}", flush=True)
        well = well and counts.is_well
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
