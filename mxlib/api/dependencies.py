"""Dependencies of the routes: the caller, the parameters and the body of a request."""

import codecs
from collections.abc import Iterable
from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator

from mxlib import services
from mxlib.api import openapi
from mxlib.api.responses import ApiError
from mxlib.api.schemas.requests import Body, schema_of
from mxlib.auth.permissions import Caller
from mxlib.core import addresses, strict_json
from mxlib.core.format import readable
from mxlib.core.text import file_problems
from mxlib.services.exports import NotFound

JSON = "application/json"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
ZIP = "application/zip"

_TOKEN = HTTPBearer(
    scheme_name="token",
    bearerFormat="mxm_…",
    auto_error=False,
    description="Made with script/mxm token create, or by an admin on Team and API.",
)

_DESCRIPTIONS = {
    400: "Something in the request is not as it must be",
    401: "No token, or one that no longer works",
    403: "The token lacks a permission",
    404: "There is no such thing",
    409: "It is there already, or is not in a state for this",
    413: "The body is too large",
    415: "The body is of a kind that is not read here",
    422: "MXroute's plan does not allow it",
    429: "It would wait too long for MXroute's limit; `Retry-After` says how long",
    503: "MXroute is down, or this server cannot write, or waits since a restore; `Retry-After`, where it is there, "
    "says when to come again",
}


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, with those that all routes have."""
    headers = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    # A model would be compiled for each status of each route, which took half of the start of the API.
    content = {JSON: {"schema": {"$ref": openapi.FAILURE}}}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": content}
        | ({"headers": headers} if status in (429, 503) else {})
        for status in sorted({400, 401, 403, 413, 503, *statuses})
    }


def body(model: type[Body], *, without: Iterable[str] = (), or_file: bool = False) -> dict[str, Any]:
    """Describe the request body in the document: the JSON of a model, or a file."""
    content = {JSON: {"schema": schema_of(model, without=without)}}
    if or_file:
        content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (CSV, XLSX)}
    return {"requestBody": {"required": True, "content": content}}


async def _caller(request: Request, _token: Annotated[HTTPAuthorizationCredentials | None, Security(_TOKEN)]) -> Caller:
    caller: Caller = request.state.caller  # set by TokenMiddleware
    return caller


async def _raw(request: Request) -> bytes:
    return await request.body()


CurrentCaller = Annotated[Caller, Depends(_caller)]
RawBody = Annotated[bytes, Depends(_raw)]


def _domain(text: str) -> str:
    """Parse the name of a domain.

    A name that cannot be a domain raises NotFound before any service sees it.
    """
    name = addresses.domain(text) if len(text) <= LONGEST_DOMAIN else ""
    if not name or len(name) > LONGEST_DOMAIN:
        raise NotFound("There is no domain of such a name on this MXroute account.")
    return name


def _user(text: str) -> str:
    if len(text) > _LONGEST_USER:
        raise NotFound("There is no mailbox of such a name.")
    return text


#: Characters of the longest name of a domain, and of a mailbox, in any of their spellings.
LONGEST_DOMAIN, _LONGEST_USER = 253, 255

Domain = Annotated[str, Path(description="A domain of the account", examples=["clienta.nl"]), AfterValidator(_domain)]
User = Annotated[
    str, Path(description="The part of the address before the @", examples=["nina.berg"]), AfterValidator(_user)
]
Run = Annotated[int, Path(ge=1, lt=2**63, description="The number of a run")]
Refresh = Annotated[bool, Query(description="Read from MXroute now, however new the kept list is")]

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="The same key starts one run, however often the request comes",
    ),
]


def kind_of(request: Request) -> str:
    """Return the content type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


#: Largest body that only names mailboxes, in bytes: at least the first figure, else the second for each row.
_LEAST_BODY, _BYTES_A_ROW = 1_000_000, 400

#: Characters of a Content-Type whose parameters are read.
_LONGEST_KIND = 200

#: Charsets that a file does not reveal by itself: Python's name for each, and the reader's.
_CHARSETS = {
    "cp1250": "windows-1250", "cp1252": "windows-1252", "iso8859-1": "windows-1252", "mac-roman": "mac-roman",
    "utf-16-be": "utf-16-be", "utf-16-le": "utf-16-le",
}  # fmt: skip
_DETECTED = frozenset({"ascii", "utf-8", "utf-8-sig", "utf-16"})


def charset_of(request: Request) -> str | None:
    """Return the encoding that the sender of a CSV names.

    None where the file itself shows it.
    """
    if kind_of(request) != CSV:
        return None
    given = request.headers.get("content-type", "")
    if len(given) > _LONGEST_KIND:
        raise ApiError(415, f"Content-Type is over {_LONGEST_KIND} characters long. Send text/csv; charset=utf-8.")
    header = Message()
    header["Content-Type"] = given
    named = header.get_content_charset("utf-8")
    try:
        known = codecs.lookup(named).name
    except (LookupError, ValueError):
        known = ""
    if known not in _DETECTED | _CHARSETS.keys():
        raise ApiError(
            415, f"charset={readable(named)} is not read here. Leave it out, or send UTF-8, UTF-16 or Windows-1252."
        )
    return _CHARSETS.get(known)


def parse_body(request: Request, data: bytes) -> Any:
    """Parse the body as JSON.

    Duplicate keys, NaN, Infinity and lone surrogates are rejected.
    """
    if kind_of(request) != JSON:
        raise unsupported_media_type(JSON)
    most = max(_LEAST_BODY, _BYTES_A_ROW * services.current().settings.max_rows)
    if len(data) > most:
        raise ApiError(413, file_problems.too_large(len(data), most))
    return strict_json.parse(data)


def unsupported_media_type(*accepted: str) -> ApiError:
    """Return the error for a body of a content type that is not read here."""
    return ApiError(415, f"Say what the body is: Content-Type: {' or '.join(accepted)}.")
