"""Drives the real server and a real Chromium: what the browser tests, the bench and the screenshots share.

Streamlit draws its tables on a canvas, so a cell has no element to click on. It does keep an accessible copy of what
is in view; `Grid` reads that, and reaches a cell as a keyboard would: to the row, then along it by arrow keys.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
    WebError,
)

from tests.support import warm_servers
from tests.support.warm_servers import WarmProcess

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # a tab starts no process of its own
)
#: A rate window short enough for a test, with room for a journey; a server process gets it from its environment.
BRISK = {"MXM_SANDBOX_WINDOW": "1", "MXM_SANDBOX_WRITES": "50", "MXM_SANDBOX_READS": "200"}
#: A server of a test begins without history, unless it asks for some.
_NO_HISTORY = {"MXM_SANDBOX_DAYS": "0"}
IDLE_MS = 250
#: Pixels from the left, in the second column of any table.
_SECOND_COLUMN = 140
#: Pixels.
STEP = 120


#: Browsers as people have them, and one without windows and profile, which opens a page with a quarter less computing.
_WHOLE, _SHELL = ("chromium", "chromium-browser", "google-chrome"), "chromium-headless-shell"


def chromium_path(*, whole: bool = False) -> str | None:
    """The system's Chromium, if it has one: a `whole` browser, or whichever costs least."""
    programs = (*_WHOLE, _SHELL) if whole else (_SHELL, *_WHOLE)
    return next(filter(None, map(shutil.which, programs)), None)


def launch(playwright: Playwright, *, whole: bool = False) -> Browser:
    """Start the system's Chromium, with its own calls to other machines off; what is measured takes a `whole` one."""
    return playwright.chromium.launch(executable_path=chromium_path(whole=whole), args=FLAGS)


