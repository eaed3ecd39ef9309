"""Decisions whether an event is notified: at once, in the digest, or not. Pure.

A jump of messages sent breaks every silence but a snooze. Anything else gives one notice a week for each subject and
rule unless it gets worse by a class, keeps to the quiet hours, and waits for the digest if it is not urgent. An outage
that was over and begins again is another one: it gives a notice of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from mxlib.core.days import Days
from mxlib.core.events.vocabulary import Event, Rule, Severity

#: Seconds in which a subject and rule get one notice, unless it gets worse.
AGAIN_AFTER = 7 * 86_400.0

#: Rules of outages: something works, or it does not.
OUTAGES = frozenset({Rule.HOST, Rule.HOST_KEY, Rule.WATCH, Rule.MAIL_PORTS, Rule.BACKUP, Rule.AUDIT_LOG})

#: Seconds after the notice of an outage in which one that begins again is still the same: it comes and goes.
SAME_OUTAGE_S = 3_600.0

#: Notices of one rule from which a flood begins, and the seconds in which they count.
FLOOD, FLOOD_S = 20, 3_600.0

#: Rules that break quiet hours, digest, flood and the week.
BREAKS_SILENCE = frozenset({Rule.SENT_JUMP})


class Way(StrEnum):
    """Ways to notify an event; a stored value never changes."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    #: Not notified: a person said so, until a date.
    SNOOZED = "snoozed"
    #: Not notified: a notice about this subject and rule went out within a week.
    REPEATED = "repeated"
    #: Not notified: the end of something that was not notified either.
    UNKNOWN_BEFORE = "unknown_before"
    #: Not notified: the end of an outage that began again before the digest.
    OVERTAKEN = "overtaken"


#: Ways that lead to a notice.
NOTIFIED = frozenset({Way.AT_ONCE, Way.DIGEST})


@dataclass(frozen=True, slots=True)
class Preferences:
    """Choices of an admin: quiet hours and the hour of the digest, by the host's clock.

    `severities` are those of rules where they differ from the standard.
    """

    quiet_from: int | None = 21
    quiet_until: int = 7
    digest_hour: int = 8
    severities: Mapping[Rule, Severity] = field(default_factory=dict)

    def severity(self, event: Event) -> Severity:
        """Return the severity of an event; no choice makes the end of something urgent."""
        return event.severity if event.is_recovery else self.severities.get(event.rule, event.severity)

    def to_json(self) -> dict[str, Any]:
        """Return them as the store keeps them."""
        return {
            "quiet_from": self.quiet_from, "quiet_until": self.quiet_until, "digest_hour": self.digest_hour,
            "severities": {rule.value: severity.value for rule, severity in self.severities.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return them as they were stored; what this release does not know is left out."""
        severities = {
            Rule(rule): Severity(severity)
            for rule, severity in stored.get("severities", {}).items()
            if rule in {*Rule} and severity in {*Severity}
        }
        return cls(stored["quiet_from"], int(stored["quiet_until"]), int(stored["digest_hour"]), severities)


@dataclass(frozen=True, slots=True)
class LastNotice:
    """The last notice about a subject and rule: when its event was, its class, and when it was due.

    `is_over`: a notice that it is over follows; `is_end_out`: that one went out.
    """

    at: float
    level: int
    is_over: bool = False
    due_at: float = 0.0
    is_end_out: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The way to notify an event, and when that is due (Unix seconds; None: never)."""

    way: Way
    due_at: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Events that one notice is about; `rule` is None for the digest."""

    way: Way
    rule: Rule | None
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """An event as the store keeps it: its number, when it was, and its domain (blank for the account).

    `chosen` is its severity after the choices of an admin; None leaves it as it is.
    """

    number: int
    at: float
    domain: str
    event: Event
    chosen: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Return its severity after the choices of an admin."""
        return self.event.severity if self.chosen is None else self.chosen


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice that is due, as the channels get it.

    `rule` is None for the digest. `severity` is the worst of its events, after the choices of an admin.
    """

    number: int
    at: float
    rule: Rule | None
    severity: Severity
    events: tuple[NotedEvent, ...]


def decide(
    event: Event, at: float, days: Days, preferences: Preferences, last: LastNotice | None, snoozed_until: float | None
) -> Decision:
    """Return how an event of the time `at` is notified."""
    if snoozed_until is not None and at < snoozed_until:
        return Decision(Way.SNOOZED)
    if event.rule in BREAKS_SILENCE:
        return Decision(Way.AT_ONCE, at)
    if event.is_recovery:
        if last is None or last.is_over:
            return Decision(Way.UNKNOWN_BEFORE)
        return Decision(Way.DIGEST, next_hour(at, days, preferences.digest_hour))
    if last is not None and _is_known(event, at, last):
        return Decision(Way.REPEATED)
    if preferences.severity(event) is not Severity.URGENT:
        return Decision(Way.DIGEST, next_hour(at, days, preferences.digest_hour))
    return Decision(Way.AT_ONCE, after_quiet_hours(at, days, preferences))


def _is_known(event: Event, at: float, last: LastNotice) -> bool:
    """Return whether the last notice said what happens now."""
    is_another = event.rule in OUTAGES and last.is_over and (last.is_end_out or at >= last.due_at + SAME_OUTAGE_S)
    return not is_another and at < last.at + AGAIN_AFTER and event.level <= last.level


def next_hour(at: float, days: Days, hour: int) -> float:
    """Return when the clocks of the host show this hour next, after `at`."""
    day = days.day(at)
    return next(due for each in range(day, day + 3) if (due := days.at_hour(each, hour)) > at)


def after_quiet_hours(at: float, days: Days, preferences: Preferences) -> float:
    """Return `at`, or the end of the quiet hours that it is in."""
    begin, end = preferences.quiet_from, preferences.quiet_until
    if begin is None or begin == end:
        return at
    hour = days.local(at).hour
    is_quiet = begin <= hour < end if begin < end else hour >= begin or hour < end
    return next_hour(at, days, end) if is_quiet else at


def group(due: Sequence[tuple[int, Rule, Way]], recent: Mapping[Rule, int]) -> list[Notice]:
    """Return the notices about events that are due, given by number, rule and way.

    `recent`: events of each rule that had a notice of their own lately. More than FLOOD of one rule become one notice
    with a list; a digest is one notice.
    """
    digest = tuple(number for number, _, way in due if way is Way.DIGEST)
    by_rule: dict[Rule, list[int]] = defaultdict(list)
    for number, rule, way in due:
        if way is Way.AT_ONCE:
            by_rule[rule].append(number)
    notices = [notice for rule, numbers in by_rule.items() for notice in _of_rule(rule, numbers, recent.get(rule, 0))]
    return [*notices, *([Notice(Way.DIGEST, None, digest)] if digest else ())]


def _of_rule(rule: Rule, numbers: Sequence[int], recent: int) -> Iterable[Notice]:
    if rule not in BREAKS_SILENCE and len(numbers) > 1 and len(numbers) + recent > FLOOD:
        yield Notice(Way.AT_ONCE, rule, tuple(numbers))
    else:
        for number in numbers:
            yield Notice(Way.AT_ONCE, rule, (number,))
