"""The caller, the account's domains, and the files made of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import asks_host
from mxlib.api.dependencies import CSV, XLSX, Asker, Refresh, refusals
from mxlib.api.responses import listed, success
from mxlib.api.schemas import common
from mxlib.services.failures import Silent

router = APIRouter(tags=["account"])

Sought = Annotated[str, Query(max_length=255, description="A part of an address or of a recovery email")]


@router.get("/me", responses={200: {"model": common.Success[common.Me]}, **refusals()})
async def me(caller: Asker) -> Response:
    """Who the token stands for, and what it may do."""
    return success(common.me(caller))


@router.get("/domains", responses={200: {"model": common.Listed[list[str]]}, **refusals(429, 503)})
@asks_host
def domains(caller: Asker, refresh: Refresh = False) -> Response:
    """The account's domains that the token may work with."""
    told = services.current().lists.domains(caller, refresh=refresh)
    if told.read_at is None:
        raise Silent(told.problem)
    return listed(list(told.names), told.read_at, told.problem)


@router.get("/mailboxes", responses={200: {"model": common.Success[common.FoundShape]}, **refusals()})
def find(caller: Asker, q: Sought = "") -> Response:
    """Mailboxes of all domains that the token may view, by the kept lists: nothing is asked of MXroute."""
    return success(common.found(services.current().finding.find(caller, q)))


@router.get("/quota", responses={200: {"model": common.Success[common.StorageShape]}, **refusals(429, 503)})
@asks_host
def quota(caller: Asker) -> Response:
    """The storage of the whole account. While MXroute is down, the last figures; `problem` then says so."""
    return success(common.storage(*services.current().storage.read(caller)))


def _file(kind: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that gives a file of this content type."""
    lacks = {"X-MXM-Remarks": {"description": "What the file lacks, and why", "schema": {"type": "string"}}}
    return {200: {"content": {kind: {"schema": {"type": "string"}}}, "headers": lacks}, **refusals(429, 503)}


@router.get("/email-accounts.csv", response_class=Response, responses=_file(CSV))
@asks_host
def export(caller: Asker) -> Response:
    """All mailboxes of all domains that the token may view and export, as one CSV that can be imported again.

    A domain whose list can not be had is named in a comment above the header, and in `X-MXM-Remarks`.
    """
    return attached(services.current().exports.all_file(caller, "csv"))


@router.get("/email-accounts.xlsx", response_class=Response, responses=_file(XLSX))
@asks_host
def export_workbook(caller: Asker) -> Response:
    """The same as a workbook of text cells, in which no spreadsheet takes a name for a number; remarks have a sheet."""
    return attached(services.current().exports.all_file(caller, "xlsx"))
