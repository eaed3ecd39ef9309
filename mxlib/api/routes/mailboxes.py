"""Mailbox routes: all mailboxes of a domain, and single ones."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import (
    CSV,
    XLSX,
    CurrentCaller,
    Domain,
    RawBody,
    Refresh,
    User,
    body,
    error_responses,
    parse_body,
)
from mxlib.api.responses import success, success_list
from mxlib.api.schemas import common
from mxlib.auth.permissions import Permission
from mxlib.core.mapping.json_rows import InvalidBody, mailbox, only
from mxlib.services.exports import NotFound

router = APIRouter(prefix="/domains/{domain}", tags=["mailboxes"])

_CELL = {"type": ["string", "number", "null"]}
_QUOTA = {**_CELL, "description": "MB, 0 = unlimited", "examples": [1024]}
_LIMIT = {**_CELL, "description": "Sends a day, 0 to 9600", "examples": [9600]}
_RECOVERY = {"type": ["string", "null"], "description": "Where the owner may reset the password"}
_PASSWORD = {"type": "string", "description": "8 or more characters with a capital, a small letter and a digit"}
_CHANGEABLE: dict[str, dict[str, Any]] = {
    "password": {**_PASSWORD, "type": ["string", "null"]},
    "quota": _QUOTA,
    "limit": _LIMIT,
}


def _object(required: list[str], **cells: dict[str, Any]) -> dict[str, Any]:
    return body(json={"type": "object", "properties": cells, "required": required, "additionalProperties": False})


@router.get(
    "/email-accounts",
    responses={200: {"model": common.Listed[list[common.MailboxShape]]}, **error_responses(404, 429, 503)},
)
@calls_host
def every(domain: Domain, caller: CurrentCaller, refresh: Refresh = False) -> Response:
    """List all mailboxes of a domain.

    While MXroute is down, this is the last list; `problem` then says so.
    """
    told = services.current().mailboxes.list_mailboxes(caller, domain, refresh=refresh)
    return success_list(common.mailboxes(told.frame), told.read_at, told.problem)


@router.get(
    "/email-accounts.csv",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **error_responses(404, 429, 503)},
)
@calls_host
def export(domain: Domain, caller: CurrentCaller) -> Response:
    """Export all mailboxes of a domain as a CSV.

    It can be imported again; passwords are blank.
    """
    return _exported(caller, domain, "csv")


@router.get(
    "/email-accounts.xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string"}}}}, **error_responses(404, 429, 503)},
)
@calls_host
def export_workbook(domain: Domain, caller: CurrentCaller) -> Response:
    """Export all mailboxes of a domain as a workbook.

    Its cells are text, so that no spreadsheet takes a name for a number.
    """
    return _exported(caller, domain, "xlsx")


def _exported(caller: CurrentCaller, domain: str, kind: str) -> Response:
    app = services.current()
    caller.require(Permission.EXPORT, domain)
    app.mailboxes.list_mailboxes(caller, domain)
    return attached(app.exports.domain_file(caller, domain.lower(), kind))


@router.post(
    "/email-accounts",
    status_code=201,
    responses={201: {"model": common.Success[common.MailboxShape]}, **error_responses(404, 409, 415, 422, 429, 503)},
    openapi_extra=_object(
        ["username", "password"],
        username={"type": "string", "examples": ["nina.berg"]},
        password=_PASSWORD,
        quota=_QUOTA,
        limit=_LIMIT,
        recovery_email=_RECOVERY,
    ),
)
@calls_host
def create(domain: Domain, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Create a mailbox, before any run's next row.

    A create whose answer is lost is read back, never sent twice.
    """
    cells = mailbox(parse_body(request, data), domain)
    return success(common.mailbox(services.current().mailboxes.create(caller, domain, cells)), 201)


@router.get(
    "/email-accounts/{user}",
    responses={200: {"model": common.Success[common.MailboxShape]}, **error_responses(404, 429, 503)},
)
@calls_host
def read(domain: Domain, user: User, caller: CurrentCaller) -> Response:
    """Return one mailbox, as MXroute has it now."""
    return success(common.mailbox(services.current().mailboxes.read(caller, domain, user)))


@router.patch(
    "/email-accounts/{user}",
    responses={200: {"model": common.Success[common.MailboxShape]}, **error_responses(404, 415, 422, 429, 503)},
    openapi_extra=_object([], **_CHANGEABLE),
)
@calls_host
def update(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Change password, quota or limit; fields that are left out stay as they are.

    MXroute accepts a limit only together with a password.
    """
    cells = only(parse_body(request, data), *_CHANGEABLE)
    return success(common.mailbox(services.current().mailboxes.update(caller, domain, user, cells)))


@router.delete(
    "/email-accounts/{user}",
    responses={200: {"model": common.Success[common.Deleted]}, **error_responses(404, 422, 429, 503)},
)
@calls_host
def delete(domain: Domain, user: User, caller: CurrentCaller) -> Response:
    """Delete a mailbox and its mail. This cannot be undone."""
    unrecorded = services.current().mailboxes.delete(caller, domain, user)
    told: common.Deleted = {"email": f"{user}@{domain}".lower()}
    return success(told | {"warnings": [unrecorded]} if unrecorded else told)


@router.get(
    "/email-accounts/{user}/history",
    responses={200: {"model": common.Success[common.HistoryShape]}, **error_responses(404)},
)
def history(domain: Domain, user: User, caller: CurrentCaller) -> Response:
    """List who changed a mailbox, when, and by which run and file.

    No request is sent to MXroute.
    """
    app, user = services.current(), user.lower()
    past = app.histories.of(caller, domain, user)
    if not past.events and past.first_seen is None and app.lists.cached_mailbox(domain, user) is None:
        raise NotFound(f"MXM knows of no mailbox {user}@{domain}.")
    return success(common.history(f"{user}@{domain}", past))


@router.patch(
    "/email-accounts/{user}/recovery",
    responses={200: {"model": common.Success[common.RecoveryShape]}, **error_responses(404, 415, 429, 503)},
    openapi_extra=_object(["recovery_email"], recovery_email=_RECOVERY),
)
@calls_host
def recovery(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Set the recovery email of a mailbox; null removes it."""
    cells = only(parse_body(request, data), "recovery_email")
    if "recovery_email" not in cells:
        raise InvalidBody("recovery_email", "recovery_email: give an address, or null to forget the one that is kept.")
    kept = services.current().mailboxes.set_recovery(caller, domain, user, cells["recovery_email"])
    return success(common.recovery(f"{user}@{domain}".lower(), kept))
