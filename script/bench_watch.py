"""Benchmark of open tabs: on an active run, idle, and sessions that come and go.

Requests run at the same time. There is one real server process on this machine; the tabs speak Streamlit's protocol
without a browser.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from mxlib.auth.permissions import LOCAL
from mxlib.auth.tokens import Tokens
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, journal
from script import bench_history
from script.bench_wire import Client
from script.sandboxed import plan
from script.streamlit_tab import Tab
from tests.browser.driver import Server, serving

ROWS, EARLIER, EARLIER_ROWS = 5_000, 200, 200
TABS, RATE, CLIENTS, WATCH_S = 20, 50, 5, 20.0
COMINGS = 200

#: Budgets: milliseconds of processor a refresh, shares of a core, milliseconds of an answer, descriptors left over.
MOST_LOOK_MS, MOST_IDLE, MOST_WATCHED, MOST_ANSWER_MS, MOST_LEFT = 15.0, 0.005, 1.0, 20.0, 4

#: The sandbox answers as fast as MXroute's own limit allows: 20 writes a minute.
SETTINGS = {"MXM_SANDBOX_READS": "100000"}


@contextmanager
def prepared() -> Iterator[tuple[Server, str]]:
    """Yield a server with an active run and many before it, and an admin's token."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        _fill(data)
        with serving(Path(folder), settings=SETTINGS) as server:
            store = Store.open(data / FILE, SystemClock())
            token = Tokens(store, SystemClock()).create(LOCAL, "bench", admin=True)
            store.close()
            yield server, token


def _fill(data: Path) -> None:
    store, now = Store.open(data / FILE, SystemClock()), time.time()
    with store.write() as tx:
        for number in range(EARLIER):
            run = journal.add_run(
                tx, plan(EARLIER_ROWS), store.key, operator=LOCAL.name, status="finished", at=now - 86_400 + number,
                retention_days=7,
            )  # fmt: skip
            journal.set_rows(tx, run, "waiting", outcome="created")
            journal.set_run(tx, run, finished_at=now - 80_000 + number, seen=True)
        journal.add_run(tx, plan(ROWS), store.key, operator=LOCAL.name, status="queued", at=now, retention_days=7)
    store.close()


def used(process: psutil.Process) -> float:
    """Return the seconds of processor that the server has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def share(process: psutil.Process, seconds: float) -> float:
    """Return the share of a core that the server uses for so long."""
    before, began = used(process), time.perf_counter()
    time.sleep(seconds)
    return (used(process) - before) / (time.perf_counter() - began)


def opened(server: Server, count: int, page: str, query: str = "") -> list[Tab]:
    """Return so many tabs, each drawn once."""
    tabs = [Tab(server.url, query, page).open() for _ in range(count)]
    for tab in tabs:
        tab.wait()
    return tabs


def close(tabs: list[Tab]) -> None:
    """Close tabs, and wait until the server has noticed."""
    for tab in tabs:
        tab.close()
    time.sleep(1.0)


def answers(server: Server, token: str, seconds: float) -> tuple[float, list[float]]:
    """Return requests a second, and the time of each, while clients send RATE a second."""
    times: list[float] = []
    ends_at = time.perf_counter() + seconds

    def ask(client: Client, offset: float) -> None:
        due = time.perf_counter() + offset
        while due < ends_at:
            time.sleep(max(0.0, due - time.perf_counter()))
            times.append(client.ask("/api/me"))
            due += CLIENTS / RATE

    threads = [threading.Thread(target=ask, args=(Client(server, token), n / RATE)) for n in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), times


def main() -> bool:
    """Print what open tabs cost; return whether that is within the budgets."""
    kept = True
    with prepared() as (server, token):
        process = psutil.Process(server.process.pid)
        close(opened(server, 2, "jobs", "run=201"))
        idle = share(process, WATCH_S / 2)
        print(f"a run of {ROWS:,} rows at MXroute's pace, {EARLIER} earlier ones; without a tab {idle:6.1%} of a core")
        for count in (1, 6):
            tabs = opened(server, count, "jobs", "run=201")
            drawn = sum(tab.drawn for tab in tabs)
            busy = (share(process, WATCH_S) - idle) * WATCH_S
            looks = sum(tab.drawn for tab in tabs) - drawn
            look = 1000 * busy / max(1, looks)
            print(f"  {count} on the run {busy / WATCH_S:16.1%} of a core, {looks / WATCH_S:4.1f} looks a second")
            print(f"    a look {look:19.1f} ms  (under {MOST_LOOK_MS:g} ms)")
            kept = kept and look < MOST_LOOK_MS and not any(tab.failed for tab in tabs)
            close(tabs)
        tabs = opened(server, TABS, "jobs", "run=201")
        result: list[tuple[float, list[float]]] = []
        asking = threading.Thread(target=lambda: result.append(answers(server, token, WATCH_S)))
        asking.start()
        whole = share(process, WATCH_S)
        asking.join()
        rate, times = result[0]
        median = statistics.median(times) * 1000
        print(
            f"  {TABS} and {RATE} requests/s  {whole:6.1%} of a core  (under {MOST_WATCHED:.0%}); {rate:.0f} answers a "
            f"second, median {median:.1f} ms  (under {MOST_ANSWER_MS:g} ms)"
        )
        kept = kept and whole < MOST_WATCHED and median < MOST_ANSWER_MS and rate > 0.9 * RATE
        close(tabs)
        before = process.memory_info().rss, process.num_fds()
        for _ in range(COMINGS // 10):
            close_now = opened(server, 10, "access")
            for tab in close_now:
                tab.close()
        time.sleep(8.0)
        left, memory = process.num_fds() - before[1], process.memory_info().rss - before[0]
        print(f"  {COMINGS} sessions come and go: {left:+d} descriptors  (under {MOST_LEFT}), {memory / 1e6:+.0f} MB")
        kept = kept and left < MOST_LEFT
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), settings=SETTINGS) as server:
        process = psutil.Process(server.process.pid)
        bare = share(process, WATCH_S / 2)
        tabs = opened(server, 1, "")
        time.sleep(5.0)
        alone = share(process, WATCH_S) - bare
        print(f"  the first tab of a start, idle: {alone:6.2%} of a core  (under {MOST_IDLE:.1%})")
        kept = kept and alone < MOST_IDLE
        close(tabs)
    return bench_history.main() and kept


if __name__ == "__main__":
    raise SystemExit(not main())
