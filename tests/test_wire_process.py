"""The real server as its clients meet it on the wire: kept connections, and requests that end too early."""

import http.client
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.browser import driver
from tests.browser.driver import Server

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the sandbox, open to whoever sits at this machine."""
    with driver.serving(tmp_path_factory.mktemp("wire")) as served:
        yield served


def connected(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)


def seconds(connection: http.client.HTTPConnection, path: str) -> float:
    """How long an answer takes on a connection that is kept."""
    began = time.perf_counter()
    connection.request("GET", path)
    connection.getresponse().read()
    return time.perf_counter() - began


def test_an_answer_on_a_kept_connection_waits_for_no_acknowledgement(server: Server) -> None:
    with closing(connected(server)) as connection:
        times = [seconds(connection, "/health") for _ in range(60)]
    assert statistics.quantiles(times[20:], n=4)[0] < 0.02  # a delayed acknowledgement takes 0.04 s, each time
