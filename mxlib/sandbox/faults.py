"""Faults between host and client, set in advance, so that a test can repeat them.

A fault has two sides that are independent of each other: whether (and when) the request takes effect, and what its
sender receives. `NAMED` holds the common ones:

    Schedule.of(Rule(NAMED["lost_after"], first=3))                 the third write is done, its response lost
    Schedule.of(Rule(NAMED["rate_limited"], first=5, count=10))     ten refusals one after another
    Schedule.of(Rule(NAMED["stalled"], address="jan@clienta.nl"))   the first write about one mailbox
    Schedule.of(Rule(NAMED["yes_undone"], "delete"))                the first deletion: success, and nothing done
    Schedule.of(Rule(NAMED["empty_list"], "list"))                  the first list of mailboxes is empty
    Schedule.of(Rule(NAMED["forbidden"], "any", count=None))        403 for everything
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self, get_args

from mxlib.sandbox.limits import Kind, What


class Effect(StrEnum):
    """Time at which the request takes effect, if ever."""

    NOW = "now"
    NEVER = "never"
    LATE = "late"


class Answer(StrEnum):
    """The response that the sender receives."""

    USUAL = "usual"
    NONE = "none"
    ERROR = "error"
    HTML = "html"
    BROKEN = "broken"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    PLAN_FULL = "plan_full"
    #: Report success or refusal, whether or not the write took effect.
    YES = "yes"
    NO = "no"
    #: Success with this `data`; or the true list, but half of it, or with an entry twice.
    DATA = "data"
    PARTIAL = "partial"
    REPEATED = "repeated"
    #: A response that never ends, for as long as `delay`; a small body that decompresses to a huge one.
    DRIPPED_HEADERS = "dripped_headers"
    DRIPPED_BODY = "dripped_body"
    PACKED = "packed"


REFUSALS = frozenset({Answer.RATE_LIMITED, Answer.UNAUTHORIZED, Answer.FORBIDDEN, Answer.PLAN_FULL})


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a request fails; the default succeeds.

    A refusal never has an effect, and a usual response cannot report an effect that has yet to happen: both raise
    ValueError.
    """

    answer: Answer = Answer.USUAL
    effect: Effect = Effect.NOW
    delay: float = 0.0  # seconds until the response is sent, or until the connection closes
    late: float = 0.0  # seconds until the effect, when it is late
    status: int = 0  # of an error, a page of HTML or a refusal; 0: 500, 502 and 400
    bare: bool = False  # leave out the rate headers and Retry-After
    data: str = "null"  # JSON that the response `data` carries
    wait: int = 0  # seconds that Retry-After and the reset ask for; 0: the true ones

    def __post_init__(self) -> None:
        if self.answer in REFUSALS and self.effect is not Effect.NEVER:
            raise ValueError(f"A fault that answers {self.answer} has no effect; give it effect 'never'.")
        if self.answer is Answer.USUAL and self.effect is not Effect.NOW:
            raise ValueError("The usual answer goes with effect 'now' only.")
        if min(self.delay, self.late, self.wait) < 0:
            raise ValueError("Delays are seconds from now on.")
        if self.status and not (200 if self.answer is Answer.NO else 500) <= self.status <= 599:
            raise ValueError("The status of a fault is one of 500 to 599; that of a no, one of 200 to 599.")
        json.loads(self.data)


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
    "rate_limited_for_days": Fault(Answer.RATE_LIMITED, Effect.NEVER, wait=1_000_000),
    "resets_in_days": Fault(wait=1_000_000),
    "dripped_headers": Fault(Answer.DRIPPED_HEADERS, delay=90.0),
    "dripped_body": Fault(Answer.DRIPPED_BODY, delay=90.0),
    "packed_twice": Fault(Answer.PACKED),
    # False reports of the effect.
    "yes_undone": Fault(Answer.YES, Effect.NEVER),
    "no_done": Fault(Answer.NO),
    "no_done_403": Fault(Answer.NO, status=403),
    "no_done_404": Fault(Answer.NO, status=404),
    "no_done_422": Fault(Answer.NO, status=422),
    "no_done_success_false": Fault(Answer.NO, status=200),
    # Responses to a read that do not fit it, for lists and for single mailboxes.
    "another_mailbox": Fault(Answer.DATA, data='{"username": "another", "email": "another@else.example"}'),
    "null": Fault(Answer.DATA),
    "empty_object": Fault(Answer.DATA, data="{}"),
    "empty_list": Fault(Answer.DATA, data="[]"),
    "text": Fault(Answer.DATA, data='"text"'),
    "number": Fault(Answer.DATA, data="7"),
    "huge_number": Fault(Answer.DATA, data=f'[{{"username": "x", "quota": {10**400}}}]'),
    "lone_surrogate": Fault(Answer.DATA, data=r'[{"username": "\ud800"}]'),
    "nameless_entry": Fault(Answer.DATA, data='[{"quota": 1024}]'),
    "repeated_entry": Fault(Answer.REPEATED),
    "half_a_list": Fault(Answer.PARTIAL),
}


