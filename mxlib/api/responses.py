"""The envelope of every response of the API, the same as MXroute's own."""

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from mxlib.api.audit_query import InvalidQuery
from mxlib.api.schemas.clients import FIELDS as FIELDS_OF_CLIENTS
from mxlib.api.schemas.common import iso_time
from mxlib.auth.permissions import Forbidden
from mxlib.auth.tokens import InvalidToken, TokensWait
from mxlib.core.files.errors import Crowded, TooCostly
from mxlib.core.files.reader import FileRefused
from mxlib.core.format import readable
from mxlib.core.invalid_body import InvalidBody
from mxlib.mxroute import errors
from mxlib.runs.manager import InvalidState, NotOwner, SameImport
from mxlib.services import DecryptionFailed, StoreUnavailable
from mxlib.services.clients import ClientChanged, ClientExists, InvalidClient
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.exports import NotFound
from mxlib.services.failures import LIMITED, ListUnavailable, code_of
from mxlib.services.idempotency import KeyReused
from mxlib.services.mailboxes import AlreadyExists, InvalidField
from mxlib.services.manual_writes import MailboxLocked

log = logging.getLogger(__name__)

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "BUSINESS_ERROR",
    429: "RATE_LIMITED",
    503: "HOST_DOWN",
}

#: The header of a response to an invalid token.
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer realm="MXM", error="invalid_token"'}

_AGAIN = "To start them again, send the same request with ?again=true."

#: Items of a list that are written at a time.
_AT_A_TIME = 200

#: Seconds after which to retry when MXroute names no time.
_LATER = 60


