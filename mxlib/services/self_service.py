"""Self-service reset: where it is on, requests of strangers, and the links that the background mails for them.

A request does the same whatever it asks for: it stores one sealed request. Everything is looked up later, by the
background task, so that neither time nor answer shows what exists.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.auth.trusted_proxies import household
from mxlib.clock import Clock
from mxlib.core import addresses
from mxlib.core.background_tasks import TaskName
from mxlib.core.handover.stationery import Stationery
from mxlib.core.handover.texts import TextKind
from mxlib.core.links import LinkEnd, LinkOptions, LinkPurpose, LinkRefusal, MailboxFacts, refusal
from mxlib.core.mail_contents import LinkMail, MailContent, MailedLink, RecoveryEmailChanged, ResetAsked
from mxlib.core.mails import MailCause, MailStatus
from mxlib.core.self_service import (
    HOUR_S,
    KEPT_S,
    MAILED,
    MAX_WAITING,
    PATIENCE_S,
    RECENT_S,
    Answer,
    ResetOutcome,
    code_of,
    may_mail,
    padded,
    unpadded,
)
from mxlib.core.text import self_service as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.mailbox_lists import LIST_MAX_AGE_S, MailboxLists
from mxlib.services.outbox import OutboxService, QueuedMail, Recipient
from mxlib.settings import Settings
from mxlib.store import (
    Store,
    Tx,
    audit,
    background_tasks,
    clients,
    clock_guard,
    hold,
    links,
    mailbox_locks,
    outbox,
    recovery_changes,
    reset_answers,
    reset_requests,
    self_service,
    stored_columns,
)
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.links import LinkRecord, NewLink
from mxlib.store.recovery_changes import RecoveryChange
from mxlib.store.reset_answers import ResetAnswer
from mxlib.store.reset_requests import WaitingRequest

log = logging.getLogger(__name__)

#: Notices that one step queues; of requests it answers all, which are few.
_AT_ONCE = 50

#: Seconds after which a request that waits for a list is looked at again.
_AGAIN_S = 60.0

#: Outcomes of requests that a page lists.
LISTED = 10

#: The name under which the outbox and links record who caused them.
_BY = "self-service"


@dataclass(frozen=True, slots=True)
class AskedReset:
    """The outcome of a request for a mailbox, as a sentence.

    `code` is that of its mail, for people who may support the mailbox; blank without a mail.
    """

    at: float
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Worked:
    """The figures of one step.

    `next_at` is when the next may find something; None while nothing waits.
    """

    requests: int = 0
    mails: int = 0
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A mailbox that a request is for, with what was read before the transaction."""

    domain: str
    username: str
    domains: frozenset[str]
    stationery: Stationery

    @property
    def address(self) -> str:
        return f"{self.username}@{self.domain}"


class _NoList(Exception):
    """No list shows whether the mailbox exists."""


