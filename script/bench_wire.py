"""Benchmark of the server over HTTP: kept connections, 100 requests a second, and pages.

One real server process on this machine, on the sandbox with a domain of 1,000 mailboxes; `script/bench api` prints it.
"""

import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from mxlib.auth.permissions import LOCAL
from mxlib.auth.tokens import Tokens
from mxlib.clock import SystemClock
from mxlib.sandbox.event_log import EventLog
from mxlib.sandbox.state import Change
from mxlib.store import FILE, Store
from tests.browser.driver import Server, serving

DOMAIN, MAILBOXES = "thousand.example", 1_000
LIST = f"/api/domains/{DOMAIN}/email-accounts"
TIMES, WARM = 200, 20

#: Budgets: milliseconds of a kept-alive answer (medians), requests a second, and seconds of a page under that load.
MOST_MS = {"/api/me": 2.0, LIST: 15.0}
RATE, CLIENTS, LOAD_S = 100, 10, 10.0
MOST_PAGE_S = 1.0


@dataclass
class Client:
    """A kept connection with a token."""

    server: Server
    token: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(self.server.url.removeprefix("http://"), timeout=30)

    def ask(self, path: str) -> float:
        """Return the seconds from the request to the last byte of its successful answer."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return time.perf_counter() - began


@contextmanager
def prepared() -> Iterator[tuple[Server, str]]:
    """Yield a server with a domain of 1,000 mailboxes, and an admin's token."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        ledger = EventLog(data / "sandbox.jsonl")
        for number in range(MAILBOXES):
            ledger.append(Change("create", DOMAIN, f"user{number}", 1024, 9600))
        with serving(Path(folder), settings={"MXM_SANDBOX_READS": "100000"}) as server:
            store = Store.open(data / FILE, SystemClock())
            token = Tokens(store, SystemClock()).create(LOCAL, "bench", admin=True)
            store.close()
            yield server, token


def page_run(server: Server, domain: str = DOMAIN) -> float:
    """Return the seconds of a new tab from connecting to its first complete page."""
    asked = BackMsg()
    asked.rerun_script.query_string = f"domain={domain}"
    began = time.perf_counter()
    with connect(
        f"{server.url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=server.url,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
    ) as socket:
        socket.send(asked.SerializeToString())
        for message in socket:
            if isinstance(message, bytes) and ForwardMsg.FromString(message).HasField("script_finished"):
                return time.perf_counter() - began
    raise AssertionError("The page was never drawn.")


def under_load(
    server: Server, token: str, path: str, do: Callable[[], float]
) -> tuple[float, list[float], list[float]]:
    """Call `do` again and again while clients send RATE requests a second.

    Returns requests a second, the time of each, and the results of `do`.
    """
    times: list[float] = []
    ends_at = time.perf_counter() + LOAD_S

    def ask(client: Client, offset: float) -> None:
        due = time.perf_counter() + offset
        while due < ends_at:
            time.sleep(max(0.0, due - time.perf_counter()))
            times.append(client.ask(path))
            due += CLIENTS / RATE

    threads = [threading.Thread(target=ask, args=(Client(server, token), number / RATE)) for number in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    done = []
    while time.perf_counter() < ends_at:
        done.append(do())
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), times, done


def main() -> bool:
    """Print what the server costs its clients; return whether that is within the budgets."""
    kept = True
    print(f"one kept connection, median of {TIMES}")
    with prepared() as (server, token):
        process = psutil.Process(server.process.pid)
        client = Client(server, token)
        floor = statistics.median([client.ask("/health") for _ in range(WARM + TIMES)][WARM:])
        print(f"  /health               {floor * 1000:6.2f} ms")
        for path, most in MOST_MS.items():
            median = statistics.median([client.ask(path) for _ in range(WARM + TIMES)][WARM:]) * 1000
            name = "1,000 mailboxes" if path == LIST else path
            print(f"  {name:<21} {median:6.2f} ms  (under {most:g} ms; {median / floor / 1000:.1f} × /health)")
            kept = kept and median < most
        page_run(server)  # what the first one loads is not a cost of a page
        alone = statistics.median(page_run(server) for _ in range(7))
        before = process.memory_info().rss
        print(f"{RATE} requests a second over {CLIENTS} connections, and a tab that opens the page again and again")
        for name, path in (("/api/me", "/api/me"), ("1,000 mailboxes", LIST)):
            rate, times, pages = under_load(server, token, path, lambda: page_run(server))
            page = statistics.median(pages)
            print(
                f"  {name:<16} {rate:4.0f} a second, median {statistics.median(times) * 1000:6.1f} ms; a page "
                f"{page:5.2f} s, at most {max(pages):.2f} s  (under {MOST_PAGE_S:g} s; alone {alone:.2f} s)"
            )
            kept = kept and rate > 0.8 * RATE and page < MOST_PAGE_S
        after = process.memory_info().rss
        print(f"  memory {after / 1e6:.0f} MB, {(after - before) / 1e6:+.0f} MB by the load")
    return kept
