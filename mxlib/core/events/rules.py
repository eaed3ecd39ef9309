"""The state machines of rules: one state a rule and subject, changed by each reading. Pure.

A rule fires at the first reading over a threshold, and clears after two readings in a row that are CLEAR_BELOW points
below it. So a value that moves around a threshold fires once. A figure that is not known changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mxlib.core.events.vocabulary import Event, EventCode, Rule
from mxlib.core.usage import NEEDED_DAYS, Trend

#: Points below a threshold from which a reading counts towards clearing, and how many such readings clear it.
CLEAR_BELOW, CLEAR_AFTER = 5.0, 2

#: A jump: at least so many messages on a day, and so many times what the mailbox usually sends.
JUMP_LEAST, JUMP_TIMES = 200, 10

#: Seconds without any good read after which the watch has failed.
WATCH_FAILED_S = 3 * 3_600.0

#: How many times the messages of the last event make a new burst on the same day.
BURST_TIMES = 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The classes of a rule, in percent: each has the event that it fires."""

    rule: Rule
    classes: tuple[tuple[float, EventCode], ...]
    #: The event when the lowest class has cleared; None for none.
    recovery: EventCode | None = None

    @property
    def lowest(self) -> float:
        """Return the lowest threshold."""
        return self.classes[0][0]


MAILBOX_STORAGE = Thresholds(
    Rule.MAILBOX_STORAGE,
    ((90.0, EventCode.MAILBOX_NEARLY_FULL), (100.0, EventCode.MAILBOX_FULL)),
    EventCode.MAILBOX_BACK_TO_NORMAL,
)
SEND_LIMIT = Thresholds(Rule.SEND_LIMIT, ((90.0, EventCode.SENT_NEAR_LIMIT),))
ACCOUNT_STORAGE = Thresholds(
    Rule.ACCOUNT_STORAGE,
    ((90.0, EventCode.ACCOUNT_NEARLY_FULL), (100.0, EventCode.ACCOUNT_FULL)),
    EventCode.ACCOUNT_BACK_TO_NORMAL,
)


@dataclass(frozen=True, slots=True)
class Level:
    """The state of a rule with thresholds: for each class, whether it is over, and readings in a row below it.

    -1 stands for a class that is not over.
    """

    below: tuple[int, ...] = ()

    @property
    def highest(self) -> int:
        """Return the highest class that is over, from 1; 0 for none."""
        return max((number for number, each in enumerate(self.below, 1) if each >= 0), default=0)

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {"below": list(self.below)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return it as it was stored."""
        return cls(tuple(int(each) for each in stored.get("below", ())))


def step(
    thresholds: Thresholds, before: Level, subject: str, percent: float | None, figures: Mapping[str, int | float | str]
) -> tuple[Level, Event | None]:
    """Return the state after a reading, and the event that it fires.

    Of several classes that one reading reaches, only the worst fires.
    """
    if percent is None:
        return before, None
    below, fired = [], 0
    known = before.below or (-1,) * len(thresholds.classes)
    for number, ((threshold, _), count) in enumerate(zip(thresholds.classes, known, strict=True), 1):
        if percent >= threshold:
            fired = number if count < 0 else fired
            below.append(0)
        elif count < 0 or percent >= threshold - CLEAR_BELOW:
            below.append(min(count, 0))
        else:
            below.append(-1 if count + 1 >= CLEAR_AFTER else count + 1)
    after = Level(tuple(below)) if max(below) >= 0 else Level()
    if fired:
        return after, Event(thresholds.rule, thresholds.classes[fired - 1][1], subject, fired, figures)
    if before.highest and not after.highest and thresholds.recovery is not None:
        return after, Event(thresholds.rule, thresholds.recovery, subject, 0, figures)
    return after, None


def percent_of(used: float | None, limit: float | None) -> float | None:
    """Return the percent of a limit that is used; a limit of 0 is unlimited.

    None when a figure is not known.
    """
    if used is None or limit is None:
        return None
    return used / limit * 100 if limit > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Burst:
    """The last jump of a mailbox: its day, and the messages sent by then."""

    day: int = -1
    sent: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {"day": self.day, "sent": self.sent}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return it as it was stored."""
        return cls(int(stored.get("day", -1)), int(stored.get("sent", 0)))


def is_jump(sent: int, known: Trend) -> bool:
    """Return whether so many messages are a jump for a mailbox, by its own days.

    Never from fewer than NEEDED_DAYS days with figures.
    """
    if known.sent_days < NEEDED_DAYS or known.usual_sent is None:
        return False
    return sent >= max(JUMP_LEAST, JUMP_TIMES * known.usual_sent)


def jump(before: Burst, subject: str, day: int, sent: int | None, known: Trend) -> tuple[Burst, Event | None]:
    """Return the state after a reading of the day's sent messages, and a jump.

    It fires again at a new burst: on another day, or when BURST_TIMES as many were sent since the last event.
    """
    if sent is None or not is_jump(sent, known):
        return before, None
    if before.day == day and sent < BURST_TIMES * before.sent:
        return before, None
    figures = {"sent": sent, "usual": known.usual_sent or 0}
    return Burst(day, sent), Event(Rule.SENT_JUMP, EventCode.SENT_JUMP, subject, 1, figures)