@resolves_callers
class SelfService:
    """Takes requests for resets, answers them in the background, and knows where that is on."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, lists: MailboxLists, outbox_: OutboxService,
        stationery: HandoverTexts, maker: LinkMaker,
    ) -> None:  # fmt: skip
        self._settings, self._store, self._clock, self._lists = settings, store, clock, lists
        self._outbox, self._texts, self._maker = outbox_, stationery, maker

    # For strangers.

    def request(self, address: str, network: str) -> None:
        """Store a request to reset the password of a mailbox.

        The same happens whatever is asked for, also over a limit: nothing shows whether the mailbox exists.
        """
        content, key = padded(address), self._store.key
        mark, network_mark = key.mark(unpadded(content).lower()), key.mark(household(network))
        sealed = key.seal(content, reset_requests.PLACE)
        now = self._clock.now()
        with self._store.write() as tx:
            reset_requests.add(tx, now, mark, network_mark, sealed)
            background_tasks.request(tx, TaskName.RESETS, now)

    def is_offered(self) -> bool:
        """Return whether it is on in any domain, and mails leave."""
        if not self._outbox.is_set:
            return False
        with self._store.read() as tx:
            return bool(self_service.domains(tx))

    # For the background.

    def work(self, may_go_on: Callable[[], bool] = lambda: True) -> Worked:
        """Answer the requests that wait, and queue notices; return what was done.

        Nothing is done while a restore waits for an admin.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            held, changes = hold.current(tx) is not None, recovery_changes.due(tx, _AT_ONCE)
            requests = reset_requests.waiting(tx, MAX_WAITING)
        if held:
            return Worked(next_at=now + _AGAIN_S if requests or changes else None)
        answered = mails = waits = 0
        for request in requests:
            if not may_go_on():
                break
            try:
                mails += self._answer(request)
                answered += 1
            except _NoList:  # others need not wait for it
                waits += 1
        for change in changes:
            if not may_go_on():
                break
            mails += self._send_notice(change)
        self._tidy(now)
        next_at = self._clock.now() if len(changes) == _AT_ONCE else now + _AGAIN_S if waits else None
        return Worked(answered, mails, next_at)

    def _answer(self, request: WaitingRequest) -> int:
        """Answer a request; return how many mails were queued.

        Raises _NoList while nobody knows whether the mailbox exists.
        """
        place = self._find(request)
        with self._store.write() as tx:
            if not reset_requests.end(tx, request.id) or place is None:
                return 0
            return self._mail(tx, place, self._clock.now())

    def _find(self, request: WaitingRequest) -> _Place | None:
        """Return the mailbox that a request is for; None where it does not exist."""
        try:
            address = addresses.email(unpadded(self._store.key.open(request.sealed, reset_requests.PLACE)))
        except DecryptionFailed:
            return None
        username, _, domain = address.partition("@")
        if not addresses.is_email(address):
            return None
        domains = self._lists.names()
        if domains is None:
            self._wait(request)
            return None
        if domain not in domains:
            return None
        with self._store.read() as tx:
            is_on = self_service.is_on(tx, domain)
        found = self._usernames(domain, username, reads=is_on)
        if found is None:
            self._wait(request)
        if found is None or username not in found:
            return None
        return _Place(domain, username, domains, self._texts.stationery(TextKind.RESET, [domain])[domain])

    def _wait(self, request: WaitingRequest) -> None:
        """Let a request wait for a list, unless it has waited long."""
        if 0 <= self._clock.now() - request.at < PATIENCE_S:
            raise _NoList

    def _usernames(self, domain: str, username: str, *, reads: bool) -> frozenset[str] | None:
        """Return the usernames of a domain; None without any list.

        Strangers choose the address, so a list is read at most every few minutes, and only where reset is on.
        """
        newest = self._lists.usernames(domain, newer_than=self._clock.now() - LIST_MAX_AGE_S) if reads else None
        if newest is not None:
            return newest
        kept = self._lists.cached_usernames([domain]).get(domain)
        if kept is not None and (username in kept[1] or not reads):
            return kept[1]
        return None if reads else frozenset()

    def _mail(self, tx: Tx, place: _Place, now: float) -> int:
        """Queue the mail with a link, and record the outcome; return how many."""
        stored = stored_columns.of_mailbox(tx, place.domain, place.username)
        to = addresses.email(stored["recovery_email"])
        against = self._against(tx, place, to)
        living = self._living(tx, place, to, now)
        outcome: Answer
        if against is not None:
            outcome = against
        elif not may_mail(
            reset_answers.mailed_since(tx, place.domain, place.username, now - HOUR_S), now, is_new=living is None,
            minutes=self._settings.reset_minutes,
        ):  # fmt: skip
            outcome = ResetOutcome.MAILED_ENOUGH
        else:
            outcome = ResetOutcome.MAILED if living is None else ResetOutcome.MAILED_AGAIN
        if outcome not in MAILED:
            reset_answers.add(tx, place.domain, place.username, outcome, now)
            return 0
        return self._send(tx, place, stored["name"], to, living, now)

    def _living(self, tx: Tx, place: _Place, to: str, now: float) -> tuple[LinkRecord, str] | None:
        """Return the living link of a mailbox with its token.

        None where a new one replaces it.
        """
        record = links.living(tx, place.domain, place.username, LinkPurpose.RESET, now)
        if record is None or record.recipient.lower() != to.lower():
            return None
        try:
            token = links.token(self._store.key, record)
        except DecryptionFailed:
            return None
        return (record, token) if token else None

    def _against(self, tx: Tx, place: _Place, to: str) -> Answer | None:
        """Return why a mailbox gets no link; None when it gets one."""
        if not self_service.is_on(tx, place.domain):
            return LinkRefusal.RESET_OFF
        locked = mailbox_locks.holds(tx, place.domain, place.username)
        facts = MailboxFacts(place.address, to, exists=True, is_locked=locked)
        options, panel = LinkOptions(purpose=LinkPurpose.RESET), self._settings.user
        against = refusal(facts, options, panel_user=panel, domains=place.domains)
        if against is not None:
            return against
        if not addresses.is_email(to):
            return ResetOutcome.NO_ADDRESS
        return None if self._outbox.is_set else ResetOutcome.NO_MAIL_SERVER

    def _send(
        self, tx: Tx, place: _Place, name: str, to: str, living: tuple[LinkRecord, str] | None, now: float
    ) -> int:
        """Queue the mail with a new link, or with the living one; return how many."""
        if living is None:
            until = now + self._settings.reset_minutes * 60.0
            new = NewLink(
                LinkPurpose.RESET, place.domain, place.username, name, to, place.stationery.language, send_at=now,
                valid_from=now, expires_at=until,
            )  # fmt: skip
            number = links.add(tx, new, who=_BY, at=now)
            token = links.make_token(tx, self._store.key, number, now)
            outcome = ResetOutcome.MAILED
        else:
            record, token = living
            number, until, outcome = record.id, record.expires_at, ResetOutcome.MAILED_AGAIN
        former = recovery_changes.recent(tx, place.domain, place.username, now)
        row = reset_answers.add(tx, place.domain, place.username, outcome, now, link=number)
        content = LinkMail(
            LinkPurpose.RESET, (MailedLink(name, place.address, self._maker.url(token)),), place.stationery, until,
            code=self._code(row), is_new_address=bool(former),
        )  # fmt: skip
        mail = self._queue(tx, to, name, content, str(row))
        reset_answers.set_mail(tx, row, mail)
        links.mailed(tx, [number], mail)
        if outcome is ResetOutcome.MAILED:
            action, who = AuditAction.LINK_RESET, audit.Actor(_BY, audit.MXM.kind)
            audit.record(tx, who, action, at=now, on=place.address)
            for each in former:
                self._queue(tx, each, "", ResetAsked(place.address, place.stationery), str(row))
        return 1

    def _queue(self, tx: Tx, to: str, name: str, content: MailContent, reference: str) -> int:
        return self._outbox.queue(tx, QueuedMail(Recipient(to, name), content, MailCause.RESET, reference), _BY)

    def _code(self, row: int) -> str:
        return code_of(self._store.key.mail_code(row))

    def _send_notice(self, change: RecoveryChange) -> int:
        """Queue the notice to a former recovery email; return how many mails that are."""
        stationery = self._texts.stationery(TextKind.RESET, [change.domain])[change.domain]
        to, content = addresses.email(change.email), RecoveryEmailChanged(change.address, stationery)
        with self._store.write() as tx:
            if not recovery_changes.end(tx, change.id):
                return 0
            if not addresses.is_email(to) or not self._outbox.is_set:
                return 0
            mail = QueuedMail(Recipient(to), content, MailCause.RECOVERY_CHANGED, str(change.id))
            self._outbox.queue(tx, mail, _BY)
        return 1

    def _tidy(self, now: float) -> None:
        """Forget outcomes and changes that were kept long enough."""
        with self._store.read() as tx:
            old = reset_answers.has_older(tx, now - KEPT_S) or recovery_changes.has_older(tx, now - RECENT_S)
        if not old:
            return
        with self._store.write() as tx:
            if clock_guard.may_forget(tx, now):
                reset_answers.forget(tx, now - KEPT_S)
                recovery_changes.forget(tx, now - RECENT_S)

    # For people who support mailboxes.

    def asked(self, caller: Caller, domain: str, username: str) -> tuple[AskedReset, ...]:
        """Return the outcomes of the last requests; asks for `view` of the domain."""
        caller.require(Permission.VIEW, domain)
        reads_codes, now = caller.may(Permission.SUPPORT, domain), self._clock.now()
        with self._store.read() as tx:
            answers = reset_answers.of_mailbox(tx, domain, username, LISTED)
            mails = {each.id: outbox.get(tx, each.mail) for each in answers if each.mail is not None}

        def shown(answer: ResetAnswer) -> AskedReset:
            mail = mails.get(answer.id)
            status = MailStatus(mail.status) if mail else None
            text = texts.asked(answer.last_at, answer.times, answer.outcome, status, mail.words if mail else "", now)
            code = self._code(answer.id) if reads_codes and answer.outcome in MAILED else ""
            return AskedReset(answer.last_at, text, code)

        return tuple(map(shown, answers))

    # For admins.

    def domains(self, caller: Caller) -> frozenset[str]:
        """Return the domains without a client where it is on."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            everywhere = self_service.domains(tx)
            return everywhere - self_service.with_client(tx, everywhere)

    def is_on(self, caller: Caller, domain: str) -> bool:
        """Return whether it is on in a domain that the caller may view."""
        caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            return self_service.is_on(tx, domain)

    def switch(self, caller: Caller, domain: str, *, on: bool) -> None:
        """Turn it on or off in a domain without a client.

        Off ends the links that were sent.

        Raises NotFound for what is no domain of the account, InvalidState for a domain of a client.
        """
        _must_be_an_admin(caller)
        domain = addresses.domain(domain)
        now, names = self._clock.now(), self._lists.names()
        with self._store.write() as tx:
            if (owner := clients.of_domain(tx, domain)) is not None:
                raise InvalidState(texts.has_client(domain, owner.details.name))
            if on == self_service.is_on(tx, domain):
                return
            if on and (names is None or domain not in names):
                raise NotFound(f"{domain} is not on this MXroute account.")
            if on:
                self_service.put(tx, domain, at=now, who=caller.name)
            else:
                self_service.drop(tx, domain)
                links.end_in(tx, [domain], LinkPurpose.RESET, LinkEnd.RESET_OFF, now)
            action = AuditAction.SELF_SERVICE_ON if on else AuditAction.SELF_SERVICE_OFF
            audit.record(tx, caller, action, at=now, on=domain)


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(texts.ONLY_ADMINS)
