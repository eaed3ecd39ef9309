"""The state of all runs at one moment: in their owner by its engine, elsewhere by the store and the owner's pulse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mxlib.clock import Clock
from mxlib.core.reasons import PauseReason
from mxlib.core.vocabulary import Outcome, PauseCode, RunStatus
from mxlib.runs.circuit_breaker import DOWN_AFTER
from mxlib.runs.engine import Engine
from mxlib.runs.run_state import RunState
from mxlib.store import Tx, journal, pulse
from mxlib.store.pulse import Pulse
from mxlib.store.records import RunRecord


@dataclass(frozen=True, slots=True)
class Situation:
    """Open runs by number, and how MXroute answers; durations in seconds."""

    states: Mapping[int, RunState]
    #: Since MXroute's first failed answer; None while it answers.
    silent_for: float | None
    #: To the next try, while it does not answer.
    next_try_in: float
    #: Until MXroute's limit lets the next row go.
    slot_in: float

    @property
    def is_silent(self) -> bool:
        """Return whether MXroute has not answered for so long that it counts as an outage."""
        return self.silent_for is not None and self.silent_for >= DOWN_AFTER

    @classmethod
    def of(cls, engine: Engine, clock: Clock) -> Self:
        """Return the situation in the process that owns the runs."""
        return cls(engine.states, *_of_host(engine, clock.monotonic()))

    @classmethod
    def stored(cls, tx: Tx, clock: Clock) -> Self:
        """Return the situation in a process that does not own the runs."""
        now = clock.now()
        found = pulse.find(tx, now)
        records = journal.unended_runs(tx)
        counts = journal.counts(tx, [record.id for record in records])
        states = {each.id: _state(each, counts.get(each.id, {}), held=each.id in found.held) for each in records[::-1]}
        age = max(0.0, now - found.at)
        silent_for = None if found.silent_for is None else found.silent_for + age
        left = (max(0.0, seconds - age) for seconds in (found.next_try_in, found.slot_in))
        return cls(states, silent_for, *left)


def take_pulse(engine: Engine, clock: Clock) -> Pulse:
    """Return what other processes cannot know of the runs of this one."""
    return Pulse(
        clock.now(), *_of_host(engine, clock.monotonic()),
        held=tuple(state.id for state in engine.states.values() if state.held), trouble=engine.trouble,
        problems={str(run): sentence for run, sentence in engine.problems_by_run().items()},
    )  # fmt: skip


def _of_host(engine: Engine, moment: float) -> tuple[float | None, float, float]:
    since = engine.health.silent_since
    return (
        None if since is None else moment - since,
        engine.health.retry_after(moment),
        max(0.0, engine.slot_at - moment),
    )


def _state(record: RunRecord, counts: Mapping[str, int], *, held: bool) -> RunState:
    """Return what the journal says of a run, as far as views need it."""
    reason = PauseReason(PauseCode(record.why_code) if record.why_code else None, record.why) if record.why else None
    return RunState(
        record.id, record.operator, frozenset(record.domains), RunStatus(record.status), record.created_at, reason,
        record.undo_of, waiting=list(range(counts.get(Outcome.WAITING, 0))),
        in_flight=set(range(counts.get(Outcome.SENDING, 0) + counts.get(Outcome.SETTLING, 0))),
        note=record.note, held=held,
    )  # fmt: skip
