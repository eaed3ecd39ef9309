"""The HTTP client of MXroute: requests, connection errors, and secrets that never leak."""

import gzip
import json
import logging
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import httpx
import pytest

from mxlib.clock import SystemClock
from mxlib.mxroute import client, errors, protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.settings import Settings

KEY = "Mx8d-secret-key"
SERVER = "eagle.example"
USER = "johndoe-da"
PASSWORD = "Geheim-w00rd"
DOMAINS = {"success": True, "data": ["a.nl"]}
RATES = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000034"}
CREATE = protocol.create_mailbox("a.nl", "jan", PASSWORD)

Handler = Callable[[httpx.Request], httpx.Response]


class Ticking(SystemClock):
    """A clock that a test moves forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def settings(url: str = "https://api.example", **changes: Any) -> Settings:
    """Return settings that look like those of a real account."""
    values = {"server": SERVER, "user": USER, "api_key": KEY, "api_url": url, "timeout_s": 5.0} | changes
    return Settings(**values)


def host_that(
    answers: Handler | httpx.BaseTransport, clock: SystemClock | None = None, **changes: Any
) -> MXrouteClient:
    """Return a client whose requests a function answers."""
    clock = clock or SystemClock()
    transport = answers if isinstance(answers, httpx.BaseTransport) else httpx.MockTransport(answers)
    return MXrouteClient(settings(**changes), RateLimiter(RateLimits(), clock), clock, transport)


def raising(error: Exception) -> Handler:
    """Return a handler that raises this error, as a failing network does."""

    def answers(request: httpx.Request) -> httpx.Response:
        if isinstance(error, httpx.RequestError):
            error.request = request
        raise error

    return answers


class Broken(httpx.SyncByteStream):
    """A body that starts, and then the connection is reset."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"success": true, '
        raise httpx.ReadError("reset by peer")


# Requests.


def test_a_request_carries_the_three_headers_and_its_body() -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"success": True})

    assert host_that(answers, api_key=f" {KEY}\n").send(CREATE).status == 201
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "https://api.example/domains/a.nl/email-accounts")
    assert [request.headers[name] for name in ("X-Server", "X-Username", "X-API-Key")] == [SERVER, USER, KEY]
    assert json.loads(request.content) == {"username": "jan", "password": PASSWORD}
    assert request.headers["content-type"] == "application/json"


def test_a_username_is_percent_encoded_once() -> None:
    paths: list[bytes] = []

    def answers(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(204)

    host_that(answers, url="https://api.example/v1").send(protocol.delete_mailbox("a.nl", "50%/+@"))
    assert paths == [b"/v1/domains/a.nl/email-accounts/50%25%2F%2B%40"]


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    with pytest.raises(errors.InvalidResponse, match="Check MXROUTE_API_URL"):
        host_that(answers).send(protocol.list_domains())
    assert asked == ["api.example"]


# Connection errors.


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("Name or service not known"), False),
        (httpx.ConnectTimeout("timed out"), False),
        (httpx.PoolTimeout("timed out"), False),
        (httpx.ReadTimeout("timed out"), True),
        (httpx.WriteTimeout("timed out"), True),
        (httpx.WriteError("broken pipe"), True),
        (httpx.ReadError("reset by peer"), True),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), True),
    ],
)
def test_a_connection_error_says_whether_the_request_may_have_been_sent(error: httpx.RequestError, sent: bool) -> None:
    late = isinstance(error, httpx.TimeoutException)
    message = "MXroute did not answer within 5 s." if late else "MXroute does not answer."
    with pytest.raises(errors.Unreachable) as caught:
        host_that(raising(error)).send(CREATE)
    assert str(caught.value) == message
    assert caught.value.sent is sent


def caused(error: httpx.RequestError, cause: Exception) -> httpx.RequestError:
    """Return an error of httpx with an error of the operating system as its cause."""
    error.__cause__ = httpcore.ConnectError("underneath")
    error.__cause__.__cause__ = cause
    return error


def certificate_problem() -> ssl.SSLCertVerificationError:
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_message = "certificate has expired"  # type: ignore[misc]
    return problem


