"""The caller, the account's domains, and the files made of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import CSV, XLSX, CurrentCaller, Refresh, error_responses
from mxlib.api.responses import success, success_list
from mxlib.api.schemas import common
from mxlib.services.failures import ListUnavailable

router = APIRouter(tags=["account"])

OfClient = Annotated[int | None, Query(ge=1, lt=2**63, description="The number of a client")]
SearchText = Annotated[str, Query(max_length=255, description="A part of an address, a recovery email or a name")]


@router.get("/me", responses={200: {"model": common.Success[common.Me]}, **error_responses()})
async def me(caller: CurrentCaller) -> Response:
    """Return the name, role and permissions of the token."""
    return success(common.me(caller))


@router.get("/domains", responses={200: {"model": common.Listed[list[str]]}, **error_responses(404, 429, 503)})
@calls_host
def domains(caller: CurrentCaller, refresh: Refresh = False, client: OfClient = None) -> Response:
    """List the domains that the token may work with, all or those of one client."""
    own = None if client is None else services.current().clients.get(caller, client).details.domains
    found = services.current().lists.domains(caller, refresh=refresh)
    if found.read_at is None:
        raise ListUnavailable(found.problem)
    names = [name for name in found.names if own is None or name in own]
    return success_list(names, found.read_at, found.problem)


@router.get("/mailboxes", responses={200: {"model": common.Success[common.FoundShape]}, **error_responses()})
def find(caller: CurrentCaller, q: SearchText = "") -> Response:
    """Find mailboxes in all domains that the token may view.

    The cached lists are searched: no request is sent to MXroute.
    """
    return success(common.found(services.current().search.find(caller, q)))


@router.get("/quota", responses={200: {"model": common.Success[common.StorageShape]}, **error_responses(429, 503)})
@calls_host
def quota(caller: CurrentCaller) -> Response:
    """Return the storage of the whole account.

    While MXroute is down, these are the last figures; `problem` then says so.
    """
    return success(common.storage(*services.current().storage.read(caller)))


def _file(kind: str) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route that returns a file of this content type."""
    lacks = {"X-MXM-Remarks": {"description": "What the file lacks, and why", "schema": {"type": "string"}}}
    return {200: {"content": {kind: {"schema": {"type": "string"}}}, "headers": lacks}, **error_responses(429, 503)}


@router.get("/email-accounts.csv", response_class=Response, responses=_file(CSV))
@calls_host
def export(caller: CurrentCaller) -> Response:
    """Export all mailboxes of all permitted domains as one CSV.

    It covers the domains that the token may view and export, and can be imported again. A domain whose list cannot be
    read is named in a comment above the header, and in `X-MXM-Remarks`.
    """
    return attached(services.current().exports.all_file(caller, "csv"))


@router.get("/email-accounts.xlsx", response_class=Response, responses=_file(XLSX))
@calls_host
def export_workbook(caller: CurrentCaller) -> Response:
    """Export all mailboxes of all permitted domains as a workbook.

    Its cells are text, so that no spreadsheet takes a name for a number; remarks have a sheet.
    """
    return attached(services.current().exports.all_file(caller, "xlsx"))
