"""The envelope that every answer of the API comes in, the same as the host's own."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mxlib.auth.permissions import Forbidden
from mxlib.mailboxes.intake import FileRefused
from mxlib.mxroute.errors import MXrouteError

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


class Problem(Exception):
    """An answer that says no: its status, one sentence, and the field where there is one."""

    def __init__(self, status: int, message: str, *, field: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.headers = status, message, field, dict(headers or {})


def success(data: Any, status: int = 200) -> Response:
    """`data` in the envelope of success."""
    return JSONResponse({"success": True, "data": data}, status_code=status, headers={"Cache-Control": "no-store"})


def refusal(problem: Problem) -> Response:
    """A problem in the envelope of failure."""
    error = {"code": CODES.get(problem.status, "SERVER_ERROR"), "message": problem.message}
    if problem.field:
        error["field"] = problem.field
    return JSONResponse(
        {"success": False, "error": error},
        status_code=problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def wear(app: FastAPI) -> None:
    """Put every refusal of `app`, the framework's own included, into the envelope."""

    @app.exception_handler(Problem)
    def of_ours(_request: Request, problem: Problem) -> Response:
        return refusal(problem)

    @app.exception_handler(Forbidden)
    def of_permission(_request: Request, error: Forbidden) -> Response:
        return refusal(Problem(403, str(error)))

    @app.exception_handler(FileRefused)
    def of_a_file(_request: Request, error: FileRefused) -> Response:
        return refusal(Problem(400, str(error)))

    @app.exception_handler(MXrouteError)
    def of_the_host(_request: Request, error: MXrouteError) -> Response:
        return refusal(Problem(503, str(error)))

    @app.exception_handler(RequestValidationError)
    def of_the_body(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        return refusal(Problem(400, f"{place or 'The body'}: {first['msg']}.", field=place))

    @app.exception_handler(HTTPException)
    def of_the_framework(_request: Request, error: HTTPException) -> Response:
        return refusal(Problem(error.status_code, HTTPStatus(error.status_code).phrase + ".", headers=error.headers))
