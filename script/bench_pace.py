"""Benchmark of the rate limiter in real time, next to a naive client.

250 rows go to a host that allows 20 a window. `python -m script.bench_pace` uses windows of 5 s and takes about a
minute; `--real` uses those of the host, 60 s.
"""

import argparse
import math
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from script import sandboxed

ROWS, WRITES, WORKERS = 250, 20, 3
HEADERS = {"X-Server": "s.example", "X-Username": "bench", "X-API-Key": "bench"}

#: Seconds that reset times in whole seconds may cost a window.
SLACK = 1.3


@dataclass(frozen=True)
class HostRecord:
    """Requests of one client as the host saw them, against what it would have allowed."""

    made: int
    seconds: float
    least: float
    refused: int
    by_window: list[int]

    @classmethod
    def by(cls, url: str, began: float, window: float) -> "HostRecord":
        """Read it from the log of the simulated host at `url`."""
        writes = [entry for entry in sandboxed.log(url) if entry["method"] == "POST"]
        made = [entry["at"] for entry in writes if entry["status"] == 201]
        windows = Counter(math.floor(at / window) for at in made)
        first = window - began % window
        return cls(
            made=len(made),
            seconds=max(made) - began,
            least=first + (math.ceil(len(made) / WRITES) - 2) * window,
            refused=sum(entry["status"] == 429 for entry in writes),
            by_window=[windows[number] for number in range(min(windows), max(windows) + 1)],
        )


def ours(window: float, rows: int, latency: float) -> HostRecord:
    """Measure a run of MXM."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandboxed.sandbox("--window", str(window), "--writes", str(WRITES), "--latency", str(latency)) as url,
    ):
        app = sandboxed.services(url, Path(folder))
        began = time.time()
        run = app.run_manager.start(sandboxed.plan(rows), "bench", retention_days=7)
        sandboxed.at_an_end(app, run)
        app.close()
        return HostRecord.by(url, began, window)


def naive(window: float, rows: int, latency: float, *, again: bool) -> HostRecord:
    """Measure three threads that ignore limits.

    With `again` a refused row is retried a second later.
    """
    with (
        sandboxed.sandbox("--window", str(window), "--writes", str(WRITES), "--latency", str(latency)) as url,
        httpx.Client(base_url=url, headers=HEADERS) as client,
    ):

        def create(number: int) -> None:
            body = {"username": f"person{number}.name", "password": f"Secret-{number}-word"}
            while client.post(f"/domains/{sandboxed.DOMAIN}/email-accounts", json=body).status_code == 429 and again:
                time.sleep(1.0)

        began = time.time()
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(create, range(rows)))
        return HostRecord.by(url, began, window)


def main(window: float = 5.0, rows: int = ROWS, latency: float = 0.1) -> bool:
    """Print seconds against the least that the limit allows, refusals, and rows a window.

    There is one line for each client. Returns whether MXM created all rows without a refusal and within the bound.
    """
    records: dict[str, HostRecord] = {}
    clients = {
        "MXM": lambda: ours(window, rows, latency),
        "3 threads, a refused row tried again": lambda: naive(window, rows, latency, again=True),
        "3 threads, a refused row failed": lambda: naive(window, rows, latency, again=False),
    }
    # At the same time, each on a host of its own: they mostly wait.
    threads = [
        threading.Thread(target=lambda name=name, run=run: records.update({name: run()}))
        for name, run in clients.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bound = SLACK * math.ceil(rows / WRITES) + math.ceil(WRITES / WORKERS) * latency + 1.0
    print(f"{rows} rows, {WRITES} writes a window of {window:g} s, {latency:g} s an answer")
    for name in clients:
        each = records[name]
        print(f"  {name}")
        print(f"    made, answers of 429   {each.made} of {rows}, {each.refused}")
        if each.made == rows:
            over, ratio = each.seconds - each.least, each.seconds / each.least
            print(f"    seconds, the least     {each.seconds:.1f}, {each.least:.1f}: {ratio:.3f} times")
            print(f"    over the least         {over:.1f} s ({bound:.1f} s or less)")
        print(f"    a window               {' '.join(map(str, each.by_window))}")
    us = records["MXM"]
    return us.made == rows and not us.refused and us.seconds - us.least <= bound


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", action="store_true", help="windows of 60 s; takes 12 minutes")
    parser.add_argument("--window", type=float, default=5.0, help="seconds of a window")
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    sys.exit(not main(60.0 if asked.real else asked.window, asked.rows))
