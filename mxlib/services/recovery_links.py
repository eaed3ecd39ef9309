"""Recovery emails that the owners of mailboxes give: behind a link to the mailbox, confirmed by a mail to them."""

from mxlib.clock import Clock
from mxlib.core import addresses, links
from mxlib.core.handover.stationery import Stationery
from mxlib.core.links import LinkEnd, LinkPurpose, LinkRefusal, PageState, RecoveryProblem
from mxlib.core.mail_contents import LinkMail, MailedLink
from mxlib.core.mails import MailCause
from mxlib.core.vocabulary import CallerKind
from mxlib.mail.message import InvalidRecipient
from mxlib.services.link_maker import LinkMaker
from mxlib.services.outbox import MailNotSet, OutboxService, QueuedMail, Recipient
from mxlib.store import Store, Tx, hold, mailbox_lists, recovery_changes, stored_columns
from mxlib.store import links as kept
from mxlib.store.audit import Actor
from mxlib.store.links import LinkRecord, NewLink

#: Seconds for which a recovery email can be confirmed.
CONFIRM_S = 86_400.0

#: Mails to confirm that one mailbox causes in an hour at most, so that nobody is flooded by them.
MAX_MAILS, _HOUR_S = 3, 3_600.0

#: Links of a mailbox that are looked at for it.
_LAST = 20

_COLUMN = "recovery_email"

_PROBLEMS = {
    LinkRefusal.NO_RECOVERY_EMAIL: RecoveryProblem.INVALID,
    LinkRefusal.OWN_ADDRESS: RecoveryProblem.OWN_ADDRESS,
    LinkRefusal.ON_THIS_ACCOUNT: RecoveryProblem.ON_THIS_ACCOUNT,
}


class RecoveryLinks:
    """Takes and confirms recovery emails for people who have a link."""

    def __init__(self, store: Store, maker: LinkMaker, outbox: OutboxService, clock: Clock) -> None:
        self._store, self._maker, self._outbox, self._clock = store, maker, outbox, clock

    def email(self, token: str) -> str:
        """Return the recovery email that a link confirms; blank for another link."""
        with self._store.read() as tx:
            record = kept.by_token(tx, token)
        return record.recipient if record and record.purpose == LinkPurpose.CONFIRM_RECOVERY else ""

    def give(self, token: str, email: str) -> RecoveryProblem | None:
        """Send a mail by which its reader confirms a recovery email.

        Nothing is stored before that; the link lives on, to correct a typing error.
        """
        email, now = addresses.email(email), self._clock.now()
        if not addresses.is_email(email):
            return RecoveryProblem.INVALID
        with self._store.read() as tx:
            record = self._living(tx, token, LinkPurpose.RECOVERY_EMAIL)
        if record is None:
            return RecoveryProblem.ENDED
        stationery = self._maker.stationery(record)  # it reads the store itself
        try:
            with self._store.write() as tx:
                record = self._living(tx, token, LinkPurpose.RECOVERY_EMAIL)
                if record is None:
                    return RecoveryProblem.ENDED
                if problem := self._against(tx, record, email, now):
                    return problem
                self._mail(tx, record, email, stationery, now)
        except (MailNotSet, InvalidRecipient):
            return RecoveryProblem.NOT_NOW
        return None

    def confirm(self, token: str, *, address: str = "") -> bool:
        """Store the recovery email that a link confirms; return whether the link lived.

        All links of the mailbox end, since one may have gone to another address.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            record = self._living(tx, token, LinkPurpose.CONFIRM_RECOVERY)
            if record is None or hold.current(tx) is not None:
                return False
            recovery_changes.note(tx, record.domain, record.username, record.recipient, now)
            stored_columns.put(tx, _COLUMN, record.domain, record.username, record.recipient, now)
            kept.use(tx, record.id, now)
            if asked := kept.living(tx, record.domain, record.username, LinkPurpose.RECOVERY_EMAIL, now):
                kept.use(tx, asked.id, now)
            kept.end_all(tx, record.domain, record.username, LinkEnd.RECOVERY_EMAIL_CHANGED, now)
            by = Actor(record.address, CallerKind.LINK, address)
            stored_columns.record(tx, by, _COLUMN, record.recipient, at=now, on=record.address)
        return True

    def _living(self, tx: Tx, token: str, purpose: LinkPurpose) -> LinkRecord | None:
        record = kept.by_token(tx, token)
        if record is None or record.purpose != purpose:
            return None
        return record if links.page_state(record.moments, self._clock.now()) is PageState.LIVING else None

    def _against(self, tx: Tx, record: LinkRecord, email: str, now: float) -> RecoveryProblem | None:
        """Return why no mail goes to this recovery email; None for one that gets one."""
        listed = mailbox_lists.domains(tx)
        domains = listed.names if listed else [record.domain]
        if refusal := links.address_refusal(record.address, email, frozenset(domains)):
            return _PROBLEMS[refusal]
        last = kept.of_mailbox(tx, record.domain, record.username, _LAST)
        of_hour = [
            each for each in last if each.purpose == LinkPurpose.CONFIRM_RECOVERY and each.created_at > now - _HOUR_S
        ]
        held = hold.current(tx) is not None
        return RecoveryProblem.NOT_NOW if held or len(of_hour) >= MAX_MAILS else None

    def _mail(self, tx: Tx, record: LinkRecord, email: str, stationery: Stationery, now: float) -> None:
        purpose, until = LinkPurpose.CONFIRM_RECOVERY, now + CONFIRM_S
        new = NewLink(
            purpose,
            record.domain,
            record.username,
            record.name,
            email,
            record.language,
            now,
            now,
            until,
        )
        number = kept.add(tx, new, who=record.address, at=now)
        url = self._maker.url(kept.make_token(tx, self._store.key, number, now), purpose)
        content = LinkMail(purpose, (MailedLink(record.name, record.address, url),), stationery, until)
        mail = QueuedMail(Recipient(email, record.name), content, MailCause.RECOVERY)
        kept.mailed(tx, [number], self._outbox.queue(tx, mail, record.address))
