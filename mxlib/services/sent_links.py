"""Links as callers see them: the people of a run, and what happened to the link of each."""

from dataclasses import dataclass

from mxlib.core.links import LinkEnd, LinkPurpose, LinkStatus
from mxlib.core.text import links as texts


@dataclass(frozen=True, slots=True)
class LinkPerson:
    """One person of a board: their newest link, and what happened to it; times in Unix seconds, None = not (yet)."""

    id: int
    address: str
    name: str
    recipient: str
    status: LinkStatus
    send_at: float
    valid_from: float
    expires_at: float
    sent_at: float | None = None
    opened_at: float | None = None
    set_at: float | None = None
    #: Why its mail was refused or waits, or why the link ended; blank otherwise.
    happened: str = ""
    end: LinkEnd | None = None
    purpose: LinkPurpose = LinkPurpose.INVITE
    run: int | None = None

    @property
    def is_done(self) -> bool:
        """Return whether the person has set their password."""
        return self.status is LinkStatus.SET

    @property
    def can_be_reminded(self) -> bool:
        """Return whether a mail about their living link arrived, so that another one may.

        An address that the server refused is corrected first; *Resend* mails it again.
        """
        return bool(self.recipient) and self.status in {LinkStatus.SENT, LinkStatus.OPENED}


@dataclass(frozen=True, slots=True)
class LinkBoard:
    """The people of a run of links, as far as the caller may see them.

    `hidden` counts the others.
    """

    run: int
    people: tuple[LinkPerson, ...] = ()
    hidden: int = 0

    @property
    def done(self) -> int:
        """Count the people who have set theirs."""
        return sum(each.is_done for each in self.people)

    @property
    def left(self) -> int:
        """Count the people who have not."""
        return len(self.people) - self.done

    @property
    def to_remind(self) -> tuple[LinkPerson, ...]:
        """Return the people whose links can be mailed again."""
        return tuple(each for each in self.people if each.can_be_reminded)

    @property
    def text(self) -> str:
        """Return how far they are."""
        return texts.summary(self.done, self.left)
