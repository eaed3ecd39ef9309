"""Mails of notices to people who chose them: each gets the events that they may see at that moment."""

from collections.abc import Iterator
from dataclasses import replace

from mxlib.auth import roles
from mxlib.auth.permissions import Caller
from mxlib.auth.token_owners import expanded
from mxlib.clock import Clock
from mxlib.core import addresses
from mxlib.core.events.notices import DueNotice
from mxlib.core.events.vocabulary import Severity
from mxlib.core.mail_contents import NoticeMail
from mxlib.core.mails import MailCause
from mxlib.services.notices import mails_of, sees, sees_account
from mxlib.services.outbox import InvalidRecipient, MailNotSet, OutboxService, QueuedMail, Recipient
from mxlib.store import Store, Tx, audit, events, users


def mail_to(address: str, content: NoticeMail) -> QueuedMail:
    """Return the mail to queue with a notice."""
    return QueuedMail(Recipient(address), content, MailCause.NOTICE, f"notice {content.notice.number}")


class NoticeMails:
    """Queues a mail for each person who chose mails of such a notice."""

    def __init__(self, store: Store, outbox: OutboxService, clock: Clock, dashboard: str) -> None:
        self._store, self._outbox, self._clock, self._dashboard = store, outbox, clock, dashboard

    def queue(self, tx: Tx, notice: DueNotice) -> None:
        """Queue the mails of a notice in its transaction; none without a mail server."""
        chosen = events.preferences(tx)
        for caller, least in self._people(tx):
            account = sees_account(tx, caller)
            seen = tuple(
                each
                for each in notice.events
                if chosen.severity(each.event).is_at_least(least)
                and sees(tx, caller, each.domain, each.event.rule, each.event.subject, account=account)
            )
            if not seen:
                continue
            content = NoticeMail(replace(notice, events=seen), self._dashboard)
            try:
                self._outbox.queue(tx, mail_to(caller.name, content), audit.MXM.name)
            except (InvalidRecipient, MailNotSet):
                continue

    def _people(self, tx: Tx) -> Iterator[tuple[Caller, Severity]]:
        """Yield each person who gets mails, by today's rights, and their least severity."""
        for user in users.list_users(tx):
            least = mails_of(tx, user.name) if user.disabled_at is None else None
            if least is not None and addresses.is_email(addresses.email(user.name)):
                external = not user.admin and roles.is_external(user.permissions, user.client_admin)
                yield Caller(user.name, user.admin, expanded(tx, user.permissions), external=external), least
