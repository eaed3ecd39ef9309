"""The pulse: figures that only the owner of the runs has in memory, for the pages of other processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa

from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Seconds after which a pulse says nothing any longer.
FRESH_S = 30.0

_NAME = "pulse"
_READ = sa.select(meta.c.value).where(meta.c.name == _NAME)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The state of the runs `at` a time, in Unix seconds."""

    at: float
    #: Seconds since MXroute's first failed answer; None while it answers.
    silent_for: float | None = None
    #: Seconds until the next try, while it does not answer.
    next_try_in: float = 0.0
    #: Seconds until MXroute's limit lets the next row go.
    slot_in: float = 0.0
    #: Runs that go on by themselves once the store works again.
    held: tuple[int, ...] = ()
    #: What is wrong with all runs; with single ones, a sentence by number.
    trouble: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


def put(tx: Tx, pulse: Pulse) -> None:
    """Store the pulse, in place of the one before."""
    put_fact(tx, _NAME, json.dumps(asdict(pulse)))


def find(tx: Tx, now: float) -> Pulse:
    """Return the pulse of a living owner.

    Without one, nothing is known, and the host counts as answering.
    """
    value = tx.execute(_READ).scalar()
    if not value:
        return Pulse(now)
    fields = json.loads(value)
    found = Pulse(**fields | {"held": tuple(fields["held"])})
    return found if abs(now - found.at) < FRESH_S else Pulse(now)
