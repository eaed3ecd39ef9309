"""A tab whose server dies comes back on another one, and is offered its draft there."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from mxlib import sandbox
from tests.browser import driver
from tests.browser.driver import BRISK, Grid, Server, idle
from tests.browser.steps import finished, open_preview, press, start


class Proxy:
    """What stands in front of several servers: it gives each connection to the one that is up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.behind = self._listener.getsockname()[1], 0
        self._accepts = threading.Thread(target=self._accept, daemon=True)
        self._accepts.start()

    def _accept(self) -> None:
        while True:
            try:
                came, _ = self._listener.accept()
            except OSError:
                return
            try:
                onward = socket.create_connection(("127.0.0.1", self.behind))
            except OSError:
                came.close()
                continue
            for pair in ((came, onward), (onward, came)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                to.sendall(data)
        for each in (source, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        source.close()  # the other direction closes the other one

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepts.join(10)
        self._listener.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database and one sandbox."""
    served = sandbox.serve(sandbox.believable(window=2.0, writes=40, reads=400))
    settings = BRISK | {"MXM_DATA_DIR": str(tmp_path / "data"), "MXM_SANDBOX_URL": served.url}
    both = tuple(driver.start(tmp_path / name, settings=settings) for name in ("one", "two"))
    try:
        for server in both:
            server.wait_until_it_serves()
        yield both  # type: ignore[misc]
    finally:
        for server in both:
            server.stop()
        served.stop()


def test_a_draft_is_offered_by_another_server_when_the_first_was_killed(
    chromium: Browser, servers: tuple[Server, Server]
) -> None:
    first, second = servers
    proxy = Proxy()
    proxy.behind = urlsplit(first.url).port or 0
    context = chromium.new_context(base_url=f"http://127.0.0.1:{proxy.port}", reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto("/import?domain=clienta.nl")
        idle(page)
        grid = open_preview(
            page, b"username,password\r\nfresh one,Geheim.2026x\r\nfresh.two,Geheim.2026x\r\n", "fresh.csv"
        )
        grid.edit(0, "Username", "fresh.one")
        grid.expect(0, "Status", "Ready")
        proxy.behind = urlsplit(second.url).port or 0
        first.process.kill()
        expect(page.get_by_text("Unfinished import")).to_be_visible()  # it reconnects by itself
        press(page, "Continue")
        grid = Grid(page, "preview-grid")
        grid.expect(0, "Username", "fresh.one")
        start(page)
        finished(page)
    finally:
        context.close()
        proxy.close()
    assert "Traceback" not in second.output(), second.output()