@pytest.mark.parametrize(
    ("cause", "code", "message"),
    [
        (socket.gaierror(-2, "Name or service not known"), "HOST_NAME_UNKNOWN", "api.example cannot be found (DNS)"),
        (ConnectionRefusedError(111, "Connection refused"), "HOST_CLOSED", "Nobody listens at api.example"),
        (certificate_problem(), "HOST_CERTIFICATE", "not to be trusted (certificate has expired)"),
        (ssl.SSLError(1, "wrong version number"), "HOST_CERTIFICATE", "No encrypted connection to api.example"),
    ],
)
def test_each_cause_of_a_connection_error_has_its_own_message_and_code(
    cause: Exception, code: str, message: str
) -> None:
    with pytest.raises(errors.Unreachable) as caught:
        host_that(raising(caused(httpx.ConnectError("no"), cause))).send(CREATE)
    assert caught.value.code == code
    assert message in str(caught.value)
    assert not caught.value.sent


def test_a_time_out_has_its_own_code() -> None:
    with pytest.raises(errors.Unreachable) as caught:
        host_that(raising(httpx.ReadTimeout("late"))).send(CREATE)
    assert caught.value.code == "HOST_TIMEOUT"


def test_a_closed_port_is_reported_as_such() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    clock = SystemClock()
    host = MXrouteClient(settings(f"http://127.0.0.1:{port}"), RateLimiter(RateLimits(), clock), clock)
    with pytest.raises(errors.Unreachable, match=f"Nobody listens at 127.0.0.1:{port}"):
        host.send(protocol.list_domains())
    host.close()


def test_after_a_cut_off_response_the_request_may_have_been_done() -> None:
    with pytest.raises(errors.Unreachable) as caught:
        host_that(lambda _: httpx.Response(201, stream=Broken())).send(CREATE)
    assert caught.value.sent


def test_a_response_slower_than_the_timeout_is_given_up() -> None:
    clock = Ticking()

    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(1000):
                clock.ahead += 1.0
                yield b" "

    with pytest.raises(errors.Unreachable):
        host_that(lambda _: httpx.Response(200, stream=Trickle()), clock).send(protocol.list_domains())
    assert clock.ahead < 10


