"""Health of the server: its state for anyone, its problems for signed-in users and tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mxlib import __version__, services
from mxlib.api.middleware import bearer_token
from mxlib.auth.middleware import ADDRESS, IDENTITY
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.tokens import InvalidToken, TokensWait
from mxlib.core.vocabulary import AT_AN_END, RunStatus
from mxlib.services import Services

#: Result of the last request to MXroute, as reported.
_HOST = {True: "ok", False: "trouble", None: "unknown"}


def health(request: Request) -> JSONResponse:
    """Answer 200 while the server serves, 503 when its database cannot be read.

    Strangers see the status alone.
    """
    app = services.current()
    if not app.store.is_responsive():
        return _answer({"status": "down"}, 503)
    try:
        caller = _caller(request, app)
    except TokensWait as held:
        return _answer({"status": "ok", "code": "RESTORED", "message": str(held)})
    return _answer({"status": "ok"} | (_details(app, caller) if caller else {}))


def _caller(request: Request, app: Services) -> Caller | None:
    """Return the holder of the token, or the person the middleware identified.

    None for a stranger. Raises TokensWait since a restore.
    """
    try:
        if "authorization" in request.headers:
            return app.tokens.caller(bearer_token(request.scope), app.authenticator.proxies.address(request.scope))
        name = request.headers.get(IDENTITY.decode(), "")
        return app.users.caller(name, request.headers.get(ADDRESS.decode(), "")) if name else None
    except (InvalidToken, Forbidden):
        return None


def _details(app: Services, caller: Caller) -> dict[str, Any]:
    runs = app.runs.all(caller)
    stuck = [
        {"run": view.id, "status": view.status, "why": view.paused_reason or "MXroute does not answer."}
        for view in runs
        if view.status is RunStatus.PAUSED or view.silent_since is not None
    ]
    return {
        "version": __version__,
        "sandbox": app.on_sandbox,
        "mxroute": _HOST[app.host_is_well()],
        "unwell": app.unwell(caller),
        "runs_active": sum(view.status not in {*AT_AN_END, RunStatus.PAUSED} for view in runs),
        "stuck_runs": stuck,
        "backup": None if caller.external else _backup(app),
    }


def _backup(app: Services) -> dict[str, Any] | None:
    """Return the age of the newest good nightly backup; None where none is made."""
    if not app.backups.is_set:
        return None
    return {"age_seconds": app.backups.age(), "failed": app.backups.record().failed_at is not None}


def _answer(content: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


routes = [Route("/health", health, methods=["GET"])]
