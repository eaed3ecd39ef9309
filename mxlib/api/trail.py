"""The audit trail as files: `/audit.csv` and `/audit.jsonl`, filtered by their query, sent piece by piece."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mxlib import services
from mxlib.api.downloads import caller
from mxlib.auth.permissions import Forbidden
from mxlib.services import Unwritable
from mxlib.services.trail import Download, Wanted

T = TypeVar("T")

#: Characters of a text to look for.
LONGEST = 255

_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class Unasked(Exception):
    """The query asks for nothing that there is; the message says why, `field` is the parameter."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def wanted(query: Mapping[str, str]) -> Wanted:
    """What a query asks for: `address`, `who`, `what`, `run`, and `since` and `until` as ISO 8601."""
    return Wanted(
        address=_text(query, "address"),
        who=_text(query, "who"),
        what=_text(query, "what"),
        run=_read(query, "run", _number, "the number of a run"),
        since=_read(query, "since", _time, "a date such as 2026-05-03"),
        until=_read(query, "until", _time, "a date such as 2026-05-03"),
    )


def audit_csv(request: Request) -> Response:
    """The trail as CSV."""
    return _answer(request, lambda what: services.current().trail.csv(caller(request), what))


def audit_jsonl(request: Request) -> Response:
    """The trail as JSON, one entry a line."""
    return _answer(request, lambda what: services.current().trail.jsonl(caller(request), what))


def _answer(request: Request, make: Callable[[Wanted], Download]) -> Response:
    try:
        download = make(wanted(request.query_params))
    except Forbidden as error:
        return PlainTextResponse(str(error), status_code=403)
    except Unasked as error:
        return PlainTextResponse(str(error), status_code=400)
    except Unwritable as error:
        return PlainTextResponse(str(error), status_code=503)
    return StreamingResponse(
        download.pieces,
        media_type=_TYPES[download.name.rsplit(".", 1)[-1]],
        headers={"Content-Disposition": f'attachment; filename="{download.name}"', "Cache-Control": "no-store"},
    )


def _text(query: Mapping[str, str], name: str) -> str:
    told = query.get(name, "").strip()
    if len(told) > LONGEST:
        raise Unasked(name, f"{name} has {len(told):,} characters; {LONGEST} are the most.")
    return told


def _read(query: Mapping[str, str], name: str, parse: Callable[[str], T], kind: str) -> T | None:
    told = query.get(name, "").strip()
    if not told:
        return None
    try:
        return parse(told)
    except (ValueError, OverflowError):
        raise Unasked(name, f"{name} must be {kind}.") from None


def _number(told: str) -> int:
    if len(told) > 18:  # more than the store can hold
        raise ValueError
    return int(told)


def _time(told: str) -> float:
    """Unix seconds; a time without a zone is the server's."""
    return datetime.fromisoformat(told).timestamp()


routes = [
    Route("/audit.csv", audit_csv, methods=["GET"]),
    Route("/audit.jsonl", audit_jsonl, methods=["GET"]),
]
