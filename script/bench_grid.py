"""Benchmark of an edit in a preview, next to one in a bare table.

It measures in Chromium, from Enter to painted counts. `script/bench grid` prints the ratio at each number of rows; a
preview and the bare table show at most a page of them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from script.bench_edit import open_preview
from tests.browser import driver
from tests.browser.driver import ROOT, Grid

EDITS, ROUNDS, SIZES = 8, 2, (300, 5_000, 10_000)
MOST = 1.3

#: Puts into `window.took` the milliseconds from the next Enter until other counts are painted.
STOPWATCH = """() => {
    const counts = () => document.querySelector('.st-key-rows_filter').innerText;
    const before = counts();
    window.took = undefined;
    window.addEventListener('keydown', event => {
        const began = event.timeStamp;
        const painted = () => window.took = performance.now() - began;
        const look = () => requestAnimationFrame(counts() === before ? look : painted);
        look();
    }, {capture: true, once: true});
}"""


def edit(page: Page, row: int, column: str) -> float:
    """Return the milliseconds of one edit.

    It breaks a good row, so that the counts change.
    """
    Grid(page, "preview-grid").type_into(row, column, f"not good {row}", enter=False)
    page.evaluate(STOPWATCH)
    page.keyboard.press("Enter")
    took = float(page.wait_for_function("() => window.took", timeout=20_000).json_value())
    driver.idle(page)
    return took


@contextmanager
def bare_table(folder: Path) -> Iterator[str]:
    """Serve the bare table; yields its address."""
    server = driver.start(folder, app=ROOT / "script" / "bare_editor.py", settings={"PYTHONPATH": str(ROOT)})
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            server.url = server.url or driver.address_in(server.output())
            try:
                if server.url and urlopen(f"{server.url}/_stcore/health", timeout=5).status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        yield server.url
    finally:
        server.stop()


def edits(page: Page, column: str, times: int) -> list[float]:
    """Return the milliseconds of so many edits; the one before them warms the page up."""
    good = [row for row in range(times * 2) if row % 12][: times + 1]
    return [edit(page, row, column) for row in good][1:]


def measured(browser: Browser, ours: str, bare: str, rows: int, times: int) -> tuple[float, float]:
    """Return the median milliseconds of edits in a preview, and in a bare table.

    They take turns, so that what else the machine does concerns both.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=ours)
        open_preview(page, rows)
        found[0].extend(edits(page, "Username", times))
        page.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{bare}/?rows={rows}")
        driver.idle(page)
        found[1].extend(edits(page, "username", times))
        page.close()
    return statistics.median(found[0]), statistics.median(found[1])


def main(sizes: tuple[int, ...] = SIZES, times: int = EDITS) -> bool:
    """Print both and their ratio; return whether each ratio fits the budget."""
    kept = True
    print("an edit in a preview, and in a bare table")
    with (
        tempfile.TemporaryDirectory() as folder,
        driver.serving(Path(folder) / "ours") as server,
        bare_table(Path(folder) / "bare") as address,
        sync_playwright() as playwright,
        driver.launch(playwright, whole=True) as browser,
    ):
        for rows in sizes:
            mine, its = measured(browser, server.url, address, rows, times)
            kept = kept and mine <= MOST * its
            print(f"  {rows:6,} rows  {mine:5.0f} ms, bare {its:5.0f} ms: {mine / its:4.2f} times  (at most {MOST:g})")
    return kept


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--edits", type=int, default=EDITS)
    asked = parser.parse_args()
    sys.exit(not main(tuple(asked.rows), asked.edits))
