"""The figures that matter, measured on this machine and held to their budgets; started by script/bench.

A part prints lines of `figure, measured, budget`; the exit status is 1 when a budget is broken.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import driver, steps
from tests.browser.driver import BRISK, ROOT, Server

_broken: list[str] = []


def told(figure: str, measured: float, budget: float, unit: str) -> None:
    """One line, and a mark when the budget is broken."""
    kept = measured <= budget
    print(f"{'ok  ' if kept else 'OVER'}  {figure:<52} {measured:>9.3g} {unit:<3} (budget {budget:g})", flush=True)
    if not kept:
        _broken.append(figure)


def start() -> None:
    """A second start of script/server, from the command to the first answer."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [ROOT / "script" / "server"],
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "MXM_DATA_DIR": folder},
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            while process.poll() is None:
                try:
                    if urlopen(f"{url}/health", timeout=5).status == 200:
                        break
                except (URLError, ConnectionError):
                    time.sleep(0.01)
            taken.append(time.perf_counter() - began)
            assert process.poll() is None, "It ended instead of serving."
            process.terminate()
            process.wait(15)
    told("second start to first answer", statistics.median(taken), 3, "s")


@contextmanager
def tab(**settings: str) -> Iterator[tuple[Page, Server]]:
    """A page of a fresh browser before a fresh server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        driver.serving(Path(folder), settings=BRISK | settings) as server,
        sync_playwright() as playwright,
        driver.launch(playwright) as chromium,
    ):
        yield chromium.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}).new_page(), server


def memory() -> None:
    """What the server holds after a session of both pages."""
    with tab() as (page, server):
        steps.visit(page, "/")
        steps.visit(page, "/import")
        steps.open_preview(page)
        steps.start(page)
        steps.finished(page)
        steps.visit(page, "/")
        told(
            "memory after a session of both pages",
            psutil.Process(server.process.pid).memory_info().rss / 1e6,
            250,
            "MB",
        )


def module(name: str) -> Callable[[], None]:
    """A part that is a module of its own, in a process of its own; it tells its figures and budgets itself."""

    def part() -> None:
        if subprocess.run([sys.executable, "-m", f"script.bench_{name}"], cwd=ROOT, check=False).returncode:
            _broken.append(name)

    return part


def run() -> None:
    """250 mailboxes at the real 20 a minute, in real time: about 13 minutes."""
    made = "username\n" + "".join(f"person{number}.name\n" for number in range(250))
    with tab(MXM_SANDBOX_WINDOW="60", MXM_SANDBOX_WRITES="20", MXM_SANDBOX_READS="100") as (page, _server):
        steps.visit(page, "/import")
        steps.open_preview(page, made.encode(), "staff-250.csv")
        began = time.perf_counter()
        steps.start(page)
        steps.finished(page, patience=1200)
        expect(page.get_by_text("250 created").first).to_be_visible()
        # 13 windows of 20: twelve have to pass before the last one, each with whole-second reset times.
        told("250 mailboxes at 20 a minute", time.perf_counter() - began, 12 * 61.3 + 20, "s")


PARTS: dict[str, Callable[[], None]] = {
    "start": start,
    "judging": module("judging"),
    "edit": module("edit"),
    "memory": memory,
    "journal": module("journal"),
    "pace": module("pace"),
    "run": run,
}


def main(names: list[str]) -> int:
    """Measure the named parts."""
    for name in names or [name for name in PARTS if name != "run"]:
        PARTS[name]()
    return 1 if _broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
