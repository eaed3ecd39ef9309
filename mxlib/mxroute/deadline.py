"""One deadline for a whole request, however slowly the host sends.

It covers name look-up, connection, headers and body. A timeout of httpx bounds each wait by itself, so a host that
sends a byte now and then holds a request for ever. Here each wait gets what is left of the deadline, and nothing once
that has passed.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx


class Deadline(threading.local):
    """Deadline of this thread's request, in monotonic seconds of the machine; None: unbounded."""

    at: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound everything that this thread sends and receives in the block."""
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = None

    def left(self, most: float | None, late: type[Exception]) -> float | None:
        """Return the seconds that one wait may take, at most `most`.

        Raises `late` after the deadline.
        """
        if self.at is None:
            return most
        left = self.at - time.monotonic()
        if left <= 0:
            raise late("The request took too long.")
        return left if most is None else min(left, most)


class _Stream(httpcore.NetworkStream):
    """A connection whose waits all end with the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections within the deadline.

    Name look-up has no timeout of its own, so connecting runs in a thread that is waited for.
    """

    def __init__(self, backend: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._backend, self._deadline = backend, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        options = [*(socket_options or ()), *_delivered_within(left)]
        return _Stream(
            _waited_for(lambda: self._backend.connect_tcp(host, port, left, local_address, options), left),
            self._deadline,
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, left, socket_options), self._deadline)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def _delivered_within(seconds: float | None) -> list[tuple[int, int, int]]:
    """Return the option that ends a socket whose data is not acknowledged in time.

    Otherwise the system would go on sending for minutes after the process has closed it, and the host might get a
    request that counts as lost.
    """
    if seconds is None or not hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux has it
        return []
    return [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(seconds * 1000)))]


def _waited_for(connect: Callable[[], httpcore.NetworkStream], seconds: float | None) -> httpcore.NetworkStream:
    """Return what `connect` opens within `seconds`; a connection that opens later is closed at once."""
    opened: list[httpcore.NetworkStream | Exception] = []
    given_up = threading.Lock()
    late = False

    def attempt() -> None:
        try:
            came: httpcore.NetworkStream | Exception = connect()
        except Exception as error:
            came = error
        with given_up:
            if late and isinstance(came, httpcore.NetworkStream):
                came.close()
            opened.append(came)

    thread = threading.Thread(target=attempt, name="mxm-connect", daemon=True)
    thread.start()
    thread.join(seconds)
    with given_up:
        late = not opened
    if late:
        raise httpcore.ConnectTimeout("Connecting took too long.")
    if isinstance(opened[0], Exception):
        raise opened[0]
    return opened[0]


def bounded(backend: httpcore.NetworkBackend, deadline: Deadline) -> httpcore.NetworkBackend:
    """Return a backend that opens connections as `backend` does, all under the deadline."""
    return _Backend(backend, deadline)


def enforce(client: httpx.Client, deadline: Deadline) -> None:
    """Put every connection of `client`, those through proxies too, under the deadline.

    httpx offers no public way to do this, so it sets private attributes; a test checks that the installed version has
    them.
    """
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool = transport._pool
            pool._network_backend = _Backend(pool._network_backend, deadline)
