"""Probes of service managers and proxies: `/live` and `/ready` answer a status to anyone, and nothing else."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mxlib import services


async def live(_request: Request) -> JSONResponse:
    """Answer 200: this process serves requests. Asks neither the database nor a thread."""
    return _answer("ok", 200)


def ready(_request: Request) -> JSONResponse:
    """Answer 200 while requests may be sent here, else 503.

    That is while the database can be read, on a schema that this version runs on, and this process does not end.
    """
    app = services.opened()
    if app is None or app.is_draining:
        return _answer("stopping", 503)
    return _answer("ok", 200) if app.store.is_usable() else _answer("down", 503)


def _answer(status: str, code: int) -> JSONResponse:
    return JSONResponse({"status": status}, status_code=code, headers={"Cache-Control": "no-store"})


routes = [Route("/live", live, methods=["GET"]), Route("/ready", ready, methods=["GET"])]
