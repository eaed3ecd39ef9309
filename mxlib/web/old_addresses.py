"""Addresses that pages had in earlier releases: each leads to the page of today, with its query."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

#: Today's address of each page, by its earlier one.
_MOVED = {"/runs": "/jobs", "/audit": "/audit-log", "/access": "/team"}


def _moved(to: str, request: Request) -> RedirectResponse:
    query = request.url.query
    return RedirectResponse(f"{to}?{query}" if query else to, 307)


routes = [Route(old, partial(_moved, new), methods=["GET"]) for old, new in _MOVED.items()]
