"""Events as callers may see them: what is open, what happened, and what is silenced."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core import addresses
from mxlib.core.events.notices import Preferences
from mxlib.core.events.vocabulary import OF_ADMINS, OF_RUNS, Rule, Severity
from mxlib.core.text import events as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.services.exports import NotFound
from mxlib.services.run_visibility import may_see
from mxlib.store import Store, Tx, audit, events, journal, mailbox_lists, preferences
from mxlib.store.events import EventFilter, EventRecord, Snooze

__all__ = ["EventPage", "EventQuery", "EventRecord", "InvalidChoice", "NoticeService", "Snooze"]

#: Most seconds ahead at which a snooze ends.
LONGEST_SNOOZE_S = 366 * 86_400.0

#: The name under which a person's choice of mails is stored.
_MAILS = "notice_mails"

#: Events that one batch reads, and batches that one page reads at most.
_A_BATCH, _MOST_BATCHES = 500, 20


class InvalidChoice(Exception):
    """A choice that is not possible; the message says why."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """The events that a caller asks for; None and blank stand for all."""

    domain: str = ""
    rule: Rule | None = None
    severity: Severity | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events, newest first; `older` continues it, and is None at the end."""

    events: tuple[EventRecord, ...]
    older: int | None


def sees(tx: Tx, caller: Caller, domain: str, rule: Rule, subject: str, *, account: bool) -> bool:
    """Return whether a caller may see what concerns a rule and subject.

    `account` says whether they may see figures of the account.
    """
    if rule in OF_ADMINS:
        return caller.admin
    if rule in OF_RUNS:
        run = journal.get_run(tx, int(subject)) if subject.isdecimal() else None
        return run is not None and may_see(caller, run)
    return caller.may(Permission.VIEW, domain) if domain else account


def sees_account(tx: Tx, caller: Caller) -> bool:
    """Return whether a caller may see figures of the account: a viewer of any domain who is of the agency."""
    known = mailbox_lists.domains(tx)
    return not caller.external and caller.may_anywhere(Permission.VIEW, known.names if known else ())


