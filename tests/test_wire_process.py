"""The real server as its clients meet it on the wire: kept connections, and requests that end too early."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import pytest

from tests.browser import driver
from tests.browser.driver import Server
from tests.desk import until

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


NAME, PASSWORD = "kim", "correct horse battery"
PUBLIC = {
    "MXM_ADMIN_USER": NAME, "MXM_ADMIN_PASSWORD": PASSWORD, "MXM_TRUSTED_PROXIES": "127.0.0.1",
}  # fmt: skip


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for sign-in, behind a proxy that says where people are."""
    with driver.serving(tmp_path_factory.mktemp("guarded"), settings=PUBLIC) as served:
        yield served


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


def sign_in(server: Server, address: str, name: str = NAME, password: str = PASSWORD) -> tuple[int, float]:
    """The status of a sign-in from that address, and the seconds that it took."""
    headers = {"Origin": server.url, "X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded"}
    began = time.perf_counter()
    with closing(connected(server)) as connection:
        connection.request("POST", "/sign-in", urlencode({"name": name, "password": password}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - began


def test_a_hundred_strangers_who_guess_keep_no_honest_sign_in_waiting(guarded: Server) -> None:
    home, ended = "192.0.2.7", threading.Event()
    assert sign_in(guarded, home)[0] == 303
    alone = max(sign_in(guarded, home)[1] for _ in range(3))
    heard: list[int] = []

    def guess(number: int) -> None:
        while not ended.is_set():
            heard.append(sign_in(guarded, f"198.51.100.{number}", f"name{number}", "wrong all over")[0])
            ended.wait(0.3)

    strangers = [threading.Thread(target=guess, args=(number,)) for number in range(100)]
    for stranger in strangers:
        stranger.start()
    until(lambda: 503 in heard)
    try:
        honest = [sign_in(guarded, home) for _ in range(5)]
        newcomer = any(sign_in(guarded, "203.0.113.9")[0] == 303 for _ in range(5))
    finally:
        ended.set()
        for stranger in strangers:
            stranger.join()
    assert newcomer
    assert {status for status, _ in honest} == {303}
    assert statistics.median(seconds for _, seconds in honest) < 1.0 + 4 * alone
    assert set(heard) <= {401, 429, 503}
