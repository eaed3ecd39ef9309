"""One deadline bounds every wait of a request, the opening of its connection included."""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest

from mxlib.mxroute.deadline import Deadline, enforce


class Stream(httpcore.NetworkStream):
    """A connection that records the time that each wait may take."""

    def __init__(self) -> None:
        self.allowed: dict[str, float | None] = {}
        self.closed = threading.Event()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.allowed["read"] = timeout
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.allowed["write"] = timeout

    def close(self) -> None:
        self.closed.set()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self.allowed["start_tls"] = timeout
        return self

    def get_extra_info(self, info: str) -> Any:
        return f"{info} of the connection"


class Backend(httpcore.NetworkBackend):
    """Opens the same connection each time, once `open` is set."""

    def __init__(self) -> None:
        self.stream, self.open = Stream(), threading.Event()
        self.open.set()
        self.error: Exception | None = None
        self.allowed: dict[str, float | None] = {}
        self.slept: list[float] = []
        self.options: list[Any] = []

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *others: Any) -> httpcore.NetworkStream:
        self.allowed["connect"] = timeout
        self.options = list(others[1])
        assert self.open.wait(10.0)
        if self.error is not None:
            raise self.error
        return self.stream

    def connect_unix_socket(self, path: str, timeout: float | None = None, options: Any = None) -> Stream:
        self.allowed["connect"] = timeout
        return self.stream

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def bounded(backend: Backend, deadline: Deadline) -> Any:
    """Return the backend as a client that is under the deadline uses it."""
    client = httpx.Client(trust_env=False)
    pool: Any = client._transport._pool  # type: ignore[attr-defined]
    pool._network_backend = backend
    enforce(client, deadline)
    client.close()
    return pool._network_backend


Waits = Callable[[Any, float | None], object]
WAITS: dict[str, Waits] = {
    "read": lambda stream, most: stream.read(10, most),
    "write": lambda stream, most: stream.write(b"x", most),
    "start_tls": lambda stream, most: stream.start_tls(ssl.create_default_context(), "a.nl", most),
}
LATE = {"read": httpcore.ReadTimeout, "write": httpcore.WriteTimeout, "start_tls": httpcore.ConnectTimeout}
OPENS: dict[str, Waits] = {
    "tcp": lambda network, most: network.connect_tcp("a.nl", 443, most),
    "unix socket": lambda network, most: network.connect_unix_socket("/socket", most),
}


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has this option.")
def test_the_system_gives_up_what_is_not_acknowledged_within_the_deadline() -> None:
    backend, deadline = Backend(), Deadline()
    with deadline.within(100.0):
        bounded(backend, deadline).connect_tcp("a.nl", 443, None, None, [(1, 2, 3)])
    usual, (level, name, most) = backend.options
    assert usual == (1, 2, 3)
    assert (level, name) == (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert 90_000 <= most <= 100_000


@pytest.mark.parametrize("wait", WAITS)
def test_each_wait_gets_what_is_left_of_the_deadline(wait: str) -> None:
    backend, deadline = Backend(), Deadline()
    stream = bounded(backend, deadline).connect_tcp("a.nl", 443)
    for most in (None, 500.0):
        with deadline.within(100.0):
            WAITS[wait](stream, most)
        assert backend.stream.allowed[wait] == pytest.approx(100.0, abs=10.0)


@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_keeps_its_own_shorter_timeout_and_none_applies_outside_of_a_request(wait: str) -> None:
    backend, deadline = Backend(), Deadline()
    stream = bounded(backend, deadline).connect_tcp("a.nl", 443)
    with deadline.within(100.0):
        WAITS[wait](stream, 5.0)
    assert backend.stream.allowed[wait] == 5.0
    WAITS[wait](stream, None)
    assert backend.stream.allowed[wait] is None


@pytest.mark.parametrize("wait", WAITS)
def test_nothing_is_waited_for_after_the_deadline(wait: str) -> None:
    backend, deadline = Backend(), Deadline()
    stream = bounded(backend, deadline).connect_tcp("a.nl", 443)
    with deadline.within(0.0), pytest.raises(LATE[wait], match="took too long"):
        WAITS[wait](stream, 5.0)
    assert wait not in backend.stream.allowed


@pytest.mark.parametrize("way", OPENS)
def test_a_connection_opens_within_the_deadline_or_not_at_all(way: str) -> None:
    backend, deadline = Backend(), Deadline()
    network = bounded(backend, deadline)
    with deadline.within(100.0):
        OPENS[way](network, None)
    assert backend.allowed.pop("connect") == pytest.approx(100.0, abs=10.0)
    with deadline.within(0.0), pytest.raises(httpcore.ConnectTimeout):
        OPENS[way](network, None)
    assert backend.allowed == {}


def test_what_is_sent_over_a_connection_with_tls_is_bounded_too() -> None:
    backend, deadline = Backend(), Deadline()
    stream = bounded(backend, deadline).connect_tcp("a.nl", 443)
    secure = stream.start_tls(ssl.create_default_context())
    with deadline.within(0.0), pytest.raises(httpcore.ReadTimeout):
        secure.read(10)


def test_a_connection_is_closed_and_described_by_the_one_below() -> None:
    backend = Backend()
    stream = bounded(backend, Deadline()).connect_tcp("a.nl", 443)
    assert stream.get_extra_info("socket") == "socket of the connection"
    stream.close()
    assert backend.stream.closed.is_set()


def test_a_pause_between_two_tries_is_left_to_the_backend() -> None:
    backend = Backend()
    bounded(backend, Deadline()).sleep(0.5)
    assert backend.slept == [0.5]


def test_a_connection_that_opens_too_late_is_closed_at_once() -> None:
    backend, deadline = Backend(), Deadline()
    network = bounded(backend, deadline)
    backend.open.clear()
    with deadline.within(0.05), pytest.raises(httpcore.ConnectTimeout, match="Connecting took too long"):
        network.connect_tcp("a.nl", 443)
    assert not backend.stream.closed.is_set()
    backend.open.set()
    assert backend.stream.closed.wait(10.0)


def test_a_failure_that_comes_too_late_is_reported_as_a_timeout() -> None:
    backend, deadline = Backend(), Deadline()
    network = bounded(backend, deadline)
    backend.open.clear()
    backend.error = httpcore.ConnectError("refused")
    with deadline.within(0.05), pytest.raises(httpcore.ConnectTimeout):
        network.connect_tcp("a.nl", 443)
    backend.open.set()


def test_a_connection_that_cannot_be_opened_reports_the_cause() -> None:
    backend = Backend()
    backend.error = httpcore.ConnectError("refused")
    with pytest.raises(httpcore.ConnectError, match="refused"):
        bounded(backend, Deadline()).connect_tcp("a.nl", 443)


def test_a_deadline_bounds_only_its_own_thread() -> None:
    deadline = Deadline()
    left: list[float | None] = []
    with deadline.within(100.0):
        thread = threading.Thread(target=lambda: left.append(deadline.left(7.0, httpcore.ReadTimeout)))
        thread.start()
        thread.join()
        own = deadline.left(None, httpcore.ReadTimeout)
    assert left == [7.0]
    assert own is not None
    assert own <= 100.0


def test_a_request_that_fails_leaves_no_deadline_for_the_next_one() -> None:
    deadline = Deadline()
    with pytest.raises(ZeroDivisionError), deadline.within(0.0):
        raise ZeroDivisionError
    assert deadline.left(None, httpcore.ReadTimeout) is None