@dataclass
class Server:
    """A server process of this project, serving on a free port of this machine."""

    process: "subprocess.Popen[bytes] | WarmProcess"
    log: Path
    data: Path
    url: str = ""

    def output(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_it_serves(self, patience: float = 90.0) -> None:
        """Learn the address from what it prints, then wait for its health."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.process.poll() is None:
            self.url = self.url or address_in(self.output())
            try:
                if self.url and urlopen(f"{self.url}/health", timeout=5).status == 200:
                    return
            except OSError:  # not listening yet, or slow to answer
                pass
            time.sleep(0.02)
        raise AssertionError(f"The server does not serve (exit status {self.process.poll()}):\n{self.output()}")

    def stop(self, patience: float = 15.0) -> int:
        """End it as a service manager would; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(patience)
        finally:
            self.process.kill()
            self.process.wait()


def address_in(output: str) -> str:
    """The address in what a server has printed; blank before it is there."""
    found = re.search(r"URL: (http://\S+:\d+)\s", output)
    return found[1] if found else ""


def foreign_to_us(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without any setting of MXM or Streamlit."""
    ours = ("MX_", "MXM_", "MXROUTE_", "STREAMLIT_")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


def begin_cold(command: list[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start `python -m` with a command, as a person would."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def begin_warm(command: list[str], environment: dict[str, str], log: Path) -> WarmProcess:
    """Start a command in a fork of a process that has imported the packages, on a database that is there."""
    data = Path(environment["MXM_DATA_DIR"])
    if not data.exists() and "MXM_SECRET_KEY" not in environment:
        warm_servers.prepare(data)
    log.write_bytes(b"")
    return warm_servers.start(command, ROOT, environment, log)


#: How to start a process with a command and an environment, whose output goes to a file.
Begin = Callable[[list[str], dict[str, str], Path], "subprocess.Popen[bytes] | WarmProcess"]


def start(
    folder: Path,
    *arguments: str,
    app: Path = ROOT / "app.py",
    settings: Mapping[str, str] = BRISK,
    begin: Begin = begin_cold,
) -> Server:
    """Start `streamlit run app.py` with its data and its log in `folder`; settings of this shell do not reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    log, data = folder / "server.log", folder / "data"
    command = ["streamlit", "run", str(app), "--server.port", "0", *arguments]
    environment = foreign_to_us(os.environ) | _NO_HISTORY | {"MXM_DATA_DIR": str(data)} | dict(settings)
    return Server(begin(command, environment, log), log, data)


@contextmanager
def serving(
    folder: Path,
    *arguments: str,
    app: Path = ROOT / "app.py",
    settings: Mapping[str, str] = BRISK,
    begin: Begin = begin_cold,
) -> Iterator[Server]:
    """A server that serves inside the block and is gone after it."""
    server = start(folder, *arguments, app=app, settings=settings, begin=begin)
    try:
        server.wait_until_it_serves()
        yield server
    finally:
        server.stop()


#: A server for tests that are not about its start, which costs a sixth of another's.
serving_warm = partial(serving, begin=begin_warm)


@dataclass
class Faults:
    """What went wrong in a browser unseen: page errors, console errors, calls to other machines."""

    url: str
    found: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of a context."""
        for event, listener in self._listeners():
            context.on(event, listener)  # type: ignore[call-overload]

    def unwatch(self, context: BrowserContext) -> None:
        """Listen no longer; the context goes on."""
        for event, listener in self._listeners():
            context.remove_listener(event, listener)

    def _listeners(self) -> list[tuple[str, Callable[[Any], None]]]:
        return [
            ("weberror", self._failed),
            ("console", self._said),
            ("request", self._requested),
            ("response", self._responded),
        ]

    def _failed(self, error: WebError) -> None:
        self.found.append(f"page error: {error.error}")

    def _said(self, line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith("Failed to load resource"):  # `_answered` tells which
            self.found.append(f"console: {line.text}")

    def _requested(self, request: Request) -> None:
        self._asked(request.url)

    def _responded(self, response: Response) -> None:
        self._answered(response.status, response.url)

    def _answered(self, status: int, url: str) -> None:
        # Opened at /import, Streamlit's page first tries whether the server lives under /import/.
        if status >= 400 and not re.search(r"/[\w-]+/_stcore/(health|host-config)$", url):
            self.found.append(f"{status} for {url}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, self.url.replace("http", "ws", 1), "data:", "blob:")):
            self.found.append(f"called {url}")


def idle(page: Page, patience: float = 60.0) -> None:
    """Wait until Streamlit has had nothing to run or to draw for a moment; a fault on the page fails here."""
    page.wait_for_function(
        """quiet => {
            const app = document.querySelector('[data-testid="stApp"]');
            const busy = !app || app.dataset.testScriptState !== 'notRunning'
                || app.dataset.testConnectionState !== 'CONNECTED'
                || document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]');
            if (busy) window.quietSince = undefined; else window.quietSince ??= performance.now();
            return !busy && performance.now() - window.quietSince >= quiet;
        }""",
        arg=IDLE_MS,
        timeout=patience * 1000,
        polling=25,
    )
    page.evaluate("window.quietSince = undefined")
    fault = page.locator('[data-testid="stException"], [data-testid="stAlert"]:has-text("This page stopped")')
    assert fault.count() == 0, fault.first.inner_text()


def upload(page: Page, content: bytes, name: str = "staff.csv", *, where: str = "") -> None:
    """Put a file on the uploader (the one inside `where`, a selector, when there are several) and wait for the page."""
    page.set_input_files(
        f'{where} [data-testid="stFileUploader"] input[type="file"]'.strip(),
        files=FilePayload(name=name, mimeType="application/octet-stream", buffer=content),
    )
    idle(page)


def download(page: Page, click: Callable[[], Any]) -> tuple[str, bytes]:
    """Name and bytes of the file that `click` makes the browser save."""
    with page.expect_download() as saved:
        click()
    return saved.value.suggested_filename, saved.value.path().read_bytes()


class Grid:
    """A table that Streamlit drew: `st.dataframe` or `st.data_editor`, found inside the element of that key."""

    def __init__(self, page: Page, key: str = "") -> None:
        self.page = page
        self.root: Locator = (
            page.locator(f".st-key-{key}" if key else "body").locator('[data-testid="stDataFrame"]').first
        )
        self.canvas = self.root.locator('[data-testid="data-grid-canvas"]')
        self.scroller = self.root.locator(".dvn-scroller")
        self._columns: dict[str, int] = {}
        self.canvas.wait_for()

    @property
    def rows(self) -> int:
        """How many rows it has, in view or not."""
        return int(self.root.locator("table[aria-rowcount]").get_attribute("aria-rowcount") or 1) - 1

    def column(self, title: str) -> int:
        """Position of the column with that title, found by scrolling sideways; it is asked for once."""
        if title not in self._columns:
            self._scroll_to("scrollLeft", 0)
            self._see_headers()
            while title not in self._columns:
                if not self._scroll_on():
                    raise AssertionError(f"No column {title!r} among {sorted(self._columns)}.")
                self._see_headers()
        return self._columns[title]

    def read(self, row: int, title: str) -> str:
        """Text of a cell; a tick reads "true" or "false". It lags an edit by a moment: see `expect`."""
        return self._seen(row, title).text_content() or ""

    def expect(self, row: int, title: str, text: str, patience: float = 40.0) -> None:
        """Wait until a cell holds `text`."""
        self._seen(row, title).filter(has_text=text).wait_for(state="attached", timeout=patience * 1000)

    def see_edits(self) -> None:
        """Let the accessible copy show what was pasted; the cursor ends where it was.

        Where a paste changes no other cell, the grid draws the new text and leaves the copy as it is until the cursor
        moves: the text has arrived, and `read` and `expect` still find the one before.
        """
        before = self._cursor()
        for there, back in (("ArrowDown", "ArrowUp"), ("ArrowUp", "ArrowDown")):
            self.page.keyboard.press(there)
            self._settle(before)
            if (now := self._cursor()) != before:
                self.page.keyboard.press(back)
                self._settle(now)
                return

    def select(self, row: int, title: str, patience: float = 40.0) -> None:
        """Put the grid's cursor on a cell, one step at a time: a busy page loses key presses that come in a burst."""
        wanted = self.column(title)
        self._scroll_to("scrollLeft", 0)
        self._enter(row)
        deadline = time.monotonic() + patience
        while (now := self._cursor()) != (wanted, row):
            assert time.monotonic() < deadline, f"The cursor stays at {now} on its way to {(wanted, row)}."
            if now is None or now[1] != row:
                self._enter(row)
            else:
                self.page.keyboard.press("ArrowRight" if now[0] < wanted else "ArrowLeft")
                self._settle(now)

    def _enter(self, row: int) -> None:
        """Click into a row, never twice into one cell, which would open it."""
        before = self._cursor()
        self._click_row(row, 3 if before != (0, row) else _SECOND_COLUMN)
        self._settle(before)

    def _cursor(self) -> tuple[int, int] | None:
        """Column and row of the selected cell, as the accessible copy has it."""
        cell = self.root.locator('[id^="glide-cell-"][aria-selected="true"]')
        found = cell.first.get_attribute("id") if cell.count() == 1 else None
        if found is None:
            return None
        column, at = found.removeprefix("glide-cell-").split("-")
        return int(column), int(at)

    def _settle(self, before: tuple[int, int] | None, patience: float = 0.6) -> None:
        """Wait until the cursor has left `before`, or for a moment."""
        deadline = time.monotonic() + patience
        while self._cursor() == before and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)

    def type_into(self, row: int, title: str, text: str, *, enter: bool = True) -> None:
        """Replace a cell's text; without `enter` the cell stays open."""
        self.select(row, title)
        self.page.keyboard.press("Enter")
        field = self.page.locator("textarea.gdg-input, input.gdg-input").first
        field.fill(text)
        if enter:
            self.page.keyboard.press("Enter")
            field.wait_for(state="detached")

    def edit(self, row: int, title: str, text: str) -> None:
        """Replace a cell's text and wait for the page."""
        self.type_into(row, title, text)
        idle(self.page)

    def tick(self, row: int, title: str) -> None:
        """Turn a check box and wait for the page."""
        self.select(row, title)
        self.page.keyboard.press("Space")
        idle(self.page)

    def mark(self, row: int) -> None:
        """Click the tick before a row that can be picked, and wait for the page."""
        line = self.root.locator(f'tr[aria-rowindex="{row + 2}"]')
        was = line.get_attribute("aria-selected")
        self._click_row(row, 15)
        self.root.locator(f'tr[aria-rowindex="{row + 2}"]:not([aria-selected="{was}"])').wait_for(state="attached")
        self.page.wait_for_timeout(IDLE_MS)  # the page hears of it a moment later
        idle(self.page)

    def press_last(self, row: int) -> None:
        """Press the button in the last column, which the keyboard cannot, and wait for the page."""
        self._scroll_to("scrollLeft", 1_000_000)
        box = self.canvas.bounding_box()
        assert box is not None
        self._click_row(row, box["width"] - 24)
        idle(self.page)

    def press_at(self, row: int, x: float) -> None:
        """Press the button that is `x` pixels from the left, and wait for the page."""
        self._scroll_to("scrollLeft", 0)
        self._click_row(row, x)
        idle(self.page)

    def _cell(self, column: int, row: int) -> Locator:
        # Not by the whole id: where rows can be picked, that counts the column of ticks too.
        return self.root.locator(f'[aria-colindex="{column + 1}"][data-testid^="glide-cell-"][data-testid$="-{row}"]')

    def _seen(self, row: int, title: str) -> Locator:
        """A cell, scrolled into view."""
        cell = self._cell(self.column(title), row)
        self._bring(row)
        if not cell.count():
            self._scroll_to("scrollLeft", 0)
        while not cell.count() and self._scroll_on():
            pass
        return cell

    def _see_headers(self) -> None:
        """Learn the titles in view, all at one moment: a busy page may draw them again."""
        headers = self.root.locator('[role="columnheader"]')
        headers.first.wait_for(state="attached")
        for title, number in headers.evaluate_all("all => all.map(e => [e.textContent, e.ariaColIndex])"):
            self._columns[title] = int(number) - 1

    def _scroll_on(self) -> bool:
        """Go on to the right, by less than the narrowest view beside the pinned columns; False at the end."""
        before = self.scroller.evaluate("e => e.scrollLeft")
        return bool(self._scroll_to("scrollLeft", before + 120) > before)

    def _heights(self) -> tuple[float, float]:
        """Pixels of the header, as Streamlit makes them from the base font size, and of a row, which may wrap text."""
        header = round(
            2.1875 * float(self.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))
        )
        whole = float(self.root.locator(".dvn-stack").evaluate("e => e.getBoundingClientRect().height"))
        return header, (whole - header) / self.rows

    def _bring(self, row: int) -> None:
        """Scroll until a row is in view, whole."""
        assert 0 <= row < self.rows, f"No row {row} of {self.rows}."
        header, height = self._heights()
        top, view = self.scroller.evaluate("e => [e.scrollTop, e.clientHeight]")
        if not top <= row * height <= top + view - header - height:
            self._scroll_to("scrollTop", max(0, (row - 1) * height))
        self.root.locator(f'[data-testid$="-{row}"][data-testid^="glide-cell-"]').first.wait_for(state="attached")

    def _click_row(self, row: int, x: float) -> None:
        self._bring(row)
        if self._is_covered(*(point := self._point(row, x))):
            self.canvas.evaluate("e => e.scrollIntoView({block: 'center'})")
            self.page.wait_for_timeout(100)
            point = self._point(row, x)
        self.page.mouse.click(*point)

    def _point(self, row: int, x: float) -> tuple[float, float]:
        """Where the middle of a row is in the window, `x` pixels from the left of the grid."""
        (header, height), box = self._heights(), self.canvas.bounding_box()
        assert box is not None
        return box["x"] + x, box["y"] + header + height * (row + 0.5) - self.scroller.evaluate("e => e.scrollTop")

    def _is_covered(self, x: float, y: float) -> bool:
        """Whether something else lies there, as the footer that stays in view does."""
        here = "([x, y]) => Boolean(document.elementFromPoint(x, y)?.closest('[data-testid=\"stDataFrame\"]'))"
        return not self.page.evaluate(here, [x, y])

    def _scroll_to(self, axis: str, pixels: float) -> float:
        """Scroll, and wait until the accessible copy has followed."""
        before = self.scroller.evaluate("(e, axis) => e[axis]", axis)
        after = float(
            self.scroller.evaluate("(e, [axis, pixels]) => { e[axis] = pixels; return e[axis]; }", [axis, pixels])
        )
        if after != before:
            self.page.wait_for_timeout(300)
        return after
