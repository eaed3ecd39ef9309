"""HTTP client of the host: send what `protocol` builds, within the rate limit."""

import json
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from mxlib.clock import Clock
from mxlib.mxroute import connection_errors, protocol
from mxlib.mxroute.deadline import Deadline, enforce
from mxlib.mxroute.errors import InvalidResponse, MXrouteError, RateLimited, RateLimitWait, Unauthorized, Unreachable
from mxlib.mxroute.protocol import Request, Response
from mxlib.mxroute.rate_headers import RateLimitHeaders
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.request_counts import RequestCounts
from mxlib.settings import LOOPBACK, Settings

#: Most bytes of one response, decompressed; a domain of 10,000 mailboxes takes 2 million.
MAX_BYTES = 16_000_000

#: Most bytes that are decompressed at a time.
_PIECE = 65_536

#: What httpx raises before anything left: the host knows nothing of the request.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


#: What httpx reports before the first byte of a request, once there is a connection for it.
_LEAVES = "send_request_headers.started"

HELD_UP = "The request was held up here and has not left."


class _Received(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class _HeldUp(Exception):
    """A request that may not leave any more."""


class _Garbled(Exception):
    """A response body that cannot be decompressed."""


class MXrouteClient:
    """The host, over one shared connection pool. Every method may be called from any thread."""

    def __init__(
        self, settings: Settings, rate_limiter: RateLimiter, clock: Clock, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings, self._rate_limiter, self._clock = settings, rate_limiter, clock
        self._client = httpx.Client(
            base_url=settings.api_url,
            timeout=settings.timeout_s,
            follow_redirects=False,
            trust_env=urlsplit(settings.api_url).hostname not in LOOPBACK,  # a proxy does not reach this machine
            transport=transport,
        )
        self.counts = RequestCounts()
        self._deadline = Deadline()
        enforce(self._client, self._deadline)

    def send(
        self,
        request: Request,
        *,
        urgent: bool = False,
        patience: float | None = None,
        gated: bool = True,
        before: Callable[[], object] | None = None,
        may_leave: Callable[[], bool] | None = None,
    ) -> Response:
        """Take a slot of the rate limiter, send, and parse the response.

        Raises one of `errors`. `gated=False`: the caller has taken its slot already. Raises RateLimitWait when the slot
        is more than `patience` seconds away. `before` is called once the slot is taken; if it raises, the request is
        not sent. `may_leave` is asked right before anything of the request leaves, on a connection that is open: if it
        says no, the request is Unreachable and not sent.
        """
        if gated and not self._rate_limiter.acquire(request.kind, urgent=urgent, patience=patience):
            raise RateLimitWait(self._rate_limiter.wait_seconds(request.kind))
        if before is not None:
            try:
                before()
            except BaseException:
                self._rate_limiter.release(request.kind)
                raise
        sent_at = self._clock.monotonic()
        said: RateLimitHeaders | RateLimited | None = None
        left = True
        try:
            answer = self._exchange(request, sent_at, may_leave)
            said = answer.rate_headers
            self.counts.note(request.kind)
        except MXrouteError as error:
            self.counts.note(request.kind, error)
            left = not isinstance(error, Unreachable) or error.sent
            said = error if isinstance(error, RateLimited) else error.rate_headers
            raise
        finally:
            if left:
                self._rate_limiter.update(request.kind, said, sent_at)
            else:
                self._rate_limiter.release(request.kind)
        return answer

    def wait_seconds(self, kind: str) -> float:
        """Return the seconds until the rate limit allows the next request.

        0.0 when it does now.
        """
        return self._rate_limiter.wait_seconds(kind)

    def close(self) -> None:
        """Close the rate limiter and the connections."""
        self._rate_limiter.close()
        self._client.close()

    def _exchange(self, request: Request, sent_at: float, may_leave: Callable[[], bool] | None) -> Response:
        received = self._receive(request, sent_at, may_leave)
        if isinstance(received, MXrouteError):
            raise received
        return protocol.parse_response(request, *received, self._clock.now())

    def _receive(
        self, request: Request, sent_at: float, may_leave: Callable[[], bool] | None
    ) -> _Received | MXrouteError:
        """Send and read; return a failure instead of raising it.

        An exception of httpx holds the request with its headers. An error of ours that is raised while that one is
        handled would lead to the key.
        """
        content = None if request.body is None else json.dumps(dict(request.body)).encode()

        def leaves(event: str = _LEAVES, _facts: object = None) -> None:
            if may_leave is not None and event.endswith(_LEAVES) and not may_leave():
                raise _HeldUp

        try:
            leaves()  # before a connection is opened for nothing; not every transport reports what it does
            with (
                self._deadline.within(self._settings.timeout_s),
                self._client.stream(
                    request.method,
                    request.path,
                    headers=self._headers(content is not None),
                    content=content,
                    extensions={"trace": leaves},
                ) as response,
            ):
                body = bytearray()
                for chunk in _unpacked(response):
                    body += chunk
                    if len(body) > MAX_BYTES:
                        return InvalidResponse("MXroute's answer is too large.", status=response.status_code)
                    if self._clock.monotonic() - sent_at > self._settings.timeout_s:
                        return connection_errors.late(self._settings.timeout_s)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return _Received(response.status_code, headers, bytes(body))
        except _HeldUp:
            return Unreachable(HELD_UP, sent=False)
        except _NOT_SENT as error:
            return self._silent(error, sent=False)
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            return Unauthorized("UNAUTHORIZED", "A header cannot carry what is set.", status=401)
        except (httpx.DecodingError, _Garbled):
            return InvalidResponse("MXroute's answer is garbled.", status=0)
        except httpx.RequestError as error:
            return self._silent(error, sent=True)

    def _silent(self, error: httpx.RequestError, *, sent: bool) -> Unreachable:
        return connection_errors.explain(error, self._settings.api_url, self._settings.timeout_s, sent=sent)

    def _headers(self, with_body: bool) -> dict[str, str]:
        """Build the headers for each request: no object of httpx keeps the key for long."""
        headers = {
            "X-Server": self._settings.server.strip(),
            "X-Username": self._settings.user.strip(),
            "X-API-Key": self._settings.api_key.get_secret_value().strip(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "mxm",
        }
        return headers | ({"Content-Type": "application/json"} if with_body else {})


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body in small pieces.

    A host that compresses it unasked may do so once, with gzip. httpx decompresses a piece at once, whatever its size
    then: 64 KB that are compressed twice hold gigabytes.
    """
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed in {"", "identity"}:
        yield from response.iter_bytes()
        return
    if packed not in {"gzip", "x-gzip"}:
        raise _Garbled
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        for chunk in response.iter_raw():
            while chunk:
                yield unzip.decompress(chunk, _PIECE)
                chunk = unzip.unconsumed_tail
    except zlib.error:
        raise _Garbled from None
    if not unzip.eof:
        raise _Garbled
