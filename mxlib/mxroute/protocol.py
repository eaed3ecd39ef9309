"""Requests to the host and its responses, as plain values: nothing here sends anything."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Self
from urllib.parse import quote

from mxlib.mxroute import errors, response_checks
from mxlib.mxroute.errors import InvalidResponse, MXrouteError, RateLimited, RequestRefused, UnexpectedData
from mxlib.mxroute.rate_headers import RateLimitHeaders, retry_after

RequestKind = Literal["read", "write"]

MASK = "••••"

#: Most characters of the host's own words that are kept.
_MOST_WORDS = 300

_REFUSALS: dict[int, type[RequestRefused]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthorized,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    422: errors.PlanLimitReached,
}


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request; `path` is encoded and relative to the base URL.

    `bare`: its response may lack the envelope. `check` returns what is wrong with the data of a successful response,
    blank when it answers the request.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    bare: bool = False
    check: Callable[[Any], str] | None = field(default=None, compare=False)

    @property
    def kind(self) -> RequestKind:
        """Return the budget that it spends."""
        return "read" if self.method == "GET" else "write"

    def __repr__(self) -> str:
        body = {**self.body, "password": MASK} if self.body and "password" in self.body else self.body
        return f"<{self.method} {self.path}{f' {body}' if body else ''}>"


@dataclass(frozen=True, slots=True)
class Response:
    """A successful response, and its data."""

    status: int
    data: Any = None
    rate_headers: RateLimitHeaders | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as the host lists it.

    Quota (0 = unlimited) and usage are in MB, limit and sent in messages a day. `unknown` names figures that the
    host did not give; they are 0.
    """

    username: str
    email: str
    quota: int
    usage: float
    limit: int
    sent: int
    suspended: bool
    unknown: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Create it from a listed item with quota and limit.

        Figures may be text, and a missing usage is 0 and `unknown`.
        """
        email = str(data.get("email") or "")
        return cls(
            username=str(data.get("username") or email.partition("@")[0]),
            email=email,
            quota=int(_number(data.get("quota"))),
            usage=_number(data.get("usage")),
            limit=int(_number(data.get("limit"))),
            sent=int(_number(data.get("sent"))),
            suspended=str(data.get("suspended")).strip().lower() in {"true", "1", "yes", "on"},
            unknown=tuple(name for name in _USED if _known(data.get(name)) is None),
        )

    @property
    def known_usage(self) -> float | None:
        """Return the usage; None when the host did not give it."""
        return None if "usage" in self.unknown else self.usage

    @property
    def known_sent(self) -> int | None:
        """Return the messages sent; None when the host did not give them."""
        return None if "sent" in self.unknown else self.sent


@dataclass(frozen=True, slots=True)
class MailboxSize:
    """The storage that a mailbox uses, in bytes.

    `at` is when the host found it (Unix seconds); None when it does not say.
    """

    username: str
    domain: str
    size: int
    at: float | None


#: Figures of use, of which the host may leave out any.
_USED = ("usage", "sent")

# Requests.


def list_domains() -> Request:
    """Return the request for the names of the account's domains."""
    return Request("GET", _path("domains"), check=response_checks.check_domains)


def domain(name: str) -> Request:
    """Return the request for one domain; `pointers` reads its aliases."""
    return Request("GET", _path("domains", name))


def list_mailboxes(of: str) -> Request:
    """Return the request for every mailbox of a domain, in one response."""
    return Request("GET", _path("domains", of, "email-accounts"), check=partial(response_checks.check_mailboxes, of))


def read_mailbox(of: str, username: str) -> Request:
    """Return the request for one mailbox."""
    check = partial(response_checks.check_mailbox, of, username)
    return Request("GET", _path("domains", of, "email-accounts", username), check=check)


def create_mailbox(
    of: str, username: str, password: str, quota: int | None = None, limit: int | None = None
) -> Request:
    """Return the request that creates a mailbox; MXroute chooses any value left out.

    The response carries no data.
    """
    given = {"username": username, "password": password, "quota": quota, "limit": limit}
    body = {name: value for name, value in given.items() if value is not None}
    return Request("POST", _path("domains", of, "email-accounts"), body)


def update_mailbox(of: str, username: str, **changes: str | int) -> Request:
    """Return the request that changes any of `password`, `quota` and `limit`."""
    return Request("PATCH", _path("domains", of, "email-accounts", username), changes)


def delete_mailbox(of: str, username: str) -> Request:
    """Return the request that deletes a mailbox and its mail."""
    return Request("DELETE", _path("domains", of, "email-accounts", username))