@resolves_callers
class NoticeService:
    """Lists events by the rights of each caller, snoozes them, and keeps preferences."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def events(
        self, caller: Caller, query: EventQuery | None = None, *, before: int | None = None, most: int = 100
    ) -> EventPage:
        """Return the events that the caller may see, newest first.

        Raises Forbidden for a domain that they may not view.
        """
        query = query or EventQuery()
        if query.domain:
            caller.require(Permission.VIEW, query.domain)
        with self._store.read() as tx:
            wanted = self._wanted(tx, caller, query)
            shown: list[EventRecord] = []
            for _ in range(_MOST_BATCHES):
                found = events.find(tx, replace(wanted, before=before), _A_BATCH)
                for each in self._seen(tx, caller, found):
                    if len(shown) == most:
                        return EventPage(tuple(shown), shown[-1].number)
                    shown.append(each)
                if len(found) < _A_BATCH:
                    return EventPage(tuple(shown), None)
                before = found[-1].number
        return EventPage(tuple(shown), before)

    def open(self, caller: Caller) -> tuple[EventRecord, ...]:
        """Return what is open now and the caller may see, newest first."""
        with self._store.read() as tx:
            found = events.open_now(tx, self._domains(tx, caller))
            return tuple(self._seen(tx, caller, found))

    def snoozed(self, caller: Caller) -> tuple[Snooze, ...]:
        """Return the snoozes that the caller may see, the one that ends first first."""
        with self._store.read() as tx:
            found = events.snoozed(tx, self._domains(tx, caller), self._clock.now())
            return tuple(each for each in found if self._may_see(tx, caller, each.domain, each.rule, each.subject))

    def may_snooze(self, caller: Caller, domain: str) -> bool:
        """Return whether the caller may silence events of a domain, blank for the account.

        Nobody of a client does: the alarm is the agency's, too.
        """
        return caller.admin or (bool(domain) and not caller.external and caller.may(Permission.SUPPORT, domain))

    def snooze(self, caller: Caller, number: int, until: float) -> str:
        """Silence the rule and subject of an event until a moment; return a sentence.

        Raises NotFound, Forbidden and InvalidChoice.
        """
        now = self._clock.now()
        if not now < until <= now + LONGEST_SNOOZE_S:
            raise InvalidChoice(texts.WRONG_UNTIL)
        with self._store.write() as tx:
            found = self._event(tx, caller, number)
            rule, subject = found.event.rule, found.event.subject
            self._must_snooze(caller, found.domain)
            events.put_snooze(tx, Snooze(rule, subject, found.domain, until, now, caller.name))
            text = texts.snoozed(subject, rule, until)
            audit.record(tx, caller, AuditAction.EVENT_SNOOZE, at=now, on=subject or "the account", outcome=text)
        return text

    def end_snooze(self, caller: Caller, rule: Rule, subject: str) -> str:
        """Report a rule and subject again; return a sentence. Raises NotFound and Forbidden."""
        now = self._clock.now()
        with self._store.write() as tx:
            found = events.snooze_of(tx, rule, subject)
            if found is None or not self._may_see(tx, caller, found.domain, rule, subject):
                raise NotFound(texts.NOT_YOURS)
            self._must_snooze(caller, found.domain)
            events.end_snooze(tx, rule, subject)
            text = texts.snooze_ended(subject, rule)
            audit.record(tx, caller, AuditAction.EVENT_SNOOZE_END, at=now, on=subject or "the account", outcome=text)
        return text

    def preferences(self, caller: Caller) -> Preferences:
        """Return quiet hours, the hour of the digest and severities, for admins."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            return events.preferences(tx)

    def set_preferences(self, caller: Caller, chosen: Preferences) -> None:
        """Set them, for events from now on. Raises InvalidChoice."""
        _must_be_an_admin(caller)
        hours = (chosen.quiet_from or 0, chosen.quiet_until, chosen.digest_hour)
        if not all(0 <= hour <= 23 for hour in hours):
            raise InvalidChoice(texts.WRONG_HOURS)
        with self._store.write() as tx:
            if chosen == events.preferences(tx):
                return
            events.put_preferences(tx, chosen)
            audit.record(
                tx, caller, AuditAction.EVENT_PREFERENCES, at=self._clock.now(), on="notices",
                outcome=texts.preferences(chosen), detail=chosen.to_json(),
            )  # fmt: skip

    def rules(self, caller: Caller) -> tuple[Rule, ...]:
        """Return the rules whose events the caller may see."""
        return tuple(rule for rule in Rule if caller.admin or rule not in OF_ADMINS)

    def has_address(self, caller: Caller) -> bool:
        """Return whether mails can go to the caller: their name is an address."""
        return addresses.is_email(addresses.email(caller.name))

    def mails(self, caller: Caller) -> Severity | None:
        """Return the least severity of which the caller gets mails; None for no mails."""
        with self._store.read() as tx:
            return mails_of(tx, caller.name)

    def set_mails(self, caller: Caller, least: Severity | None) -> None:
        """Choose which mails go to the caller. Raises InvalidChoice where there is no address to write to."""
        if not self.has_address(caller):
            raise InvalidChoice(texts.NO_ADDRESS)
        with self._store.write() as tx:
            preferences.put(tx, _MAILS, least.value if least else "", caller.name, self._clock.now())

    def _event(self, tx: Tx, caller: Caller, number: int) -> EventRecord:
        found = events.get(tx, number)
        if found is None or not self._may_see(tx, caller, found.domain, found.event.rule, found.event.subject):
            raise NotFound(texts.NOT_YOURS)
        return found

    def _must_snooze(self, caller: Caller, domain: str) -> None:
        if not self.may_snooze(caller, domain):
            raise Forbidden(texts.MAY_NOT_SNOOZE)

    def _wanted(self, tx: Tx, caller: Caller, query: EventQuery) -> EventFilter:
        domains = frozenset({query.domain}) if query.domain else self._domains(tx, caller)
        rules = frozenset({query.rule}) if query.rule else None if caller.admin else frozenset(Rule) - OF_ADMINS
        return EventFilter(domains, rules, query.severity, query.since)

    def _domains(self, tx: Tx, caller: Caller) -> frozenset[str] | None:
        """Return the domains whose events the caller may see (None: all), blank for the account."""
        if caller.admin or Permission.VIEW in caller.domains.get(EVERY_DOMAIN, ()):
            return None
        known = mailbox_lists.domains(tx)
        names = {*caller.domains, *(known.names if known else ())}
        return frozenset({"", *(name for name in names if caller.may(Permission.VIEW, name))})

    def _may_see(self, tx: Tx, caller: Caller, domain: str, rule: Rule, subject: str) -> bool:
        return sees(tx, caller, domain, rule, subject, account=sees_account(tx, caller))

    def _seen(self, tx: Tx, caller: Caller, found: Iterable[EventRecord]) -> Iterable[EventRecord]:
        account = sees_account(tx, caller)
        for each in found:
            if sees(tx, caller, each.domain, each.event.rule, each.event.subject, account=account):
                yield each


def mails_of(tx: Tx, name: str) -> Severity | None:
    """Return the least severity of which a person gets mails; None for no mails."""
    stored = preferences.find(tx, _MAILS, name)
    return Severity(stored) if stored in {*Severity} else None


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(texts.ONLY_ADMINS)
