"""The audit log page by page, for programs; `/audit.csv` and `/audit.jsonl` hold all of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.audit_query import LONGEST, parse_filter
from mxlib.api.dependencies import CurrentCaller, error_responses
from mxlib.api.responses import success
from mxlib.api.schemas import common

router = APIRouter(tags=["audit"])

MAX_PAGE = 1_000

_TIME = "a date or a time in ISO 8601; without a zone it is the server's"

Before = Annotated[int | None, Query(ge=1, lt=2**63, description="Entries older than this one: `older` of a page")]
Most = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many entries at the most")]


@router.get("/audit", responses={200: {"model": common.Success[common.AuditShape]}, **error_responses()})
def entries(
    caller: CurrentCaller,
    request: Request,
    address: Annotated[str, Query(max_length=LONGEST, description="A part of what it was done to")] = "",
    who: Annotated[str, Query(max_length=LONGEST, description="A part of the name of the operator or token")] = "",
    what: Annotated[
        str, Query(max_length=LONGEST, description="One action, or a family: `mailbox.delete`, `run`")
    ] = "",
    run: Annotated[int | None, Query(ge=1, lt=2**63, description="The number of a run")] = None,
    client: Annotated[int | None, Query(ge=1, lt=2**63, description="The number of a client")] = None,
    since: Annotated[str, Query(description=f"The first moment: {_TIME}")] = "",
    until: Annotated[str, Query(description=f"The first moment after: {_TIME}")] = "",
    before: Before = None,
    most: Most = 100,
) -> Response:
    """List audit entries, newest first.

    The token gets entries about the domains that it may view, and its own; an admin's gets everything.
    """
    page = services.current().audit_log.entries(caller, parse_filter(request.query_params), before=before, most=most)
    return success(common.audit(page))