def account_quota() -> Request:
    """Return the request for storage used and allowed of the account, in bytes.

    The documentation shows the response without the envelope; the host sends it in the envelope.
    """
    return Request("GET", _path("quota"), bare=True)


def email_quota() -> Request:
    """Return the request for the storage that each mailbox uses, in bytes.

    The documentation shows the response without the envelope; the host sends it in the envelope.
    """
    return Request("GET", _path("quota", "email"), bare=True)


# Responses.


def parse_response(request: Request, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Response:
    """Parse a response (header names in lower case, `now` in Unix seconds).

    Raises errors of the host.
    """
    rate_headers = RateLimitHeaders.from_http(headers, now)
    if status == 204 or (status < 300 and request.kind == "write" and not body.strip()):
        return Response(status, None, rate_headers)
    payload = _parsed(body)
    if status == 429:
        raise RateLimited(retry_after(headers, now), rate_headers=rate_headers)
    if status == 401:
        raise _refusal(request, status, payload, rate_headers)
    if 300 <= status < 400:
        redirected = "MXroute's address sends us elsewhere, where the key must not go. Check MXROUTE_API_URL."
        raise InvalidResponse(redirected, status=status, rate_headers=rate_headers)
    if status >= 500:
        raise InvalidResponse(
            f"MXroute has a problem of its own (status {status}).", status=status, rate_headers=rate_headers
        )
    if request.bare and status < 300 and isinstance(payload, dict) and "success" not in payload:
        return Response(status, payload, rate_headers)
    if not isinstance(payload, dict) or not isinstance(payload.get("success"), bool):
        what = "a web page" if body.lstrip()[:1] == b"<" else "something that cannot be read"
        raise InvalidResponse(
            f"MXroute answered with {what} (status {status}).", status=status, rate_headers=rate_headers
        )
    if status >= 400 or not payload["success"]:
        raise _refusal(request, status, payload, rate_headers)
    data = payload.get("data")
    if request.check and (wrong := request.check(data)):
        raise UnexpectedData(wrong, status=status, rate_headers=rate_headers)
    return Response(status, data, rate_headers)


def pointers(data: Any) -> tuple[str, ...]:
    """Return the aliases of a domain, sorted.

    The host sends a list, or an object keyed by name.
    """
    names = data.get("pointers") if isinstance(data, dict) else None
    return tuple(sorted(map(str, names))) if isinstance(names, list | dict) else ()


def mailbox_sizes(data: Any) -> tuple[MailboxSize, ...] | None:
    """Return the sizes of the account's mailboxes; None when the response is not readable.

    An item without an address or a size is left out: its size is not known.
    """
    items = data.get("accounts") if isinstance(data, Mapping) else None
    return tuple(filter(None, map(_size, items))) if isinstance(items, list) else None


def _size(item: Any) -> MailboxSize | None:
    if not isinstance(item, Mapping):
        return None
    username, at, domain = str(item.get("email_address") or "").rpartition("@")
    size = _known(item.get("size_bytes"))
    if not (username and at and domain) or size is None:
        return None
    try:
        found_at = datetime.fromisoformat(str(item.get("updated_at")))
    except ValueError:
        return MailboxSize(username, domain.lower(), int(size), None)
    found_at = found_at if found_at.tzinfo else found_at.replace(tzinfo=UTC)
    return MailboxSize(username, domain.lower(), int(size), found_at.timestamp())


def _refusal(request: Request, status: int, payload: Any, rate_headers: RateLimitHeaders | None) -> MXrouteError:
    error = payload.get("error") if isinstance(payload, dict) else None
    error = error if isinstance(error, dict) else {}
    make = _REFUSALS.get(status, RequestRefused)
    code, message, field = (_words(request, error.get(name)) for name in ("code", "message", "field"))
    return make(code, message or f"status {status}", status=status, field=field, rate_headers=rate_headers)


def _words(request: Request, text: Any) -> str:
    """Return MXroute's own words on one line, with a password that they repeat masked."""
    words = " ".join(str(text or "").split())
    password = str((request.body or {}).get("password") or "")
    return (words.replace(password, MASK) if password else words)[:_MOST_WORDS]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if abs(number) < 1e15 else 0.0


def _known(value: Any) -> float | None:
    """Return a figure of use; None when it is missing or impossible."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e15 else None


def _path(*segments: str) -> str:
    """Encode each segment as one; raises ValueError for one that would lead to another path."""
    if any(segment in {"", ".", ".."} for segment in segments):
        raise ValueError(f"No path leads through {segments}.")
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)
