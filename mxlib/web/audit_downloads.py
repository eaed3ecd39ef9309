"""The audit log as files, `/audit.csv` and `/audit.jsonl`, and the evidence report, `/evidence.xlsx`.

The audit log is filtered by the query, and sent piece by piece.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.audit_query import InvalidQuery, parse_filter
from mxlib.auth.permissions import Forbidden
from mxlib.services import StoreUnavailable
from mxlib.services.audit_log import AuditFilter, Download
from mxlib.web.downloads import caller

_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def audit_csv(request: Request) -> Response:
    """Return the audit log as CSV."""
    return _answer(request, lambda what: services.current().audit_log.csv(caller(request), what))


def audit_jsonl(request: Request) -> Response:
    """Return the audit log as JSON, one entry a line."""
    return _answer(request, lambda what: services.current().audit_log.jsonl(caller(request), what))


def _answer(request: Request, make: Callable[[AuditFilter], Download]) -> Response:
    try:
        download = make(parse_filter(request.query_params))
    except Forbidden as error:
        return PlainTextResponse(str(error), status_code=403)
    except InvalidQuery as error:
        return PlainTextResponse(str(error), status_code=400)
    except StoreUnavailable as error:
        return PlainTextResponse(str(error), status_code=503)
    return StreamingResponse(
        download.pieces,
        media_type=_TYPES[download.name.rsplit(".", 1)[-1]],
        headers={"Content-Disposition": f'attachment; filename="{download.name}"', "Cache-Control": "no-store"},
    )


def evidence_report(request: Request) -> Response:
    """Return the evidence report as a workbook."""
    try:
        return attached(services.current().evidence.workbook(caller(request)))
    except Forbidden as error:
        return PlainTextResponse(str(error), status_code=403)
    except StoreUnavailable as error:
        return PlainTextResponse(str(error), status_code=503)


routes = [
    Route("/audit.csv", audit_csv, methods=["GET"]),
    Route("/audit.jsonl", audit_jsonl, methods=["GET"]),
    Route("/evidence.xlsx", evidence_report, methods=["GET"]),
]
