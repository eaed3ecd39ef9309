"""Conditions: what is so now, such as a backup that is old. An event is where one begins, gets worse or is over. Pure.

A source says what is so at each look. So a new source is one function and one `ConditionRule`, and a restart between
two looks repeats nothing: what was known is stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mxlib.core.events.vocabulary import Event, EventCode, Rule


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so now: its code, what it is about, and the figures of its text."""

    code: EventCode
    subject: str = ""
    domain: str = ""
    level: int = 1
    figures: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """A rule over conditions: the event when one is over (None: none), and how long one lasts before it counts."""

    rule: Rule
    recovery: EventCode | None = None
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """A condition as it was known: since when, its domain, and whether its event was fired."""

    code: str
    since: float
    domain: str = ""
    level: int = 1
    is_fired: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {
            "code": self.code, "since": self.since, "domain": self.domain, "level": self.level, "fired": self.is_fired,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return it as it was stored."""
        return cls(
            str(stored["code"]), float(stored["since"]), str(stored["domain"]), int(stored["level"]),
            bool(stored["fired"]),
        )  # fmt: skip


def follow(
    rule: ConditionRule, before: Mapping[str, Known], found: Iterable[Condition], at: float
) -> tuple[dict[str, Known], list[tuple[str, Event]]]:
    """Return the conditions that are known after a look, and the events with their domains.

    A condition fires once, and again when its code changes or its level rises.
    """
    after: dict[str, Known] = {}
    events: list[tuple[str, Event]] = []
    for each in found:
        known = before.get(each.subject)
        same = known is not None and known.code == each.code and known.level >= each.level
        since = at if known is None else min(known.since, at)
        fires = not (known is not None and known.is_fired and same) and at - since >= rule.lasts_s
        was_fired = known is not None and known.is_fired
        after[each.subject] = Known(each.code, since, each.domain, each.level, fires or was_fired)
        if fires:
            events.append((each.domain, Event(rule.rule, each.code, each.subject, each.level, each.figures)))
    if rule.recovery is not None:
        events += [
            (known.domain, Event(rule.rule, rule.recovery, subject, 0))
            for subject, known in before.items()
            if known.is_fired and subject not in after
        ]
    return after, events
