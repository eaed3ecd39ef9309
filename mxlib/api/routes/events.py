"""Events page by page, for programs: what was full, sent too much, paused or failed."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from mxlib import services
from mxlib.api.audit_query import LONGEST, parse_time
from mxlib.api.dependencies import CurrentCaller, error_responses
from mxlib.api.responses import success
from mxlib.api.schemas import common, events
from mxlib.core.events.vocabulary import Rule, Severity
from mxlib.services.notices import EventQuery

router = APIRouter(tags=["events"])

MAX_PAGE = 1_000

_TIME = "a date or a time in ISO 8601; without a zone it is the server's"

Before = Annotated[int | None, Query(ge=1, lt=2**63, description="Events older than this one: `older` of a page")]
Most = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many events at the most")]


@router.get("/events", responses={200: {"model": common.Success[events.EventsShape]}, **error_responses()})
def list_events(
    caller: CurrentCaller,
    domain: Annotated[str, Query(max_length=LONGEST, description="Events of one domain")] = "",
    rule: Annotated[Rule | None, Query(description="Events of one rule")] = None,
    severity: Annotated[Severity | None, Query(description="Events of one severity")] = None,
    since: Annotated[str, Query(max_length=LONGEST, description=f"The first moment: {_TIME}")] = "",
    before: Before = None,
    most: Most = 100,
) -> Response:
    """List events, newest first.

    The token gets those of domains that it may view, and those of the account if it is not of a client; an admin's
    gets all.
    """
    query = EventQuery(domain.strip().lower(), rule, severity, parse_time({"since": since}, "since"))
    page = services.current().notices.events(caller, query, before=before, most=most)
    return success(events.page(page))
