"""Bulk routes: export selected mailboxes, or preview and start a bulk change."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import CSV, CurrentCaller, Key, RawBody, body, error_responses, parse_body
from mxlib.api.responses import success
from mxlib.api.schemas import common, runs
from mxlib.api.schemas.requests import ChangeRequest, SelectedMailboxes
from mxlib.runs.messages import DONE_BY_ANOTHER
from mxlib.runs.retry import InvalidState

router = APIRouter(tags=["changes"])


@router.post(
    "/changes",
    status_code=202,
    responses={
        200: {"model": common.Success[runs.ProposalShape], "description": "What would be done, for `dry_run`"},
        202: {"model": common.Success[runs.ChangeShape]},
        **error_responses(404, 409, 415, 429, 503),
    },
    openapi_extra=body(ChangeRequest),
)
@calls_host
def change(caller: CurrentCaller, request: Request, data: RawBody, key: Key = None) -> Response:
    """Change or delete these mailboxes, as a run.

    Mailboxes that already are as requested cost no write.
    """
    app = services.current()
    asked = ChangeRequest.parse(parse_body(request, data), max_rows=app.settings.max_rows)
    if asked.dry_run:
        until = app.clock.now() + app.settings.retention_days * 86_400
        return success(runs.proposal(app.changes.propose(caller, asked.addresses, asked.change), until))
    started = app.changes.start(
        caller,
        asked.addresses,
        asked.change,
        confirm=asked.confirm,
        below_use=asked.below_use,
        key=(key or "").strip(),
        request=data,
    )
    view = app.runs.get(caller, started.run)
    if view is None:
        raise InvalidState(DONE_BY_ANOTHER)
    return success(runs.change(view, app.clock.now(), started.gone), 202)


@router.post(
    "/email-accounts/export",
    response_class=Response,
    responses={
        200: {
            "content": {CSV: {"schema": {"type": "string"}}},
            "headers": {"X-MXM-Remarks": {"description": "What the file lacks", "schema": {"type": "string"}}},
        },
        **error_responses(404, 415, 429, 503),
    },
    openapi_extra=body(SelectedMailboxes),
)
@calls_host
def export(caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Export these mailboxes as a CSV that can be imported again.

    Passwords are blank; `X-MXM-Remarks` names the mailboxes that do not exist.
    """
    app = services.current()
    selected = SelectedMailboxes.parse(parse_body(request, data), max_rows=app.settings.max_rows)
    return attached(app.exports.some_file(caller, selected.addresses, "csv"))
