"""Benchmark of the journal: cost of a row, time to resume, memory of a long run.

`python -m script.bench_journal` prints all three. The last one is a run over HTTP in a process of its own, which has
loaded the pages as a server has.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mxlib.clock import SystemClock
from mxlib.core.vocabulary import RunStatus
from mxlib.mxroute.protocol import Request, Response
from mxlib.runs import results
from mxlib.runs.engine import Engine
from mxlib.store import Store, journal
from script import sandboxed

ROWS = 5_000
TIMEOUT = 30.0


class _Open:
    """A rate limiter without a limit."""

    def try_acquire(self, kind: str) -> float:
        """Return 0.0: a slot is always free."""
        return 0.0

    def release(self, kind: str) -> None:
        """Do nothing: no slot was taken."""

    def wait_seconds(self, kind: str) -> float:
        """Return 0.0: nothing waits."""
        return 0.0


def _well(request: Request) -> Response:
    """Return the answer of a host that does everything at once."""
    return Response(201 if request.kind == "write" else 200, [] if request.kind == "read" else None, None)


def _engine(folder: Path) -> tuple[Store, Engine]:
    clock = SystemClock()
    store = Store.open(folder / "mxm.sqlite3", clock)
    engine = Engine(store, _Open(), clock, TIMEOUT)
    engine.recover()
    return store, engine


def cost_of_a_row(folder: Path, count: int = ROWS) -> tuple[float, float]:
    """Return the milliseconds for sending and recording a row, and those for planning it.

    Recording is that of its response. Half of the rows are left over, and three are in flight, as when a process
    dies.
    """
    store, engine = _engine(folder)
    planned = sandboxed.plan(count)
    began = time.perf_counter()
    with store.write() as tx:
        journal.add_run(tx, planned, store.key, operator="bench", status=RunStatus.QUEUED, at=0.0, retention_days=7)
    planning = time.perf_counter() - began
    engine.load_new_runs()
    look = engine.next_request()
    assert look is not None
    engine.on_response(look, _well(look.request))
    began = time.perf_counter()
    for _ in range(count // 2):
        job = engine.next_request()
        assert job is not None
        engine.on_response(job, _well(job.request))
    seconds = time.perf_counter() - began
    for _ in range(3):
        engine.next_request()
    store.close()
    return seconds / (count // 2) * 1000, planning / count * 1000


def time_to_resume(folder: Path) -> float:
    """Return the seconds until the first request may be sent, from opening that store.

    It is the store that `cost_of_a_row` left.
    """
    began = time.perf_counter()
    store, engine = _engine(folder)
    with store.read() as tx:
        journal.attempts_since(tx, time.time() - 60.0)
    job = engine.next_request()
    seconds = time.perf_counter() - began
    assert job is not None
    store.close()
    return seconds


def long_run(url: str, folder: Path, count: int) -> None:
    """Run so many rows over HTTP in this process, and print peak memory and seconds.

    It takes the results as well.
    """
    import mxlib.ui.app.layout
    import mxlib.ui.imports.confirm
    import mxlib.ui.runs.card  # noqa: F401 - a server has this in memory too

    before = sandboxed.peak_megabytes()
    app = sandboxed.services(url, folder)
    began = time.perf_counter()
    run = app.run_manager.start(sandboxed.plan(count), "bench", retention_days=7)
    view = sandboxed.at_an_end(app, run)
    seconds = time.perf_counter() - began
    assert view.done == count
    results.results_csv(app.store, run)
    print(sandboxed.peak_megabytes(), before, seconds)
    app.close()


def main(count: int = ROWS) -> bool:
    """Print cost of a row, time to resume and memory.

    Return whether all are within their bounds.
    """
    with tempfile.TemporaryDirectory() as kept:
        row, planning = cost_of_a_row(Path(kept), count)
        resumed = sorted(time_to_resume(Path(kept)) for _ in range(3))[1]
    print(f"the journal of a run of {count:,} rows")
    print(f"  a row, sent and heard   {row:6.2f} ms  (5 ms or less)")
    print(f"  a row, planned          {planning:6.2f} ms")
    print(f"  taken up again          {resumed:6.3f} s   (1 s or less)")
    with (
        tempfile.TemporaryDirectory() as kept,
        sandboxed.sandbox("--writes", "1000000", "--reads", "1000000") as url,
    ):
        command = [sys.executable, "-m", "script.bench_journal", "--long-run", url, kept, "--rows", str(count)]
        output = subprocess.run(command, cwd=sandboxed.ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    peak, before, seconds = map(float, output.split())
    print(f"  a run over HTTP         {seconds:6.1f} s   {count / seconds:.0f} rows a second when nothing limits them")
    print(f"  its peak memory         {peak:6.0f} MB  (350 MB or less; {before:.0f} MB before it began)")
    return row <= 5 and resumed <= 1 and peak <= 350


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--long-run", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.long_run:
        long_run(asked.long_run[0], Path(asked.long_run[1]), asked.rows)
    else:
        sys.exit(not main(asked.rows))
