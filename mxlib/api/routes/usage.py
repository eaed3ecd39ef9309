"""Use of the domains by the day, for programs that keep statistics or write invoices."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from mxlib import services
from mxlib.api.audit_query import InvalidQuery
from mxlib.api.dependencies import LONGEST_DOMAIN, CurrentCaller, error_responses
from mxlib.api.responses import success
from mxlib.api.schemas import common
from mxlib.core import addresses
from mxlib.core.days import number_of
from mxlib.services.usage import MOST_DAYS, MOST_ROWS, TooMuch

router = APIRouter(tags=["usage"])

#: Days of an answer when the first one is not asked for.
_USUAL_DAYS = 30

OfDomain = Annotated[str, Query(max_length=LONGEST_DOMAIN, description="One domain; blank: all permitted ones")]
First = Annotated[str, Query(alias="from", description="The first day, such as 2026-11-01; else 30 days are shown")]
Last = Annotated[str, Query(alias="to", description="The last day; blank: today")]


@router.get("/usage", responses={200: {"model": common.Success[list[common.DayShape]]}, **error_responses(404)})
def days(caller: CurrentCaller, domain: OfDomain = "", first: First = "", last: Last = "") -> Response:
    """List the use of each domain by the day, oldest first.

    Days are those of MXroute's host. No request is sent to MXroute.
    """
    usage = services.current().usage
    end = _day("to", last, usage.today)
    begin = _day("from", first, end - _USUAL_DAYS + 1)
    if begin > end:
        raise InvalidQuery("from", "from is after to. Swap them.")
    try:
        found = usage.of_domains(caller, addresses.domain(domain) or domain, begin, end)
    except TooMuch:
        raise InvalidQuery("from", _TOO_MUCH) from None
    return success([common.day_of_domain(each) for each in found])


_TOO_MUCH = (
    f"One answer has at most {MOST_DAYS} days, and {MOST_ROWS:,} rows over all domains. "
    "Ask for fewer days, or for one domain."
)


def _day(name: str, text: str, otherwise: int) -> int:
    """Return the number of a day by its date."""
    if not text.strip():
        return otherwise
    try:
        return number_of(date.fromisoformat(text.strip()))
    except ValueError:
        raise InvalidQuery(name, f"{name} must be a date such as 2026-11-01.") from None
