"""Links in requests and responses; no link itself is ever in one."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from mxlib.api.schemas.common import iso_time
from mxlib.api.schemas.requests import Addresses, Body, Day, WholeNumber, schema_type
from mxlib.api.schemas.runs import RunShape, run
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import DEFAULT_DAYS, LinkOptions, LinkPurpose, LinkRefusal, LinkStatus
from mxlib.core.text import links as texts
from mxlib.runs.run_view import RunView
from mxlib.services.link_plans import RefusedLink
from mxlib.services.sent_links import LinkPerson


class LinkShape(TypedDict):
    """A link to a person: where its mail went, and what happened; times are null for what did not happen.

    `detail` says why a mail waits or was refused, or why the link ended.
    """

    id: int
    run: int | None
    purpose: LinkPurpose
    email: str
    recovery_email: str | None
    status: LinkStatus
    detail: str
    sent_at: str | None
    opened_at: str | None
    set_at: str | None
    valid_from: str | None
    expires_at: str | None


class RefusedShape(TypedDict):
    """A mailbox that gets no link, and why."""

    email: str
    code: LinkRefusal
    message: str


class LinkRunShape(RunShape):
    """A run of links; `refused` are the mailboxes that get none."""

    refused: list[RefusedShape]


class LinkRequest(Body):
    """The people who get links: by their mailboxes, or those of a run."""

    emails: Addresses = Field((), examples=[["nina.berg@clienta.nl"]], description="Mailboxes; or give `run`")
    run: Annotated[int | None, WholeNumber] = Field(
        None, description="An import, or a run of links: then the people who have not set theirs", examples=[1]
    )
    language: Annotated[str | None, schema_type("string", "null")] = Field(
        None, description="Of the mails; null = that of each client", examples=["nl"]
    )
    expires_days: Annotated[int | None, WholeNumber] = Field(None, description="1 to 60", examples=[14])
    send_at: Day = Field(None, description="The day on which the mails leave", examples=["2026-12-27"])
    valid_from: Day = Field(None, description="The day from which the links work", examples=["2026-12-27"])
    mail_arrives: Annotated[bool, BeforeValidator(bool), schema_type("boolean", "null")] = Field(
        False, description="Mail to domains of this account arrives there already"
    )

    def must_name_people(self) -> None:
        """Raise InvalidBody unless the body has either mailboxes or a run."""
        if bool(self.emails) == (self.run is not None):
            raise InvalidBody("emails", texts.EMAILS_OR_RUN)

    @property
    def options(self) -> LinkOptions:
        """Return the choices for the links."""
        days = DEFAULT_DAYS if self.expires_days is None else self.expires_days
        return LinkOptions(self.language or "", days, self.send_at, self.valid_from, self.mail_arrives)


def link(person: LinkPerson) -> LinkShape:
    """Return one link."""
    return {
        "id": person.id,
        "run": person.run,
        "purpose": person.purpose,
        "email": person.address,
        "recovery_email": person.recipient or None,
        "status": person.status,
        "detail": person.happened,
        "sent_at": iso_time(person.sent_at),
        "opened_at": iso_time(person.opened_at),
        "set_at": iso_time(person.set_at),
        "valid_from": iso_time(person.valid_from),
        "expires_at": iso_time(person.expires_at),
    }


def link_run(view: RunView, now: float, refused: Iterable[RefusedLink]) -> LinkRunShape:
    """Return a run of links."""
    return {**run(view, now), "refused": [_refused(each) for each in refused]}


def _refused(each: RefusedLink) -> Any:
    return {"email": each.address, "code": each.reason, "message": texts.REFUSALS[each.reason]}
