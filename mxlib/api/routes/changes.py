"""Bulk routes: export selected mailboxes, or preview and start a bulk change."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import CSV, CurrentCaller, Key, RawBody, body, error_responses, parse_body
from mxlib.api.responses import success
from mxlib.api.schemas import common, runs
from mxlib.core.plans import change_request
from mxlib.services.exports import NotFound

router = APIRouter(tags=["changes"])

_ADDRESSES = {"type": "array", "items": {"type": "string"}, "examples": [["nina.berg@clienta.nl"]]}
_QUOTA = {
    "type": ["string", "number"],
    "description": "MB, 0 = unlimited; or reckoned from what each has: `× 2`, `+ 1024`",
    "examples": [2048, "2 GB", "× 2"],
}
_RECOVERY = {"type": ["string", "null"], "description": "The same for all; `-` and null forget it"}
_FLAG = {"type": ["boolean", "null"]}
_BELOW_USE = {**_FLAG, "description": "Set quotas below what mailboxes hold, too: they get no more mail"}
_CONFIRM = {"type": ["integer", "null"], "description": "The number that `dry_run` told"}
_DRY_RUN = {**_FLAG, "description": "Say what would be done, and send nothing"}


def _object(*required: str, **cells: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"addresses": _ADDRESSES, **cells},
        "required": ["addresses", *required],
        "additionalProperties": False,
    }


def _yes(description: str) -> dict[str, Any]:
    return {"const": True, "description": description}


_CHANGE = {
    "oneOf": [
        _object("quota", quota=_QUOTA, below_use=_BELOW_USE, dry_run=_DRY_RUN),
        _object("generate_password", generate_password=_yes("A new one for each, in the results"), dry_run=_DRY_RUN),
        _object("recovery_email", recovery_email=_RECOVERY, dry_run=_DRY_RUN),
        _object("delete", delete=_yes("Gone with all mail"), confirm=_CONFIRM, dry_run=_DRY_RUN),
    ]
}


@router.post(
    "/changes",
    status_code=202,
    responses={
        200: {"model": common.Success[runs.ProposalShape], "description": "What would be done, for `dry_run`"},
        202: {"model": common.Success[runs.ChangeShape]},
        **error_responses(404, 409, 415, 429, 503),
    },
    openapi_extra=body(json=_CHANGE),
)
@calls_host
def change(caller: CurrentCaller, request: Request, data: RawBody, key: Key = None) -> Response:
    """Change or delete these mailboxes, as a run.

    Mailboxes that already are as requested cost no write.
    """
    app = services.current()
    asked = change_request.parse_change(parse_body(request, data), app.settings.max_rows)
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
        raise NotFound(f"Run {started.run} holds this change already, and is somebody else's.")
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
    openapi_extra=body(json=_object()),
)
@calls_host
def export(caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Export these mailboxes as a CSV that can be imported again.

    Passwords are blank; `X-MXM-Remarks` names the mailboxes that do not exist.
    """
    app = services.current()
    addresses = change_request.selected_addresses(parse_body(request, data), app.settings.max_rows)
    return attached(app.exports.some_file(caller, addresses, "csv"))
