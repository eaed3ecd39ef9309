"""Makes the links that are due in the background, and queues their mails.

One transaction for each mail, so that a crash leaves each person with exactly one living link.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mxlib.clock import Clock
from mxlib.core import links
from mxlib.core.handover.stationery import Stationery
from mxlib.core.handover.texts import TextKind
from mxlib.core.links import LinkPurpose
from mxlib.core.mail_contents import LinkMail, MailedLink
from mxlib.core.mails import MailCause
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.link_facts import LinkFacts
from mxlib.services.outbox import MailNotSet, OutboxService, QueuedMail, Recipient
from mxlib.settings import Settings
from mxlib.store import Store, Tx, clock_guard, hold
from mxlib.store import links as kept
from mxlib.store.links import LinkRecord
from mxlib.store.outbox import MailRecord

#: Links that one run of the background task reads, in one query: to look for each mail's own would take quadratic time.
_A_ROUND = 5_000

#: Seconds after which links are tried again that cannot be mailed: no mail server is set.
_LATER_S = 600.0

#: The port of the dashboard unless its server says otherwise.
USUAL_PORT = 8501

#: The texts that the mail and the page of a link are made of; those of an invitation for every other purpose.
KINDS = {LinkPurpose.INVITE: TextKind.LINK, LinkPurpose.RESET: TextKind.RESET}

#: The causes of mails with links that set a password; the others are about recovery emails.
CAUSES = {LinkPurpose.INVITE: MailCause.LINK, LinkPurpose.RESET: MailCause.RESET}


@dataclass(frozen=True, slots=True)
class LinkRound:
    """The figures of one run of the background task.

    `next_at` is when the next link is due.
    """

    made: int = 0
    mails: int = 0
    ended: int = 0
    next_at: float | None = None


class LinkMaker:
    """Makes links and queues their mails: those that are due by itself, others when callers ask for one."""

    def __init__(
        self, settings: Settings, store: Store, facts: LinkFacts, outbox: OutboxService, stationery: HandoverTexts,
        clock: Clock, port: int = USUAL_PORT,
    ) -> None:  # fmt: skip
        self._settings, self._store, self._facts, self._clock = settings, store, facts, clock
        self._here = f"http://127.0.0.1:{port}"
        self._outbox, self._texts = outbox, stationery

    def work(self, may_go_on: Callable[[], bool] = lambda: True) -> LinkRound:
        """Make the links that are due and queue their mails.

        End those that are over their time.

        Nothing happens after a restore before an admin continues. May be called from several processes at once.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            held, expired = hold.current(tx) is not None, kept.has_expired(tx, now)
        if held:
            return LinkRound(next_at=now + _LATER_S)
        ended = self._expire(now) if expired else 0
        made = mails = 0
        with self._store.read() as tx:
            due = kept.due(tx, now, _A_ROUND)
        for group in links.in_mails((each.recipient, f"{each.language} {each.purpose}", each) for each in due):
            if not may_go_on():
                break
            try:
                done, has_mail = self._make(group)
            except MailNotSet:
                return LinkRound(made, mails, ended, now + _LATER_S)
            made, mails = made + done, mails + has_mail
        with self._store.read() as tx:
            next_at = kept.next_due(tx)
        return LinkRound(made, mails, ended, next_at)

    def _expire(self, now: float) -> int:
        with self._store.write() as tx:
            return kept.expire(tx, now) if clock_guard.may_forget(tx, now) else 0

    def _make(self, due: Sequence[LinkRecord]) -> tuple[int, bool]:
        """Make the links of one mail and queue it, in one transaction.

        Each is looked at again. Returns how many were made, and whether there is a mail.
        """
        stationery = self.stationery(due[0])
        with self._store.write() as tx:
            now = self._clock.now()
            group = [each for each in due if self.is_still_due(tx, each, now)]
            tokens = {each.id: kept.make_token(tx, self._store.key, each.id, now) for each in group}
            if not group or not group[0].recipient:
                return len(tokens), False
            self.mail(tx, group, tokens, stationery, group[0].who)
            return len(tokens), True

    def is_still_due(self, tx: Tx, link: LinkRecord, now: float) -> bool:
        """Return whether a planned link may be made; one that may not ends."""
        record = kept.get(tx, link.id)
        if record is None or record.ended_at is not None or record.token_digest is not None:
            return False
        if (code := self._facts.reason_to_end(tx, record)) is None:
            return True
        kept.end(tx, record.id, code, now)
        return False

    def mail(
        self, tx: Tx, group: Sequence[LinkRecord], tokens: Mapping[int, str], stationery: Stationery, who: str, *,
        is_reminder: bool = False,
    ) -> None:  # fmt: skip
        """Queue one mail with these links."""
        first, now = group[0], self._clock.now()
        purpose = LinkPurpose(first.purpose)
        mailed = tuple(MailedLink(each.name, each.address, self.url(tokens[each.id], purpose)) for each in group)
        later = first.valid_from if first.valid_from > now else 0.0
        content = LinkMail(
            purpose, mailed, stationery, min(each.expires_at for each in group), later, is_reminder=is_reminder
        )
        name = first.name if len(group) == 1 else ""
        cause = CAUSES.get(purpose, MailCause.RECOVERY)
        reference = "" if first.run is None else str(first.run)
        mail = self._outbox.queue(tx, QueuedMail(Recipient(first.recipient, name), content, cause, reference), who)
        kept.mailed(tx, [each.id for each in group], mail)

    def stationery(self, record: LinkRecord) -> Stationery:
        """Return what the mail and the page of a link are written on.

        It reads the store itself.
        """
        kind = KINDS.get(LinkPurpose(record.purpose), TextKind.LINK)
        return self._texts.stationery(kind, [record.domain], language=record.language)[record.domain]

    def url(self, token: str, purpose: LinkPurpose = LinkPurpose.INVITE) -> str:
        """Return the address of the page behind a token: by the settings, else on this machine, never by a request."""
        page = "password" if purpose.sets_password else "recovery"
        return f"{(self._public_address or self._here).rstrip('/')}/{page}/{quote(token)}"

    @property
    def _public_address(self) -> str:
        return self._settings.portal_url or self._settings.public_url

    @property
    def open_elsewhere(self) -> bool:
        """Return whether links open on other computers than this one."""
        return bool(self._public_address)

    def mail_changed(self, tx: Tx, record: MailRecord) -> None:
        """Record what happened to a mail with links, in the transaction of the outbox."""
        kept.mail_changed(tx, record)