@contextmanager
def dripping(first: bytes, piece: bytes) -> Iterator[str]:
    """Yield the URL of a host that sends `first`, and then `piece` without end."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(first)
                    while not over.wait(0.02):
                        connection.sendall(piece)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
    thread.join()


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["status", "headers", "interim answers", "body", "chunks"],
)
def test_a_host_that_sends_byte_by_byte_holds_a_request_no_longer_than_the_timeout(first: bytes, piece: bytes) -> None:
    clock = SystemClock()
    with dripping(first, piece) as url:
        host = MXrouteClient(settings(url, timeout_s=0.3), RateLimiter(RateLimits(), clock), clock)
        began = time.monotonic()
        with pytest.raises(errors.Unreachable) as caught:
            host.send(CREATE)
        assert time.monotonic() - began < 1.0
        assert caught.value.sent
        host.close()


def test_a_dns_lookup_that_hangs_ends_with_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: over.wait(5.0) and [])
    clock = SystemClock()
    host = MXrouteClient(settings("https://nowhere.example", timeout_s=0.2), RateLimiter(RateLimits(), clock), clock)
    began = time.monotonic()
    with pytest.raises(errors.Unreachable) as caught:
        host.send(CREATE)
    assert time.monotonic() - began < 1.0
    assert not caught.value.sent
    over.set()
    host.close()


def test_responses_are_requested_uncompressed() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return httpx.Response(200, json=DOMAINS)

    host_that(answers).send(protocol.list_domains())
    assert asked == ["identity"]


def packed(body: bytes, encoding: str = "gzip") -> Handler:
    """Return a handler whose response claims this compression."""
    stream = httpx.ByteStream(body)
    return lambda _: httpx.Response(200, headers={"content-encoding": encoding}, stream=stream)


def test_a_compressed_response_is_read_anyway() -> None:
    assert host_that(packed(gzip.compress(json.dumps(DOMAINS).encode()))).send(protocol.list_domains()).data == ["a.nl"]


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "deflate"])
def test_a_response_with_another_compression_is_refused(encoding: str) -> None:
    with pytest.raises(errors.InvalidResponse):
        host_that(packed(b"whatever", encoding)).send(protocol.list_domains())


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_compression_bomb_takes_little_memory(encoding: str) -> None:
    bomb = gzip.compress(bytes(100_000_000), 1)
    if "," in encoding:
        bomb = gzip.compress(bomb)
    host = host_that(packed(bomb, encoding))
    tracemalloc.start()
    with pytest.raises(errors.InvalidResponse):
        host.send(protocol.list_domains())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * client.MAX_BYTES


def test_a_response_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 1000)
    with pytest.raises(errors.InvalidResponse, match="too large"):
        host_that(lambda _: httpx.Response(200, content=b"x" * 1001)).send(protocol.list_domains())


def test_a_response_with_broken_compression_is_refused() -> None:
    with pytest.raises(errors.InvalidResponse, match="garbled"):
        host_that(
            lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
        ).send(protocol.list_domains())


@pytest.mark.parametrize("key", ["key\nX-Evil: 1", "schlüssel"])
def test_an_api_key_that_no_header_can_carry_fails_without_leaking(key: str) -> None:
    clock = SystemClock()
    host = MXrouteClient(settings("http://127.0.0.1:9", api_key=key), RateLimiter(RateLimits(), clock), clock)
    with pytest.raises(errors.MXrouteError) as caught:
        host.send(protocol.list_domains())
    assert key not in "".join(traceback.format_exception(caught.value))
    host.close()


# The rate limiter.


def test_a_request_that_would_wait_longer_than_its_patience_is_not_sent() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(201, json={"success": True}, headers=RATES | {"date": "Fri, 15 Jan 2027 08:00:00 GMT"})

    host = host_that(answers)
    host.send(CREATE)
    with pytest.raises(errors.RateLimitWait, match=r"Try again in 3\d s") as caught:
        host.send(CREATE, urgent=True, patience=20.0)
    assert 34 <= caught.value.retry_after <= 36
    assert asked == ["POST"]


def test_a_refused_connection_uses_no_slot_of_the_rate_limit() -> None:
    clock = SystemClock()
    rate_limiter = RateLimiter(RateLimits(writes=1), clock)
    host = MXrouteClient(settings(), rate_limiter, clock, httpx.MockTransport(raising(httpx.ConnectError("refused"))))
    for _ in range(3):
        with pytest.raises(errors.Unreachable):
            host.send(CREATE, patience=0.0)


def test_a_429_holds_the_following_requests() -> None:
    host = host_that(lambda _: httpx.Response(429, headers={"retry-after": "34"}))
    with pytest.raises(errors.RateLimited):
        host.send(CREATE)
    with pytest.raises(errors.RateLimitWait) as caught:
        host.send(CREATE, patience=20.0)
    assert 33 < caught.value.retry_after < 36
    with pytest.raises(errors.RateLimited):
        host.send(CREATE, gated=False)


@pytest.mark.parametrize("retry_after", ["1000000", "Fri, 15 Jan 2107 08:00:00 GMT"])
def test_no_429_holds_requests_for_more_than_15_minutes(retry_after: str) -> None:
    clock = Ticking()
    answers = [httpx.Response(429, headers={"retry-after": retry_after}), httpx.Response(201, json={"success": True})]
    host = host_that(lambda _: answers.pop(0), clock)
    with pytest.raises(errors.RateLimited) as refused:
        host.send(CREATE)
    assert refused.value.retry_after == 900.0
    with pytest.raises(errors.RateLimitWait) as busy:
        host.send(CREATE, urgent=True, patience=20.0)
    assert 890 < busy.value.retry_after < 902
    clock.ahead += 901.0
    assert host.send(CREATE, urgent=True, patience=20.0).status == 201


def test_closing_ends_waiting_requests() -> None:
    host = host_that(lambda _: httpx.Response(429, headers={"retry-after": "34"}))
    with pytest.raises(errors.RateLimited):
        host.send(CREATE)
    caught: list[BaseException] = []

    def waits() -> None:
        try:
            host.send(CREATE)
        except errors.RateLimitWait as error:
            caught.append(error)

    waiting = threading.Thread(target=waits)
    waiting.start()
    host.close()
    waiting.join(5.0)
    assert len(caught) == 1


# Secrets.


def every_failure() -> Iterator[tuple[str, Handler]]:
    """Yield each way in which a request can fail, by name."""
    for error in (
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.LocalProtocolError(f"Illegal header value {KEY!r}"),
        httpx.DecodingError("x"),
    ):
        yield type(error).__name__, raising(error)
    for status in (200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502):
        body = {"success": False, "error": {"code": "X", "message": f"no {PASSWORD}"}}
        yield f"json {status}", lambda _, s=status, b=body: httpx.Response(s, json=b)
        yield f"html {status}", lambda _, s=status: httpx.Response(s, html="<html>no</html>")


@pytest.mark.parametrize("answers", [pytest.param(answers, id=name) for name, answers in every_failure()])
def test_no_error_or_log_holds_the_key_or_a_password(answers: Handler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("of a caller")
    with pytest.raises(errors.MXrouteError) as caught:
        host_that(answers).send(CREATE)
    try:
        raise caught.value
    except errors.MXrouteError:
        log.exception("It failed")

    texts: list[str] = [caplog.text, *traceback.format_exception(caught.value)]
    error: BaseException | None = caught.value
    seen = 0
    while error is not None:
        seen += 1
        assert isinstance(error, errors.MXrouteError), "an exception of another library is at hand in the chain"
        texts += [str(error), repr(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    assert seen == 1
    assert all(secret not in text for text in texts for secret in (KEY, PASSWORD))


def test_no_header_value_is_logged_over_a_real_connection(caplog: pytest.LogCaptureFixture, served: str) -> None:
    caplog.set_level(logging.DEBUG)
    clock = SystemClock()
    host = MXrouteClient(settings(served), RateLimiter(RateLimits(), clock), clock)
    host.send(CREATE)
    host.close()
    assert caplog.records
    assert all(secret not in caplog.text for secret in (KEY, PASSWORD, USER, SERVER))
    assert all(secret not in f"{host!r} {host._client!r}" for secret in (KEY, USER))


# A real connection.


class Answers(BaseHTTPRequestHandler):
    """Answers as the host would; the username `lost` gets no response."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the domains."""
        body = json.dumps(DOMAINS).encode()
        self.send_response(200)
        self.send_header("X-RateLimit-Limit", "100")
        self.send_header("X-RateLimit-Remaining", "41")
        self.send_header("X-RateLimit-Reset", "1800000034")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer as if a mailbox was created."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["username"] == "lost":
            self.close_connection = True
            return
        known = self.headers["X-API-Key"] == KEY and "X-Server" in self.headers and "X-Username" in self.headers
        self.send_response(201 if known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        """Answer as if a mailbox was deleted."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def served() -> Iterator[str]:
    """Yield the URL of a host on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_work_over_a_real_connection(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    clock = SystemClock()
    host = MXrouteClient(settings(served), RateLimiter(RateLimits(), clock), clock)
    response = host.send(protocol.list_domains())
    assert response.data == ["a.nl"]
    assert response.rate_headers
    assert (response.rate_headers.limit, response.rate_headers.remaining, response.rate_headers.by_host) == (
        100,
        41,
        True,
    )
    assert host.send(CREATE).status == 201
    assert host.send(protocol.delete_mailbox("a.nl", "jan")).status == 204
    with pytest.raises(errors.Unreachable) as caught:
        host.send(protocol.create_mailbox("a.nl", "lost", PASSWORD))
    assert caught.value.sent
    host.close()


@pytest.mark.parametrize("asked", [1, 2], ids=["before it connects", "once it has connected"])
def test_a_request_whose_time_is_over_does_not_leave(served: str, asked: int) -> None:
    clock = SystemClock()
    host = MXrouteClient(settings(served), RateLimiter(RateLimits(writes=1), clock), clock)
    answers = [True] * (asked - 1) + [False]
    with pytest.raises(errors.Unreachable, match="has not left") as caught:
        host.send(CREATE, may_leave=lambda: answers.pop(0))
    assert (caught.value.sent, answers) == (False, [])
    assert host.wait_seconds("write") == 0.0  # it used no slot
    assert host.send(CREATE, may_leave=lambda: True).status == 201
    host.close()


def test_a_closed_port_means_the_request_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    clock = SystemClock()
    host = MXrouteClient(settings(f"http://127.0.0.1:{port}"), RateLimiter(RateLimits(), clock), clock)
    with pytest.raises(errors.Unreachable) as caught:
        host.send(CREATE)
    assert not caught.value.sent
    host.close()
