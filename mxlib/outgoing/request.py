"""One request, with bounds on its time, its answer and where it goes. No redirect is followed."""

import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from mxlib.core.outgoing import Answer, SendProblem
from mxlib.mxroute.deadline import Deadline, bounded
from mxlib.outgoing.hosts import Hosts, NotSent

#: Seconds for one wait, and for a whole request.
STEP_S, WHOLE_S = 10.0, 20.0

#: Most bytes of an answer that are read; nothing of it is needed but its status.
MAX_ANSWER = 65_536

#: Longest address of a request.
MAX_URL = 2_000

_PORTS = {"http": 80, "https": 443}


class Requests:
    """Sends requests to the hosts that may be reached. May be called from any thread.

    Proxies of the environment are not used: one of them would look the name up again.
    """

    def __init__(
        self, hosts: Hosts, context: ssl.SSLContext | None = None, *, step: float = STEP_S, whole: float = WHOLE_S
    ) -> None:
        self.hosts, self._step, self._whole = hosts, step, whole
        self._context = context

    def check(self, url: str) -> SplitResult:
        """Return the parts of an address that a request may be sent to.

        Its name is not looked up. Raises NotSent.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise NotSent(SendProblem.NOT_AN_ADDRESS) from None
        fits = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL
        if (
            not fits
            or parts.scheme not in _PORTS
            or not host
            or parts.username is not None
            or parts.password is not None
        ):
            raise NotSent(SendProblem.NOT_AN_ADDRESS)
        if parts.scheme == "http" and not self.hosts.is_named(host, port or _PORTS["http"]):
            raise NotSent(SendProblem.NOT_ENCRYPTED)
        return parts

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        """Send one request on a connection of its own; return its answer of any status.

        Raises NotSent, which leads to nothing of the request.
        """
        self.check(url)
        failed = self._exchange(method, url, headers, content)
        if isinstance(failed, SendProblem):
            raise NotSent(failed)
        return failed

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer | SendProblem:
        """Send and read; return a failure instead of raising it: what httpcore raises holds the request."""
        deadline, backend = Deadline(), _Guarded(self.hosts)
        timeout = {"connect": self._step, "read": self._step, "write": self._step, "pool": self._step}
        if self._context is None:
            self._context = ssl.create_default_context()
        sent = [
            ("Host", _host(urlsplit(url))),
            ("User-Agent", "mxm"),
            ("Accept-Encoding", "identity"),
            *headers.items(),
        ]
        if content is not None:
            sent.append(("Content-Length", str(len(content))))
        try:
            with (
                deadline.within(self._whole),
                httpcore.ConnectionPool(
                    ssl_context=self._context, max_keepalive_connections=0, network_backend=bounded(backend, deadline)
                ) as pool,
                pool.stream(method, url, headers=sent, content=content, extensions={"timeout": timeout}) as response,
            ):
                body = bytearray()
                for chunk in response.iter_stream():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        return SendProblem.UNREADABLE_ANSWER
                received = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
                return Answer(response.status, received, bytes(body))
        except NotSent as error:
            return error.failure.problem
        except httpcore.TimeoutException:
            return SendProblem.TIMEOUT
        except httpcore.ConnectError as error:
            return _why_not_connected(error)
        except (httpcore.ProtocolError, UnicodeError, ValueError):
            return SendProblem.UNREADABLE_ANSWER
        except (httpcore.NetworkError, OSError):
            return SendProblem.DISCONNECTED


def _host(parts: SplitResult) -> str:
    """Return the header that names the host: the name that was asked for, wherever the connection goes."""
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port in {None, _PORTS[parts.scheme]} else f"{shown}:{parts.port}"


class _Guarded(httpcore.SyncBackend):
    """Connects to an address that was checked, and to no other."""

    def __init__(self, hosts: Hosts) -> None:
        super().__init__()
        self._hosts = hosts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._hosts.addresses(host, port)
        each = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, each, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(addresses[-1], port, each, local_address, socket_options)


def _why_not_connected(error: httpcore.ConnectError) -> SendProblem:
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return SendProblem.CERTIFICATE
            case ssl.SSLError():
                return SendProblem.TLS_FAILED
            case socket.gaierror():
                return SendProblem.UNKNOWN_HOST
        cause = cause.__cause__ or cause.__context__
    return SendProblem.NOT_CONNECTED
