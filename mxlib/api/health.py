"""Whether the server serves, and what is not well: for monitors, without secrets."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mxlib import services


def health(_request: Request) -> JSONResponse:
    """200 whenever the server serves; `unwell` names what is not well, in sentences."""
    house = services.current()
    unwell = house.unwell()
    return JSONResponse(
        {"status": "ok", "sandbox": house.on_sandbox, "unwell": unwell, "runs_active": house.runs.active()},
        headers={"Cache-Control": "no-store"},
    )


routes = [Route("/health", health, methods=["GET"])]
