"""Routes of deletions that have a date: list them, and call one off."""

from fastapi import APIRouter
from starlette.responses import Response
from typing_extensions import TypedDict

from mxlib import services
from mxlib.api.dependencies import CurrentCaller, Domain, User, error_responses
from mxlib.api.responses import success
from mxlib.api.schemas import common
from mxlib.api.schemas.common import iso_time
from mxlib.core.text import dated_deletions as texts

router = APIRouter(tags=["mailboxes"])


class DatedDeletionShape(TypedDict):
    """A deletion that has a date.

    `asks` says why it waits for a person on its day, and `asks_code` is its code; both are null until then.
    """

    email: str
    due_at: str | None
    asked_at: str | None
    by: str
    asks: str | None
    asks_code: str | None


class CalledOffShape(TypedDict):
    """The address, and a sentence that also says whether the mailbox stays locked."""

    email: str
    message: str


@router.get("/deletions", responses={200: {"model": common.Success[list[DatedDeletionShape]]}, **error_responses()})
def dated_deletions(caller: CurrentCaller) -> Response:
    """List the deletions that have a date, where the token may delete."""
    found: list[DatedDeletionShape] = [
        {
            "email": each.mailbox,
            "due_at": iso_time(each.due_at),
            "asked_at": iso_time(each.asked_at),
            "by": each.who,
            "asks": texts.why(each.ask_reason) or None,
            "asks_code": each.ask_reason.code.value if each.ask_reason else None,
        }
        for each in services.current().dated_deletions.every(caller)
    ]
    return success(found)


@router.delete(
    "/domains/{domain}/email-accounts/{user}/deletion",
    responses={200: {"model": common.Success[CalledOffShape]}, **error_responses(404, 503)},
)
def call_off(domain: Domain, user: User, caller: CurrentCaller) -> Response:
    """Call a dated deletion off. This unlocks nothing."""
    message = services.current().dated_deletions.call_off(caller, domain, user)
    called_off: CalledOffShape = {"email": f"{user}@{domain}".lower(), "message": message}
    return success(called_off)
