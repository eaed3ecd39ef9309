"""Links by which people set the password of their own mailbox: planned, sent, followed and used.

A run of links is stored with the people it is for. A background task makes the links that are due and queues their
mails, one transaction for each mail, so that a crash leaves each person with exactly one living link.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.new_passwords import NewPasswords
from mxlib.auth.password_queue import QueueFull
from mxlib.auth.passwords import agency_words
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core import addresses, links
from mxlib.core.background_tasks import TaskName
from mxlib.core.clients import LANGUAGES
from mxlib.core.handover.stationery import Stationery
from mxlib.core.handover.texts import TextKind
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import (
    LinkEnd,
    LinkOptions,
    LinkPurpose,
    LinkRefusal,
    LinkStatus,
    MailboxFacts,
    OpenedLink,
    PageState,
    SetResult,
)
from mxlib.core.mail_contents import LinkMail, MailedLink, PasswordChanged
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.mails import MailCause, MailProblem
from mxlib.core.password_rules import PasswordProblem, words_of
from mxlib.core.text import links as texts
from mxlib.core.text import mails as mail_texts
from mxlib.core.vocabulary import DONE, Action, AuditAction, CallerKind, RunKind
from mxlib.mail.message import InvalidRecipient
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import MXrouteError, RateLimited, RateLimitWait, RequestRefused, Unauthorized
from mxlib.runs.manager import InvalidState, NotOwner
from mxlib.services.confirmed_writes import ConfirmedWrites, OutcomeUnknown
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.link_plans import LinkPlan, PlannedLink, RefusedLink
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.manual_writes import MailboxLocked, ManualWrites, WriteRequest
from mxlib.services.outbox import MailNotSet, OutboxService, QueuedMail, Recipient
from mxlib.services.runs import RunService
from mxlib.services.sent_links import LinkBoard, LinkPerson
from mxlib.settings import Settings
from mxlib.store import (
    Store,
    StoreUnavailable,
    Tx,
    audit,
    background_tasks,
    clock_guard,
    hold,
    journal,
    mailbox_lists,
    mailbox_locks,
    stored_columns,
)
from mxlib.store import links as kept
from mxlib.store.audit import Actor
from mxlib.store.links import LinkRecord, NewLink
from mxlib.store.outbox import MailRecord

log = logging.getLogger(__name__)

#: Mails that one run of the background task queues at most, so that it ends soon.
_A_ROUND = 200

#: Links that one answer lists.
LISTED = 500

#: Seconds after which links are tried again that cannot be mailed: no mail server is set.
_LATER_S = 600.0

#: Seconds that a person waits to try again, where nothing says how many.
_SOON_S = 60.0

#: The address of this server where neither a portal nor a public address is set.
_LOOPBACK = "http://127.0.0.1:8501"

_DEFAULT = LinkOptions()

_KINDS = {LinkPurpose.INVITE: TextKind.LINK, LinkPurpose.RESET: TextKind.RESET}


class _Ended(Forbidden):
    """The link ended while its owner set the password; nothing was sent."""


class _Gone(Exception):
    """MXroute has no such mailbox; nothing was set."""


class _Busy(Exception):
    """A password of the mailbox is being set.

    `after` is when that has an outcome, in seconds.
    """

    def __init__(self, after: float) -> None:
        super().__init__("A password is being set.")
        self.after = after


@dataclass(frozen=True, slots=True)
class LinkRound:
    """The figures of one run of the background task.

    `next_at` is when the next link is due.
    """

    made: int = 0
    mails: int = 0
    ended: int = 0
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Domain:
    """The facts that decide about the mailboxes of one domain, as MXM knows them."""

    recovery: Mapping[str, str]
    names: Mapping[str, str]
    locked: frozenset[str]
    usernames: frozenset[str] | None
    language: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """People for whom links are asked, and how."""

    addresses: tuple[str, ...]
    options: LinkOptions
    source: int | None
    languages: Mapping[str, str] = field(default_factory=dict)


@resolves_callers
class LinkService:
    """Plans, sends, shows and ends links for callers.

    Opens and uses them for the people who have one.
    """

    def __init__(
        self, settings: Settings, store: Store, host: MXrouteClient, manual: ManualWrites, outbox: OutboxService,
        stationery: HandoverTexts, runs: RunService, lists: MailboxLists, claims: IdempotencyKeys, clock: Clock,
    ) -> None:  # fmt: skip
        self._settings, self._store, self._clock = settings, store, clock
        self._manual, self._outbox, self._texts, self._runs, self._lists = manual, outbox, stationery, runs, lists
        self._passwords, self._claims = NewPasswords(), claims
        self._writes = ConfirmedWrites(host, clock, settings.timeout_s, manual.must_own)

    # For the people who have a link.

    def open(self, token: str, *, opened: bool) -> OpenedLink:
        """Return what the page behind a link shows.

        `opened` notes that a person looked at it. It spends nothing.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            record = kept.by_token(tx, token)
        if record is None:
            return OpenedLink(PageState.UNKNOWN)
        state = links.page_state(record.moments, now)
        if opened and record.opened_at is None and record.is_living(now):
            with suppress(StoreUnavailable), self._store.write() as tx:
                kept.opened(tx, record.id, now)
        stationery = self._stationery(record)
        return OpenedLink(
            state, LinkPurpose(record.purpose), record.address, record.name, record.language, record.valid_from,
            record.expires_at, stationery.letterhead.help_address, stationery.letterhead.agency, stationery.server,
        )  # fmt: skip

    def set_password(self, token: str, password: str, again: str, *, address: str = "", network: str = "") -> SetResult:
        """Set the password of a mailbox, which ends its link once MXroute has accepted it.

        `address` is where the request came from, and `network` its network. Nothing that goes wrong ends the link.
        """
        with self._store.read() as tx:
            record, held = kept.by_token(tx, token), hold.current(tx) is not None
        if record is None:
            return SetResult(done=False, state=PageState.UNKNOWN)
        state = links.page_state(record.moments, self._clock.now())
        if state is not PageState.LIVING or not LinkPurpose(record.purpose).sets_password:
            return SetResult(done=False, state=state)
        agency = self._stationery(record).letterhead.agency
        words = words_of(record.address, record.name, agency, *agency_words(self._settings))
        try:
            problems = self._passwords.check(password, again, words, network)
        except QueueFull as full:
            return _not_now(full.seconds)
        if problems:
            return SetResult(done=False, problems=problems)
        if held:
            return _not_now(_LATER_S)
        try:
            self._send(record, password, address)
        except _Ended:
            return self._ended(record)
        except _Busy as busy:
            return _not_now(busy.after)
        except OutcomeUnknown as unknown:
            return SetResult(done=False, problems=(PasswordProblem.NOT_ANSWERED,), retry_after=unknown.after)
        except MailboxLocked as locked:
            return _not_now(locked.after or _SOON_S)
        except RateLimitWait as wait:
            return _not_now(wait.retry_after)
        except RateLimited as limited:
            return _not_now(limited.retry_after or _SOON_S)
        except (NotOwner, StoreUnavailable, Unauthorized):
            return SetResult(done=False, problems=(PasswordProblem.HOST_DOWN,), retry_after=_SOON_S)
        except (RequestRefused, _Gone):
            return SetResult(done=False, problems=(PasswordProblem.REFUSED,))
        except MXrouteError:
            return SetResult(done=False, problems=(PasswordProblem.HOST_DOWN,), retry_after=_SOON_S)
        return SetResult(done=True, state=PageState.SPENT)

    def _send(self, record: LinkRecord, password: str, address: str) -> None:
        """Send a password; end the link in the transaction that records it."""
        actor = Actor(record.address, CallerKind.LINK, address)
        asked = WriteRequest(
            Action.UPDATE, record.domain, record.username, password, change=MailboxChange(password=True)
        )

        def must_fit(tx: Tx) -> None:
            self._must_live(tx, record.id)
            if after := mailbox_locks.may_still_set_password(tx, record.domain, record.username, self._clock.now()):
                raise _Busy(after)

        def still() -> None:
            with self._store.read() as tx:
                self._must_live(tx, record.id)

        with self._manual.sending(actor, asked, must_fit) as write:
            if not self._writes.update(record.domain, record.username, {"password": password}, still):
                write.drop()
                raise _Gone
        write.done(also=lambda tx: self._used(tx, record))

    def _must_live(self, tx: Tx, number: int) -> None:
        record = kept.get(tx, number)
        if record is None or links.page_state(record.moments, self._clock.now()) is not PageState.LIVING:
            raise _Ended

    def _used(self, tx: Tx, record: LinkRecord) -> None:
        """End a link since its owner used it, and tell the recovery email."""
        now = self._clock.now()
        kept.use(tx, record.id, now)
        to = stored_columns.of_mailbox(tx, record.domain, record.username)["recovery_email"]
        if not to:
            return
        content = PasswordChanged(record.name, record.address, self._stationery(record), now)
        with suppress(MailNotSet, InvalidRecipient):  # the password is set nevertheless
            mail = QueuedMail(Recipient(to, record.name), content, MailCause.PASSWORD_CHANGED)
            self._outbox.queue(tx, mail, record.address)

    def _ended(self, record: LinkRecord) -> SetResult:
        """Return the result for a link that ended meanwhile."""
        with self._store.read() as tx:
            now = kept.get(tx, record.id)
        state = PageState.UNKNOWN if now is None else links.page_state(now.moments, self._clock.now())
        return SetResult(done=False, problems=(PasswordProblem.ENDED,), state=state)

    # Planning and starting.

    def plan(
        self, caller: Caller, *, emails: Collection[str] = (), run: int | None = None,
        options: LinkOptions = _DEFAULT,
    ) -> LinkPlan:  # fmt: skip
        """Return who of these mailboxes, or of the people of a run, gets a link.

        `run` is an import, or a run of links: then those who have not set theirs. Raises InvalidBody for options that
        cannot be, and NotFound for another run.
        """
        asked = self._asked(caller, emails, run, options)
        with self._store.read() as tx:
            return self._plan(tx, caller, asked)

    def start(self, caller: Caller, plan: LinkPlan, *, key: str = "") -> int:
        """Start a run of links for the people of a plan; return its number.

        The same key of the same caller gives the run of the first time. Raises InvalidState when nobody gets a link, or
        when the people are not those of the plan any more; MailNotSet without a mail server.
        """
        if any(each.recipient for each in plan.people) and not self._outbox.is_set:
            raise MailNotSet
        asked = self._asked(caller, [each.address for each in plan.people], None, plan.options)
        asked = replace(asked, source=plan.source)
        now = self._clock.now()
        with self._store.write() as tx:
            if key and (before := journal.find_run(tx, operator=caller.name, idempotency_key=key, plan_digest="")):
                return before
            fresh = self._plan(tx, caller, asked)
            if not fresh.people and not plan.people:
                raise InvalidState(texts.NOBODY)
            if _places(fresh.people) != _places(plan.people):
                raise InvalidState(texts.CHANGED)
            run = journal.add_link_run(
                tx, operator=caller.name, domains=sorted({_domain(each.address) for each in fresh.people}),
                total=len(fresh.people), at=now, idempotency_key=key or None,
            )  # fmt: skip
            new = [self._new(each, fresh, run) for each in fresh.people]
            kept.add_all(tx, new, who=caller.name, at=now)
            outcome, detail = texts.sent(len(fresh.people), fresh.mails), {"people": len(fresh.people)}
            audit.record(tx, caller, AuditAction.LINK_SEND, at=now, run=run, outcome=outcome, detail=detail)
            background_tasks.request(tx, TaskName.LINKS, now)
        return run

    def send(
        self, caller: Caller, *, emails: Collection[str] = (), run: int | None = None,
        options: LinkOptions = _DEFAULT, key: str = "", request: bytes = b"",
    ) -> tuple[int, tuple[RefusedLink, ...]]:  # fmt: skip
        """Plan and start a run of links; return its number, and who gets none.

        The same `key` with the same `request` gives the run of the first time; with another one it raises KeyReused.
        Raises Forbidden where the caller may support none of the mailboxes.
        """
        before = self._claims.run(caller, key, request)
        plan = self.plan(caller, emails=emails, run=run, options=options)
        if before is not None:
            return before, plan.refused
        if not plan.people and {each.reason for each in plan.refused} == {LinkRefusal.NOT_ALLOWED}:
            caller.require(Permission.SUPPORT, _domain(plan.refused[0].address))
        number = self._claims.start(caller, key, request, lambda: self.start(caller, plan, key=key))
        return number, plan.refused

    def _asked(self, caller: Caller, emails: Collection[str], run: int | None, options: LinkOptions) -> _Asked:
        """Return the people who are asked for, after checking the options."""
        _must_be_possible(options, self._clock.now())
        source = None
        if run is not None:
            source, emails = run, self._people_of(caller, run)
        found = tuple(dict.fromkeys(addresses.email(each) for each in emails))
        domains = {_domain(each) for each in found}
        kind = _KINDS.get(options.purpose, TextKind.LINK)
        languages = {
            name: each.language
            for name, each in self._texts.stationery(kind, domains, language=options.language).items()
        }
        return _Asked(found, options, source, languages)

    def _people_of(self, caller: Caller, run: int) -> list[str]:
        """Return the mailboxes to which a run gave passwords, or whose links wait.

        Those who have set theirs with a link of that run are left out.
        """
        view = self._runs.get(caller, run)
        if view is None:
            raise NotFound(texts.NO_RUN)
        with self._store.read() as tx:
            if view.kind is RunKind.LINKS:
                return [each.address for each in _newest(kept.of_run(tx, run)) if each.set_at is None]
            if view.kind not in {RunKind.IMPORT, RunKind.CHANGE}:
                raise NotFound(texts.NO_RUN)
            rows = journal.rows(tx, run, outcomes=sorted(DONE))
            done = {each.address for each in _newest(kept.of_run(tx, run)) if each.set_at is not None}
        found = [
            row.address for row in rows
            if row.action == Action.CREATE or (row.action == Action.UPDATE and row.sealed_password is not None)
        ]  # fmt: skip
        return [each for each in found if each not in done]

    def _plan(self, tx: Tx, caller: Caller, asked: _Asked) -> LinkPlan:
        now, options = self._clock.now(), asked.options
        allowed = {name for name in asked.languages if caller.may(Permission.SUPPORT, name)}
        domains = self._account_domains(tx, asked.languages)
        known = {name: self._domain_facts(tx, name) for name in allowed}
        living = kept.living_addresses(tx, allowed, options.purpose, now)
        people, refused = [], []
        for address in asked.addresses:
            username, _, name = address.rpartition("@")
            facts = _facts(known.get(name), username, name, is_allowed=name in allowed)
            reason = links.refusal(facts, options, panel_user=self._settings.user, domains=domains)
            to = address if options.purpose is LinkPurpose.RECOVERY_EMAIL else facts.recovery_email
            if reason is not None and options.without_mail and reason.lacks_address:
                reason, to = None, ""
            if reason is not None:
                refused.append(RefusedLink(address, reason, to))
                continue
            full_name = known[name].names.get(username, "")
            people.append(PlannedLink(address, full_name, to, asked.languages[name], address in living))
        return LinkPlan(options, links.times(options, now), tuple(people), tuple(refused), asked.source)

    def _account_domains(self, tx: Tx, asked: Iterable[str]) -> frozenset[str]:
        """Return the domains of the account.

        Those that are asked for while they were never read.
        """
        listed = mailbox_lists.domains(tx)
        return frozenset(listed.names) if listed else frozenset(asked)

    def _domain_facts(self, tx: Tx, domain: str) -> _Domain:
        listed = self._lists.usernames_in(tx, [domain])
        locked = {*mailbox_locks.of_domain(tx, domain), *mailbox_locks.being_locked(tx, domain)}
        return _Domain(
            stored_columns.of_domain(tx, "recovery_email", domain), stored_columns.of_domain(tx, "name", domain),
            frozenset(locked), listed.get(domain),
        )  # fmt: skip

    def _new(self, person: PlannedLink, plan: LinkPlan, run: int) -> NewLink:
        username, _, domain = person.address.rpartition("@")
        at = plan.times
        return NewLink(
            plan.options.purpose, domain, username, person.name, person.recipient, person.language, at.send_at,
            at.valid_from, at.expires_at, run, plan.source,
        )  # fmt: skip

    # For the background.

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
        while mails < _A_ROUND and may_go_on():
            with self._store.read() as tx:
                due = kept.due(tx, now, 1)
            if not due:
                break
            try:
                done, has_mail = self._make(due[0])
            except MailNotSet:
                return LinkRound(made, mails, ended, now + _LATER_S)
            made, mails = made + done, mails + has_mail
        with self._store.read() as tx:
            next_at = kept.next_due(tx)
        return LinkRound(made, mails, ended, next_at)

    def _expire(self, now: float) -> int:
        with self._store.write() as tx:
            return kept.expire(tx, now) if clock_guard.may_forget(tx, now) else 0

    def _make(self, first: LinkRecord) -> tuple[int, bool]:
        """Make the links of one mail and queue it, in one transaction.

        Each is looked at again. Returns how many were made, and whether there is a mail.
        """
        stationery = self._stationery(first)
        with self._store.write() as tx:
            now = self._clock.now()
            purpose = LinkPurpose(first.purpose)
            with_it = kept.due_to(tx, first.recipient, first.language, purpose, now) if first.recipient else [first]
            group = [each for each in with_it[: links.MAX_IN_MAIL] if self._is_still_due(tx, each, now)]
            tokens = {each.id: kept.make_token(tx, self._store.key, each.id) for each in group}
            if not group or not first.recipient:
                return len(tokens), False
            self._mail(tx, group, tokens, stationery, group[0].who)
            return len(tokens), True

    def _is_still_due(self, tx: Tx, link: LinkRecord, now: float) -> bool:
        """Return whether a planned link may be made; one that may not ends."""
        record = kept.get(tx, link.id)
        if record is None or record.ended_at is not None or record.token_digest is not None:
            return False
        if (code := self._against(tx, record)) is None:
            return True
        kept.end(tx, record.id, code, now)
        return False

    def _against(self, tx: Tx, record: LinkRecord) -> LinkEnd | None:
        """Return why a link may not be made or mailed now.

        None for one that may.
        """
        domain, username = record.domain, record.username
        if mailbox_locks.of_mailbox(tx, domain, username) or mailbox_locks.being_locked(tx, domain, username):
            return LinkEnd.LOCKED
        listed = self._lists.usernames_in(tx, [domain])
        if domain in listed and username not in listed[domain]:
            return LinkEnd.DELETED
        if not record.recipient or record.purpose not in {LinkPurpose.INVITE, LinkPurpose.RESET}:
            return None
        recovery = stored_columns.of_mailbox(tx, domain, username)["recovery_email"]
        is_same = recovery.lower() == record.recipient.lower() and addresses.is_email(addresses.email(recovery))
        return None if is_same else LinkEnd.RECOVERY_EMAIL_CHANGED

    def _mail(
        self, tx: Tx, group: Sequence[LinkRecord], tokens: Mapping[int, str], stationery: Stationery, who: str, *,
        is_reminder: bool = False,
    ) -> int:  # fmt: skip
        """Queue one mail with these links; return its number."""
        first, now = group[0], self._clock.now()
        purpose = LinkPurpose(first.purpose)
        mailed = tuple(MailedLink(each.name, each.address, self.url(tokens[each.id], purpose)) for each in group)
        later = first.valid_from if first.valid_from > now else 0.0
        content = LinkMail(
            purpose, mailed, stationery, min(each.expires_at for each in group), later, is_reminder=is_reminder
        )
        name = first.name if len(group) == 1 else ""
        cause = MailCause.RESET if purpose is LinkPurpose.RESET else MailCause.LINK
        reference = "" if first.run is None else str(first.run)
        mail = self._outbox.queue(tx, QueuedMail(Recipient(first.recipient, name), content, cause, reference), who)
        kept.mailed(tx, [each.id for each in group], mail)
        return mail

    def url(self, token: str, purpose: LinkPurpose = LinkPurpose.INVITE) -> str:
        """Return the address of the page behind a token: by the settings, never by a request."""
        page = "password" if purpose.sets_password else "recovery"
        return f"{(self._public_address or _LOOPBACK).rstrip('/')}/{page}/{quote(token)}"

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

    # For callers: what happened to the links.

    def board(self, caller: Caller, run: int) -> LinkBoard:
        """Return the people of a run of links, or of an import.

        Raises NotFound.
        """
        if self._runs.get(caller, run) is None:
            raise NotFound(texts.NO_RUN)
        with self._store.read() as tx:
            found = _newest(kept.of_run(tx, run))
        mine = [each for each in found if caller.may(Permission.SUPPORT, each.domain)]
        return LinkBoard(run, tuple(map(self._person, mine)), len(found) - len(mine))

    def get(self, caller: Caller, number: int) -> LinkPerson:
        """Return one link; raises NotFound."""
        return self._person(self._visible(caller, number))

    def latest(self, caller: Caller, number: int) -> LinkPerson:
        """Return the newest link of the mailbox and purpose of a link; raises NotFound."""
        record = self._visible(caller, number)
        with self._store.read() as tx:
            found = kept.of_mailbox(tx, record.domain, record.username, LISTED)
        return self._person(next(each for each in found if each.purpose == record.purpose))

    def newest(self, caller: Caller) -> tuple[LinkPerson, ...]:
        """Return the newest links in domains where the caller may support mailboxes, newest first."""
        with self._store.read() as tx:
            domains = (
                None if caller.admin else [name for name in kept.domains(tx) if caller.may(Permission.SUPPORT, name)]
            )
            return tuple(map(self._person, kept.newest(tx, LISTED, domains)))

    def version(self, caller: Caller, run: int) -> tuple[object, ...]:
        """Return a value that differs once something happened to a link of a run.

        Raises NotFound.
        """
        if self._runs.get(caller, run) is None:
            raise NotFound(texts.NO_RUN)
        with self._store.read() as tx:
            return kept.version(tx, run)

    def of_mailbox(self, caller: Caller, domain: str, username: str, *, most: int = 20) -> tuple[LinkPerson, ...]:
        """Return the newest links of a mailbox, newest first."""
        caller.require(Permission.SUPPORT, domain)
        with self._store.read() as tx:
            return tuple(map(self._person, kept.of_mailbox(tx, domain, username, most)))

    def _person(self, record: LinkRecord) -> LinkPerson:
        status = links.status(record.moments, self._clock.now())
        end = LinkEnd(record.end) if record.end else None
        happened = ""
        if status in {LinkStatus.REFUSED, LinkStatus.DELAYED} and record.mail_problem in set(MailProblem):
            happened = mail_texts.problem(MailProblem(record.mail_problem), record.mail_code, record.words)
        elif end is not None and end is not LinkEnd.SET:
            happened = texts.ENDS[end]
        return LinkPerson(
            record.id, record.address, record.name, record.recipient, status, record.send_at, record.valid_from,
            record.expires_at, record.sent_at, record.opened_at, record.set_at, happened, end,
            LinkPurpose(record.purpose), record.run,
        )  # fmt: skip

    def resend(self, caller: Caller, number: int) -> str:
        """Send a new link in place of an earlier one, which ends; return a sentence.

        Raises NotFound, and InvalidState where the mailbox gets no link now, or its password was set with this one.
        """
        record = self._visible(caller, number)
        stationery = self._stationery(record)
        with self._store.write() as tx:
            now = self._clock.now()
            record = self._record(tx, number)
            if record.set_at is not None:
                raise InvalidState(texts.ALREADY_SET)
            facts = self._facts_of(tx, record)
            options = LinkOptions(mail_arrives=True, purpose=LinkPurpose(record.purpose))
            domains = self._account_domains(tx, [record.domain])
            reason = links.refusal(facts, options, panel_user=self._settings.user, domains=domains)
            if reason is not None and not (reason.lacks_address and not record.recipient):
                raise InvalidState(texts.REFUSALS[reason])
            to = facts.recovery_email if record.recipient and record.recipient != record.address else record.recipient
            life = record.expires_at - record.valid_from
            new = NewLink(
                LinkPurpose(record.purpose), record.domain, record.username, record.name, to, record.language, now,
                now, now + life, record.run, record.source,
            )  # fmt: skip
            kept.end(tx, number, LinkEnd.REPLACED, now)
            made = self._record(tx, kept.add(tx, new, who=caller.name, at=now))
            tokens = {made.id: kept.make_token(tx, self._store.key, made.id)}
            if to:
                self._mail(tx, [made], tokens, stationery, caller.name)
            audit.record(tx, caller, AuditAction.LINK_RESEND, at=now, on=record.address, run=record.run)
        return texts.resent(record.address)

    def revoke(self, caller: Caller, number: int) -> str:
        """End a link; return a sentence. One that has ended stays as it is."""
        record = self._visible(caller, number)
        now = self._clock.now()
        with self._store.write() as tx:
            if kept.end(tx, number, LinkEnd.REVOKED, now):
                audit.record(tx, caller, AuditAction.LINK_REVOKE, at=now, on=record.address, run=record.run)
        return texts.revoked(record.address)

    def remind(self, caller: Caller, run: int) -> int:
        """Mail the living links of those who have not set theirs once more.

        Return how many people are reminded.
        """
        people = {each.id for each in self.board(caller, run).to_remind}
        with self._store.read() as tx:
            waiting = [each for each in kept.of_run(tx, run) if each.id in people]
        reminded = 0
        for group in links.in_mails((each.recipient, f"{each.language} {each.purpose}", each) for each in waiting):
            reminded += self._remind(current(caller), group)
        return reminded

    def _remind(self, caller: Caller, group: Sequence[LinkRecord]) -> int:
        stationery = self._stationery(group[0])
        with self._store.write() as tx:
            now = self._clock.now()
            fresh = [self._record(tx, each.id) for each in group if caller.may(Permission.SUPPORT, each.domain)]
            living = [each for each in fresh if each.is_living(now) and self._against(tx, each) is None]
            tokens = {each.id: found for each in living if (found := kept.token(self._store.key, each)) is not None}
            mailed = [each for each in living if each.id in tokens]
            if mailed:
                self._mail(tx, mailed, tokens, stationery, caller.name, is_reminder=True)
            for each in mailed:
                audit.record(tx, caller, AuditAction.LINK_REMIND, at=now, on=each.address, run=each.run)
        return len(mailed)

    def copy_link(self, caller: Caller, number: int) -> str:
        """Return the address of a living link, to be shown once; it is audited.

        Raises NotRecent, NotFound, and InvalidState for a link that is not made yet, or has ended.
        """
        caller.require_recent()
        self._visible(caller, number)
        with self._store.write() as tx:
            now = self._clock.now()
            record = self._record(tx, number)
            if not record.is_living(now):
                raise InvalidState(texts.ENDED)
            token = kept.token(self._store.key, record)
            if token is None and not record.recipient and self._is_still_due(tx, record, now):
                token = kept.make_token(tx, self._store.key, number)
            if token is None:
                raise InvalidState(texts.NOT_MADE)
            audit.record(tx, caller, AuditAction.LINK_COPY, at=now, on=record.address, run=record.run)
        return self.url(token, LinkPurpose(record.purpose))

    # Parts of several acts.

    def _stationery(self, record: LinkRecord) -> Stationery:
        kind = _KINDS.get(LinkPurpose(record.purpose), TextKind.LINK)
        return self._texts.stationery(kind, [record.domain], language=record.language)[record.domain]

    def _facts_of(self, tx: Tx, record: LinkRecord) -> MailboxFacts:
        return _facts(self._domain_facts(tx, record.domain), record.username, record.domain, is_allowed=True)

    def _visible(self, caller: Caller, number: int) -> LinkRecord:
        with self._store.read() as tx:
            record = kept.get(tx, number)
        if record is None or not caller.may(Permission.SUPPORT, record.domain):
            raise NotFound(texts.NO_LINK)
        return record

    def _record(self, tx: Tx, number: int) -> LinkRecord:
        record = kept.get(tx, number)
        if record is None:
            raise NotFound(texts.NO_LINK)
        return record


