"""Plans of links: who gets one and who does not, and runs of links that are started from them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import addresses, links
from mxlib.core.background_tasks import TaskName
from mxlib.core.clients import LANGUAGES
from mxlib.core.handover.texts import TextKind
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import LinkOptions, LinkPurpose, LinkRefusal, Times
from mxlib.core.text import links as texts
from mxlib.core.text import locks
from mxlib.core.vocabulary import DONE, Action, AuditAction, RunKind
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.link_facts import LinkFacts, mailbox_facts
from mxlib.services.link_maker import KINDS
from mxlib.services.manual_writes import MailboxLocked
from mxlib.services.outbox import MailNotSet, OutboxService
from mxlib.services.runs import RunService
from mxlib.store import Store, Tx, audit, background_tasks, journal, known_passwords, mailbox_locks
from mxlib.store import links as kept
from mxlib.store.links import NewLink

_DEFAULT = LinkOptions()

#: Seconds after which a lock without an answer may have an outcome.
_SOON_S = 60.0


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


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """The people who get a link, and those who do not."""

    options: LinkOptions
    times: Times
    people: tuple[PlannedLink, ...] = ()
    refused: tuple[RefusedLink, ...] = ()
    #: The run whose people they are.
    source: int | None = None
    #: People whose mail goes to a mailbox that nobody can read: nobody knows its password.
    unread: tuple[str, ...] = ()

    @property
    def mails(self) -> int:
        """Count the mails: people with one address get one."""
        mailed = ((each.recipient, each.language, each) for each in self.people if each.recipient)
        return len(links.in_mails(mailed))

    @property
    def unmailed(self) -> int:
        """Count the people whose link no mail has."""
        return sum(not each.recipient for each in self.people)


@dataclass(frozen=True, slots=True)
class _Asked:
    """People for whom links are asked, and how."""

    addresses: tuple[str, ...]
    options: LinkOptions
    source: int | None
    languages: Mapping[str, str] = field(default_factory=dict)


@resolves_callers
class LinkPlans:
    """Plans who gets a link, and starts runs of links."""

    def __init__(
        self, store: Store, facts: LinkFacts, outbox: OutboxService, stationery: HandoverTexts,
        runs: RunService, claims: IdempotencyKeys, clock: Clock,
    ) -> None:  # fmt: skip
        self._store, self._facts, self._clock = store, facts, clock
        self._outbox, self._texts, self._runs, self._claims = outbox, stationery, runs, claims

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
            if plan.options.unlocks:
                self._unlock(tx, caller, fresh.people)
            new = [self._new(each, fresh, run) for each in fresh.people]
            kept.add_all(tx, new, who=caller.name, at=now)
            outcome, detail = texts.sent(len(fresh.people), fresh.mails), {"people": len(fresh.people)}
            audit.record(tx, caller, AuditAction.LINK_SEND, at=now, run=run, outcome=outcome, detail=detail)
            background_tasks.request(tx, TaskName.LINKS, now)
        return run

    def unlock(self, caller: Caller, domain: str, username: str) -> int:
        """Unlock a mailbox by a link to its recovery email.

        Return the run of the link.

        Raises InvalidState where it gets none, and MailboxLocked where it is not locked, or its lock has no outcome.
        """
        domain, username = addresses.domain(domain), username.strip().lower()
        caller.require(Permission.SUPPORT, domain)
        address = f"{username}@{domain}"
        plan = self.plan(caller, emails=[address], options=LinkOptions(unlocks=True))
        for each in plan.refused:
            match each.reason:
                case LinkRefusal.NOT_LOCKED:
                    raise MailboxLocked(locks.not_locked(address), "NOT_LOCKED")
                case LinkRefusal.BEING_LOCKED:
                    raise MailboxLocked(locks.not_yet(address, _SOON_S), "BEING_LOCKED", _SOON_S)
                case LinkRefusal.NO_MAILBOX:
                    raise NotFound(f"There is no mailbox {address}.")
                case reason:
                    raise InvalidState(texts.REFUSALS[reason])
        return self.start(caller, plan)

    def _unlock(self, tx: Tx, caller: Caller, people: Iterable[PlannedLink]) -> None:
        """End the locks of mailboxes whose owners get links.

        MXroute keeps the password that nobody knows.
        """
        now = self._clock.now()
        for each in people:
            username, _, domain = each.address.rpartition("@")
            mailbox_locks.drop(tx, domain, username)
            audit.record(tx, caller, AuditAction.MAILBOX_UNLOCK_BY_LINK, at=now, on=each.address)

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
        kind = KINDS.get(options.purpose, TextKind.LINK)
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
                return [each.address for each in kept.newest_of_run(tx, run) if each.set_at is None]
            if view.kind not in {RunKind.IMPORT, RunKind.CHANGE}:
                raise NotFound(texts.NO_RUN)
            rows = journal.rows(tx, run, outcomes=sorted(DONE))
            done = {each.address for each in kept.newest_of_run(tx, run) if each.set_at is not None}
        found = [
            row.address for row in rows
            if row.action == Action.CREATE or (row.action == Action.UPDATE and row.sealed_password is not None)
        ]  # fmt: skip
        return [each for each in found if each not in done]

    def _plan(self, tx: Tx, caller: Caller, asked: _Asked) -> LinkPlan:
        now, options = self._clock.now(), asked.options
        allowed = {name for name in asked.languages if caller.may(Permission.SUPPORT, name)}
        domains = self._facts.account_domains(tx, asked.languages)
        known = {name: self._facts.of_domain(tx, name) for name in allowed}
        living = kept.living_addresses(tx, allowed, options.purpose, now)
        people, refused = [], []
        for address in asked.addresses:
            username, _, name = address.rpartition("@")
            facts = mailbox_facts(known.get(name), username, name, is_allowed=name in allowed)
            reason = self._facts.refusal(facts, options, domains)
            to = address if options.purpose is LinkPurpose.RECOVERY_EMAIL else facts.recovery_email
            if reason is not None and options.without_mail and reason.lacks_address:
                reason, to = None, ""
            if reason is not None:
                refused.append(RefusedLink(address, reason))
                continue
            full_name = known[name].names.get(username, "")
            people.append(PlannedLink(address, full_name, to, asked.languages[name], address in living))
        asks = options.purpose is LinkPurpose.RECOVERY_EMAIL
        unread = known_passwords.known_to_nobody(tx, [each.address for each in people]) if asks else set()
        return LinkPlan(
            options, links.times(options, now), tuple(people), tuple(refused), asked.source, tuple(sorted(unread))
        )

    def _new(self, person: PlannedLink, plan: LinkPlan, run: int) -> NewLink:
        username, _, domain = person.address.rpartition("@")
        at = plan.times
        return NewLink(
            plan.options.purpose, domain, username, person.name, person.recipient, person.language, at.send_at,
            at.valid_from, at.expires_at, run, plan.source,
        )  # fmt: skip


def _places(people: Iterable[PlannedLink]) -> set[tuple[str, str]]:
    return {(each.address, each.recipient) for each in people}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _must_be_possible(options: LinkOptions, now: float) -> None:
    """Raise InvalidBody for options that cannot be."""
    if options.language and options.language not in LANGUAGES:
        raise InvalidBody("language", texts.BAD_LANGUAGE)
    if options.unlocks and options.send_at is not None:
        raise InvalidBody("send_at", texts.UNLOCK_NOW)
    if not links.MIN_DAYS <= options.expires_days <= links.MAX_DAYS:
        raise InvalidBody("expires_days", texts.BAD_DAYS)
    for name, at in (("send_at", options.send_at), ("valid_from", options.valid_from)):
        if at is not None and not now - links.MAX_AHEAD_S < at < now + links.MAX_AHEAD_S:
            raise InvalidBody(name, texts.BAD_TIME)