class ApiError(Exception):
    """An error response: its status, one sentence, the field where there is one, and an unusual code."""

    def __init__(
        self, status: int, message: str, *, field: str = "", headers: Mapping[str, str] | None = None, code: str = ""
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.headers = status, message, field, dict(headers or {})
        self.code = code or CODES.get(status, "SERVER_ERROR")


def success(data: Any, status: int = 200) -> Response:
    """Return `data` in the envelope of success."""
    return _answer({"success": True, "data": data}, status)


def success_list(data: list[Any], read_at: float | None, problem: str) -> Response:
    """Return a list, the time it was read, and the problem that kept it old.

    The time is when MXroute was read (Unix seconds); the problem is left out when blank.
    """
    body = {"success": True, "data": data, "read_at": iso_time(read_at)}
    return _answer(body | {"problem": problem} if problem else body)


class _InPieces(JSONResponse):
    """JSON whose long lists are written some items at a time: writing keeps every other thread waiting."""

    def render(self, content: Any) -> bytes:
        """Render the body."""
        return _written(content).encode()


def _written(content: Any) -> str:
    if isinstance(content, dict) and all(type(name) is str for name in content):
        return "{" + ",".join(f"{_dumped(name)}:{_written(value)}" for name, value in content.items()) + "}"
    if isinstance(content, list) and len(content) > _AT_A_TIME:
        parts = (content[at : at + _AT_A_TIME] for at in range(0, len(content), _AT_A_TIME))
        return "[" + ",".join(_dumped(part)[1:-1] for part in parts) + "]"
    return _dumped(content)


def _dumped(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return _InPieces(content, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})


def error_response(problem: ApiError) -> Response:
    """Return a problem in the envelope of failure."""
    error = {"code": problem.code, "message": problem.message}
    if problem.field:
        error["field"] = problem.field
    return _answer({"success": False, "error": error}, problem.status, problem.headers)


def internal_error(error: Exception) -> ApiError:
    """Log an unexpected error by its kind and place, never its values; return a 500."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    kind = type(error).__name__
    log.error("A request failed: %s at %s", kind, where, extra={"error": kind, "place": where})
    return ApiError(500, "A fault of MXM itself; its log says where.")


def from_host_error(error: errors.MXrouteError) -> ApiError:
    """Translate an error of MXroute for the caller.

    A refused MXroute key is a 503: it is not the caller's fault.
    """
    match error:
        case errors.RateLimitWait() | errors.RateLimited():
            seconds = error.retry_after or _LATER
            return ApiError(429, str(errors.RateLimitWait(seconds)), headers=_again(seconds))
        case errors.InvalidRequest():
            return ApiError(400, str(error), field=error.field)
        case errors.NotFound():
            return ApiError(404, str(error))
        case errors.Conflict():
            return ApiError(409, str(error))
        case errors.PlanLimitReached():
            return ApiError(422, str(error), field=error.field)
        case errors.Unreachable() | errors.InvalidResponse():
            return ApiError(503, str(error), headers=_again(_LATER), code=code_of(error))
        case _:
            return ApiError(503, str(error), code=code_of(error))


def from_unavailable_list(error: ListUnavailable) -> ApiError:
    """Translate a list that could not be read for the caller.

    A reached rate limit is a 429, not a failure of MXroute.
    """
    status = 429 if error.code == LIMITED else 503
    return ApiError(status, str(error), headers=_again(error.after or _LATER), code=error.code)


def from_waiting_tokens(error: TokensWait) -> ApiError:
    """Translate the refusal of every token since a restore for the caller."""
    return ApiError(503, str(error), code="RESTORED")


def _again(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, ceil(seconds)))}


#: The error response for each exception of the services.
_PROBLEMS: dict[type[Exception], Callable[[Any], ApiError]] = {
    ApiError: lambda problem: problem,
    Forbidden: lambda error: ApiError(403, str(error)),
    InvalidToken: lambda error: ApiError(401, str(error), headers=INVALID_TOKEN),
    TokensWait: from_waiting_tokens,
    NotFound: lambda error: ApiError(404, str(error)),
    InvalidBody: lambda error: ApiError(400, str(error), field=error.field),
    InvalidField: lambda error: ApiError(400, str(error), field=error.field),
    InvalidQuery: lambda error: ApiError(400, str(error), field=error.field),
    FileRefused: lambda error: ApiError(400, str(error)),
    TooCostly: lambda error: ApiError(413, str(error)),
    Crowded: lambda error: ApiError(429, str(error), headers=_again(_LATER)),
    AlreadyExists: lambda error: ApiError(409, str(error), field="username"),
    InvalidClient: lambda error: ApiError(400, str(error), field=FIELDS_OF_CLIENTS.get(error.field, error.field)),
    ClientExists: lambda error: ApiError(409, str(error), field=error.field),
    ClientChanged: lambda error: ApiError(409, str(error), field=error.field, code="CLIENT_CHANGED"),
    KeyReused: lambda error: ApiError(409, str(error)),
    InvalidState: lambda error: ApiError(409, str(error)),
    MailboxLocked: lambda error: ApiError(
        409, str(error), code=error.code, headers=_again(error.after) if error.after else None
    ),
    SameImport: lambda error: ApiError(409, f"{error} {_AGAIN}", code="SAME_IMPORT"),
    NotOwner: lambda error: ApiError(503, str(error), code="NOT_OWNER"),
    DecryptionFailed: lambda error: ApiError(409, str(error)),
    ListUnavailable: from_unavailable_list,
    OutcomeUnknown: lambda error: ApiError(503, str(error), headers=_again(error.after), code=error.code),
    StoreUnavailable: lambda error: ApiError(503, str(error), code=error.code),
    errors.MXrouteError: from_host_error,
    Exception: internal_error,
}


def install_error_handlers(app: FastAPI) -> None:
    """Put every error of `app`, the framework's own included, into the envelope."""
    for kind, problem in _PROBLEMS.items():
        app.add_exception_handler(kind, _handler(problem))

    @app.exception_handler(RequestValidationError)
    def of_the_request(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return error_response(ApiError(400, f"{place}: {first['msg']}.", field=place))

    @app.exception_handler(HTTPException)
    def of_the_framework(request: Request, error: HTTPException) -> Response:
        message, headers = HTTPStatus(error.status_code).phrase + ".", dict(error.headers or {})
        if error.status_code == 404:
            message = "There is nothing at this path; /api/openapi.json lists what there is."
        elif error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(request))
            message = f"{readable(request.method)} does nothing here; {headers['Allow']} would."
        return error_response(ApiError(error.status_code, message, headers=headers))


def _methods(request: Request) -> list[str]:
    """Return every method at the path of a request.

    The framework lists those of one route only.
    """
    routes = request.app.router.routes

    def does(method: str) -> bool:
        return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)

    return [method for method in ("DELETE", "GET", "PATCH", "POST") if does(method)]


def _handler(problem: Callable[[Any], ApiError]) -> Callable[[Request, Exception], Response]:
    def handle(_request: Request, error: Exception) -> Response:
        return error_response(problem(error))

    return handle
