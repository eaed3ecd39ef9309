"""Mailbox routes: all mailboxes of a domain, and single ones."""

from dataclasses import replace

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
from mxlib.api.schemas.requests import ChangedMailbox, LockRequest, NewMailbox, RecoveryEmail, UnlockRequest
from mxlib.auth.permissions import Permission
from mxlib.services.exports import NotFound

router = APIRouter(prefix="/domains/{domain}", tags=["mailboxes"])


@router.get(
    "/email-accounts",
    responses={200: {"model": common.Listed[list[common.MailboxShape]]}, **error_responses(404, 429, 503)},
)
@calls_host
def every(domain: Domain, caller: CurrentCaller, refresh: Refresh = False) -> Response:
    """List all mailboxes of a domain.

    While MXroute is down, this is the last list; `problem` then says so.
    """
    found = services.current().mailboxes.list_mailboxes(caller, domain, refresh=refresh)
    return success_list(common.mailboxes(found.frame), found.read_at, found.problem)


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
    openapi_extra=body(NewMailbox),
)
@calls_host
def create(domain: Domain, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Create a mailbox, before any run's next row.

    A create whose answer is lost is read back, never sent twice.
    """
    cells = NewMailbox.read(parse_body(request, data), domain)
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
    openapi_extra=body(ChangedMailbox),
)
@calls_host
def update(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Change password, quota, limit or name; fields that are left out stay as they are.

    MXroute accepts a limit only together with a password.
    """
    cells = ChangedMailbox.parse(parse_body(request, data)).given
    return success(common.mailbox(services.current().mailboxes.update(caller, domain, user, cells)))


@router.delete(
    "/email-accounts/{user}",
    responses={200: {"model": common.Success[common.Deleted]}, **error_responses(404, 422, 429, 503)},
)
@calls_host
def delete(domain: Domain, user: User, caller: CurrentCaller) -> Response:
    """Delete a mailbox and its mail. This cannot be undone."""
    unrecorded = services.current().mailboxes.delete(caller, domain, user)
    deleted: common.Deleted = {"email": f"{user}@{domain}".lower()}
    return success(deleted | {"warnings": [unrecorded]} if unrecorded else deleted)


@router.post(
    "/email-accounts/{user}/lock",
    responses={200: {"model": common.Success[common.MailboxShape]}, **error_responses(404, 409, 415, 429, 503)},
    openapi_extra=body(LockRequest),
)
@calls_host
def lock(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Lock a mailbox: set a password that nobody knows.

    Sessions that are open at MXroute may go on, mail still arrives, and forwarders still forward.
    """
    reason = LockRequest.parse(parse_body(request, data) if data else {}).reason
    return success(common.mailbox(services.current().mailboxes.lock(caller, domain, user, reason)))


@router.post(
    "/email-accounts/{user}/unlock",
    responses={200: {"model": common.Success[common.MailboxShape]}, **error_responses(404, 409, 415, 429, 503)},
    openapi_extra=body(UnlockRequest),
)
@calls_host
def unlock(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Unlock a mailbox with a new password, or by a link to its owner.

    A generated password is in the answer.
    """
    asked, app = UnlockRequest.parse(parse_body(request, data) if data else {}), services.current()
    if asked.link:
        found = app.mailboxes.read(caller, domain, user)  # first: while MXroute is silent, the lock stays
        app.link_plans.unlock(caller, domain, user)
        return success(common.mailbox(replace(found, lock=None, being_locked=False)))
    return success(common.mailbox(app.mailboxes.unlock(caller, domain, user, asked.password)))


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
    openapi_extra=body(RecoveryEmail),
)
@calls_host
def recovery(domain: Domain, user: User, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Set the recovery email of a mailbox; null removes it."""
    email = RecoveryEmail.parse(parse_body(request, data)).recovery_email
    kept = services.current().mailboxes.set_stored(caller, domain, user, "recovery_email", email)
    return success(common.recovery(f"{user}@{domain}".lower(), kept))