#: Requests that a rule counts: all, those of a budget, or those of one type.
On = Kind | What | Literal["any"]
_ON = frozenset({"any", *get_args(Kind), *get_args(What)})


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests that a fault applies to: `count` of those that fit, from `first` on.

    `on` and `address` decide which requests fit.
    """

    fault: Fault
    on: On = "write"
    first: int = 1
    count: int | None = 1  # None: for ever
    every: int = 1
    address: str = ""  # a mailbox, or a domain with all its mailboxes; blank: any

    def __post_init__(self) -> None:
        if self.first < 1 or self.every < 1 or (self.count is not None and self.count < 0):
            raise ValueError("Requests are counted from 1.")
        if self.on not in _ON:
            raise ValueError(f"A fault is on one of {', '.join(sorted(_ON))}.")

    def fits(self, kind: Kind, what: What, address: str) -> bool:
        """Return whether the rule counts this request at all."""
        about = not self.address or address == self.address or address.endswith("@" + self.address)
        return about and self.on in (kind, what, "any")

    def strikes(self, number: int) -> bool:
        """Return whether the fault applies to the `number`-th request that fits, counted from 1."""
        turn, off = divmod(number - self.first, self.every)
        return off == 0 and turn >= 0 and (self.count is None or turn < self.count)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Create a rule from flat JSON.

        It has the rule's own fields next to those of its fault, or `fault` as a name in `NAMED`. Raises ValueError with
        a sentence for what is unknown.
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
        """Return the rule as flat JSON that `from_data` reads back."""
        data = asdict(self)
        return {**data.pop("fault"), **data}


_FAULT = frozenset(each.name for each in fields(Fault))
_RULE = frozenset(each.name for each in fields(Rule)) - {"fault"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The faults to come; the first rule that applies decides."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, *rules: Rule) -> Self:
        """Create the schedule of these rules."""
        return cls(rules)

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """Create a schedule from a JSON list of rules, or from one.

        Raises ValueError with a sentence.
        """
        rules = [data] if isinstance(data, dict) else data
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError("Faults are an object, or a list of objects.")
        try:
            return cls(tuple(map(Rule.from_data, rules)))
        except TypeError:
            raise ValueError("A fault has a value of the wrong kind.") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Create a schedule from JSON text."""
        return cls.from_data(json.loads(text))

    def to_data(self) -> list[dict[str, Any]]:
        """Return the schedule as a list that `from_data` reads back."""
        return [rule.to_data() for rule in self.rules]

    def to_json(self) -> str:
        """Return the schedule as JSON text."""
        return json.dumps(self.to_data())


@dataclass(slots=True)
class Play:
    """A schedule in use: it counts the requests that fit each rule."""

    schedule: Schedule
    _counts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._counts = [0] * len(self.schedule.rules)

    def draw(self, kind: Kind, what: What, address: str) -> Fault:
        """Return the fault of the next request; every rule that fits counts it, whichever decides."""
        drawn = FINE
        for at, rule in enumerate(self.schedule.rules):
            if rule.fits(kind, what, address):
                self._counts[at] += 1
                if drawn is FINE and rule.strikes(self._counts[at]):
                    drawn = rule.fault
        return drawn
