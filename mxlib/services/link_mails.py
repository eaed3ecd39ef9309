"""Mails with links before they are sent: how the first one looks, a test of it, and how long all take."""

from dataclasses import dataclass, field

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import links
from mxlib.core.handover.texts import TextKind
from mxlib.core.links import LinkPurpose
from mxlib.core.mail_contents import LinkMail, MailedLink
from mxlib.core.text import links as texts
from mxlib.core.text import mails as mail_texts
from mxlib.runs.manager import InvalidState
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.link_plans import LinkPlan
from mxlib.services.outbox import OutboxService

#: What stands for a token where no link is made yet.
EXAMPLE = "an-example-of-a-link"


@dataclass(frozen=True, slots=True)
class MailPreview:
    """The first mail of a plan as its reader sees it.

    `people` counts those whose links are in it. `left_out` has the placeholders whose lines are left out as blank.
    """

    sender: str
    to: str
    subject: str
    text: str = field(repr=False)
    people: int = 1
    left_out: tuple[str, ...] = ()


@resolves_callers
class LinkMails:
    """Shows callers what the mails of a plan say, and sends them a test."""

    def __init__(self, maker: LinkMaker, outbox: OutboxService, stationery: HandoverTexts, clock: Clock) -> None:
        self._maker, self._outbox, self._texts, self._clock = maker, outbox, stationery, clock

    def preview(self, caller: Caller, plan: LinkPlan) -> MailPreview | None:
        """Return the first mail of a plan; None when nobody gets a mail."""
        content = self._first(caller, plan)
        if content is None:
            return None
        words = mail_texts.words_of(content)
        to = next(each.recipient for each in plan.people if each.recipient)
        text = "\n\n".join([*words.paragraphs, words.footer])
        # A mail with several links, or about a recovery email, has words of its own.
        has_text = len(content.links) == 1 and content.purpose in (LinkPurpose.INVITE, LinkPurpose.RESET)
        left_out = content.stationery.left_out() if has_text else ()
        return MailPreview(self._outbox.sender, to, words.subject, text, len(content.links), left_out)

    def send_test(self, caller: Caller, plan: LinkPlan, to: str) -> str:
        """Send the first mail of a plan to another address; return what happened.

        Its link opens nothing. Raises InvalidRecipient, MailNotSet, NotDelivered, and InvalidState when nobody gets a
        mail.
        """
        content = self._first(caller, plan)
        if content is None:
            raise InvalidState(texts.NOBODY)
        return self._outbox.send_sample(caller, to, content)

    def _first(self, caller: Caller, plan: LinkPlan) -> LinkMail | None:
        mailed = ((each.recipient, each.language, each) for each in plan.people if each.recipient)
        group = next(iter(links.in_mails(mailed)), [])
        for each in group:
            caller.require(Permission.SUPPORT, each.address.rpartition("@")[2])
        if not group:
            return None
        domain, language, times = group[0].address.rpartition("@")[2], group[0].language, plan.times
        stationery = self._texts.stationery(TextKind.LINK, [domain], language=language)[domain]
        shown = tuple(
            MailedLink(each.name, each.address, self._maker.url(EXAMPLE, plan.options.purpose)) for each in group
        )
        later = times.valid_from if times.valid_from > self._clock.now() else 0.0
        return LinkMail(plan.options.purpose, shown, stationery, times.expires_at, later)
