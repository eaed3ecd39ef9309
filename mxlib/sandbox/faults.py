"""What may go wrong between the host and its client, and when: told ahead, so that a test can repeat it.

A fault has two sides that are independent of each other: whether (and when) the request takes effect, and what
its sender gets to see. `NAMED` holds the ones worth a name:

    Schedule.of(Rule(NAMED["lost_after"], first=3))                 the third write is made, its answer lost
    Schedule.of(Rule(NAMED["rate_limited"], first=5, count=10))     a storm of ten refusals
    Schedule.of(Rule(NAMED["stalled"], address="jan@clienta.nl"))   the first write about one mailbox
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self

from mxlib.sandbox.limits import Kind


class Effect(StrEnum):
    """Whether the request takes effect."""

    NOW = "now"
    NEVER = "never"
    LATE = "late"


class Answer(StrEnum):
    """What the sender gets to see."""

    USUAL = "usual"
    NONE = "none"
    ERROR = "error"
    HTML = "html"
    BROKEN = "broken"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    PLAN_FULL = "plan_full"


REFUSALS = frozenset({Answer.RATE_LIMITED, Answer.UNAUTHORIZED, Answer.FORBIDDEN, Answer.PLAN_FULL})


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a request goes wrong; the default goes right.

    A refusal never has an effect, and an answer can not tell of an effect that is yet to come: ValueError.
    """

    answer: Answer = Answer.USUAL
    effect: Effect = Effect.NOW
    delay: float = 0.0  # seconds until the answer leaves, or until the connection closes
    late: float = 0.0  # seconds until the effect, when it is late
    status: int = 0  # of an error or a page of HTML; 0: 500 and 502
    bare: bool = False  # leave out the rate headers and Retry-After

    def __post_init__(self) -> None:
        if self.answer in REFUSALS and self.effect is not Effect.NEVER:
            raise ValueError(f"A fault that answers {self.answer} has no effect; give it effect 'never'.")
        if self.answer is Answer.USUAL and self.effect is not Effect.NOW:
            raise ValueError("The usual answer goes with effect 'now' only.")
        if min(self.delay, self.late) < 0:
            raise ValueError("Delays are seconds from now on.")
        if self.status and not 500 <= self.status <= 599:
            raise ValueError("The status of a fault is one of 500 to 599.")


FINE = Fault()
NAMED = {
    "lost_before": Fault(Answer.NONE, Effect.NEVER),
    "lost_after": Fault(Answer.NONE),
    "lost_late": Fault(Answer.NONE, Effect.LATE, late=25.0),
    "stalled": Fault(delay=60.0),
    "stalled_before": Fault(Answer.NONE, Effect.NEVER, delay=60.0),
    "stalled_late": Fault(Answer.NONE, Effect.LATE, delay=60.0, late=45.0),
    "error_before": Fault(Answer.ERROR, Effect.NEVER),
    "error_after": Fault(Answer.ERROR),
    "error_late": Fault(Answer.ERROR, Effect.LATE, late=5.0, status=504),
    "html_before": Fault(Answer.HTML, Effect.NEVER, bare=True),
    "html_after": Fault(Answer.HTML, bare=True),
    "broken_before": Fault(Answer.BROKEN, Effect.NEVER),
    "broken_after": Fault(Answer.BROKEN),
    "rate_limited": Fault(Answer.RATE_LIMITED, Effect.NEVER),
    "rate_limited_bare": Fault(Answer.RATE_LIMITED, Effect.NEVER, bare=True),
    "unauthorized": Fault(Answer.UNAUTHORIZED, Effect.NEVER),
    "forbidden": Fault(Answer.FORBIDDEN, Effect.NEVER),
    "plan_full": Fault(Answer.PLAN_FULL, Effect.NEVER),
    "no_rate_headers": Fault(bare=True),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests a fault befalls: of those that fit `on` and `address`, so many from the `first`."""

    fault: Fault
    on: Literal["write", "read", "any"] = "write"
    first: int = 1
    count: int | None = 1  # None: for ever
    every: int = 1
    address: str = ""  # a mailbox, or a domain with all its mailboxes; blank: any

    def __post_init__(self) -> None:
        if self.first < 1 or self.every < 1 or (self.count is not None and self.count < 0):
            raise ValueError("Requests are counted from 1.")
        if self.on not in ("write", "read", "any"):
            raise ValueError("A fault is on 'write', 'read' or 'any'.")

    def fits(self, kind: Kind, address: str) -> bool:
        """Whether the rule counts this request at all."""
        about = not self.address or address == self.address or address.endswith("@" + self.address)
        return about and self.on in (kind, "any")

    def strikes(self, number: int) -> bool:
        """Whether the fault befalls the `number`-th request that fits, counted from 1."""
        turn, off = divmod(number - self.first, self.every)
        return off == 0 and turn >= 0 and (self.count is None or turn < self.count)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """A rule from flat JSON: its own fields beside those of its fault, or `fault` as a name in `NAMED`.

        Raises ValueError with a sentence for what is unknown.
        """
        data = dict(data)
        name = data.pop("fault", None)
        if name is not None and name not in NAMED:
            raise ValueError(f"No fault is called {name!r}; there are {', '.join(NAMED)}.")
        if unknown := data.keys() - _RULE - _FAULT:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        if not isinstance(data.get("address", ""), str):
            raise ValueError("The address of a fault is text.")
        of_fault = {key: data.pop(key) for key in _FAULT & data.keys()}
        if "answer" in of_fault:
            of_fault["answer"] = Answer(of_fault["answer"])
        if "effect" in of_fault:
            of_fault["effect"] = Effect(of_fault["effect"])
        return cls(replace(NAMED[name] if name else FINE, **of_fault), **data)

    def to_data(self) -> dict[str, Any]:
        """The rule as flat JSON that `from_data` reads back."""
        data = asdict(self)
        return {**data.pop("fault"), **data}


_FAULT = frozenset(each.name for each in fields(Fault))
_RULE = frozenset(each.name for each in fields(Rule)) - {"fault"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The faults to come; the first rule that strikes decides."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, *rules: Rule) -> Self:
        """The schedule of these rules."""
        return cls(rules)

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """A schedule from a JSON list of rules, or from one rule; ValueError with a sentence when it can not be."""
        rules = [data] if isinstance(data, dict) else data
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError("Faults are an object, or a list of objects.")
        try:
            return cls(tuple(map(Rule.from_data, rules)))
        except TypeError:
            raise ValueError("A fault has a value of the wrong kind.") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A schedule from JSON text."""
        return cls.from_data(json.loads(text))

    def to_data(self) -> list[dict[str, Any]]:
        """The schedule as a list that `from_data` reads back."""
        return [rule.to_data() for rule in self.rules]

    def to_json(self) -> str:
        """The schedule as JSON text."""
        return json.dumps(self.to_data())


@dataclass(slots=True)
class Play:
    """A schedule being played: it counts the requests that fit each rule."""

    schedule: Schedule
    _counts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._counts = [0] * len(self.schedule.rules)

    def draw(self, kind: Kind, address: str) -> Fault:
        """The fault of the next request; every rule that fits counts it, whichever decides."""
        drawn = FINE
        for at, rule in enumerate(self.schedule.rules):
            if rule.fits(kind, address):
                self._counts[at] += 1
                if drawn is FINE and rule.strikes(self._counts[at]):
                    drawn = rule.fault
        return drawn
