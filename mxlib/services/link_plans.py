"""Plans of links: who gets one, and who does not."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core import links
from mxlib.core.links import LinkOptions, LinkRefusal, Times


@dataclass(frozen=True, slots=True)
class PlannedLink:
    """A person who gets a link: the mailbox, where the mail goes, and in which language.

    `replaces`: a living link of theirs ends. A blank `recipient` stands for a link without a mail.
    """

    address: str
    name: str
    recipient: str
    language: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class RefusedLink:
    """A mailbox that gets no link, and why."""

    address: str
    reason: LinkRefusal
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """The people who get a link, and those who do not."""

    options: LinkOptions
    times: Times
    people: tuple[PlannedLink, ...] = ()
    refused: tuple[RefusedLink, ...] = ()
    #: The run whose people they are.
    source: int | None = None

    @property
    def mails(self) -> int:
        """Count the mails: people with one address get one."""
        mailed = ((each.recipient, each.language, each) for each in self.people if each.recipient)
        return len(links.in_mails(mailed))

    @property
    def by_address(self) -> Mapping[str, tuple[PlannedLink, ...]]:
        """Return the people by the address to which their links go.

        Blank for those without a mail.
        """
        found: dict[str, list[PlannedLink]] = {}
        for each in self.people:
            found.setdefault(each.recipient, []).append(each)
        return {to: tuple(people) for to, people in found.items()}