def _facts(known: _Domain | None, username: str, domain: str, *, is_allowed: bool) -> MailboxFacts:
    address = f"{username}@{domain}"
    if known is None:
        return MailboxFacts(address, "", exists=None, is_locked=False, is_allowed=is_allowed)
    exists = None if known.usernames is None else username in known.usernames
    return MailboxFacts(address, known.recovery.get(username, ""), exists, username in known.locked, is_allowed)


def _newest(records: Iterable[LinkRecord]) -> list[LinkRecord]:
    """Return the newest link of each mailbox and purpose, in their order."""
    found = {(each.address, each.purpose): each for each in records}
    return list(found.values())


def _places(people: Iterable[PlannedLink]) -> set[tuple[str, str]]:
    return {(each.address, each.recipient) for each in people}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _must_be_possible(options: LinkOptions, now: float) -> None:
    """Raise InvalidBody for options that cannot be."""
    if options.language and options.language not in LANGUAGES:
        raise InvalidBody("language", texts.BAD_LANGUAGE)
    if not links.MIN_DAYS <= options.expires_days <= links.MAX_DAYS:
        raise InvalidBody("expires_days", texts.BAD_DAYS)
    for name, at in (("send_at", options.send_at), ("valid_from", options.valid_from)):
        if at is not None and not now - links.MAX_AHEAD_S < at < now + links.MAX_AHEAD_S:
            raise InvalidBody(name, texts.BAD_TIME)


def _not_now(seconds: float) -> SetResult:
    return SetResult(done=False, problems=(PasswordProblem.BUSY,), retry_after=max(1.0, seconds))
