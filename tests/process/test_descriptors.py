"""A real server whose descriptors are used up by idle connections: one line in its log, and it serves afterwards."""

import resource
import socket
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.request import urlopen

import pytest

from mxlib.core.text import store_problems
from tests.browser import driver

pytestmark = pytest.mark.process

#: Descriptors that the server may hold, and idle connections: more than it has room for.
ROOM, IDLE = 160, 260


def answers(url: str, patience: float) -> bool:
    """Whether the server tells its health within so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{url}/health", timeout=1.0) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


def ask(kept: HTTPConnection, path: str) -> int:
    """The status of an answer on a connection that was there before; 0 where it broke off."""
    try:
        kept.request("GET", path)
        with kept.getresponse() as answer:
            answer.read()
            return answer.status
    except (HTTPException, OSError):
        return 0


def test_a_server_out_of_descriptors_says_so_in_one_line_and_serves_again(tmp_path: Path) -> None:
    with driver.serving(tmp_path) as server, ExitStack() as connections:
        host, _, port = server.url.removeprefix("http://").partition(":")
        kept = [connections.enter_context(closing(HTTPConnection(host, int(port), timeout=1.0))) for _ in range(3)]
        assert [ask(each, "/health") for each in kept] == [200] * 3
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (ROOM, ROOM))
        before = server.output()
        with ExitStack() as idle:
            for _ in range(IDLE):
                idle.enter_context(closing(socket.create_connection((host, int(port)), timeout=5.0)))
            assert not answers(server.url, 1.0)
            assert ask(kept[0], "/health") == 200  # who is in already is served
            for each in kept[1:]:
                ask(each, "/")  # it has to open a file
        assert answers(server.url, 5.0)
        said = server.output().removeprefix(before)
    assert said.count(store_problems.OUT_OF_FILES) == 1, said
    assert "Traceback" not in said, said
    assert len(said.splitlines()) == 1, said
    assert "Traceback" not in server.output(), server.output()  # it tried to accept again while it stopped
