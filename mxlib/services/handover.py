"""Handing over the passwords of a run: who has theirs, messages for single people, and the end of MXM's copy."""

from collections.abc import Collection
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.core.handover.texts import TextKind
from mxlib.core.text import handover as texts
from mxlib.core.vocabulary import AuditAction, HandOverWay
from mxlib.runs import messages, results
from mxlib.runs.manager import InvalidState
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.runs import RunService
from mxlib.store import Store, audit, hand_over, journal, known_passwords
from mxlib.store.hand_over import HandOver, Owner

#: Files that may have brought their passwords to people. The dialog of a message offers to mark its person.
_OFFERED = frozenset(texts.WAYS) - {HandOverWay.OTHER, HandOverWay.MESSAGE}


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a password of a run, and how far its handing over is.

    `changed`: something set another password since, so that there is nothing to hand over.
    """

    owner: Owner
    hand_over: HandOver
    changed: bool

    @property
    def is_done(self) -> bool:
        """Return whether the person was marked as having their password."""
        return self.hand_over.at is not None

    @property
    def is_lost(self) -> bool:
        """Return whether erasing MXM's copy now loses a password that nobody took."""
        return not (self.changed or self.is_done or self.hand_over.taken_at is not None)


@dataclass(frozen=True, slots=True)
class Offer:
    """People whose passwords were taken last, in one way, and who are not marked yet."""

    positions: tuple[int, ...]
    way: HandOverWay


@dataclass(frozen=True, slots=True)
class Progress:
    """The people of a run, in file order."""

    people: tuple[Person, ...] = ()

    @property
    def to_have(self) -> tuple[Person, ...]:
        """Return the people whose password is still that of the run."""
        return tuple(each for each in self.people if not each.changed)

    @property
    def done(self) -> int:
        """Count the people who have their password."""
        return sum(each.is_done for each in self.to_have)

    @property
    def never_taken(self) -> int:
        """Count the passwords that are lost when MXM's copy is erased now."""
        return sum(each.is_lost for each in self.people)

    @property
    def offer(self) -> Offer | None:
        """Return whom to offer to mark after their passwords were taken; None for nobody."""
        open_ones = [each for each in self.to_have if not each.is_done and each.hand_over.taken_as in _OFFERED]
        if not open_ones:
            return None
        last = max(open_ones, key=lambda each: each.hand_over.taken_at or 0.0).hand_over
        at_once = [each.owner.position for each in open_ones if each.hand_over.taken_at == last.taken_at]
        return Offer(tuple(at_once), last.taken_as or HandOverWay.OTHER)


@resolves_callers
class HandoverService:
    """Shows and marks who has their password.

    Only those who may have the results of a run may do so.
    """

    def __init__(self, store: Store, runs: RunService, message_texts: HandoverTexts, clock: Clock) -> None:
        self._store, self._runs, self._texts, self._clock = store, runs, message_texts, clock

    def progress(self, caller: Caller, run: int) -> Progress:
        """Return how far the handing over of a run's passwords is."""
        self._runs.must_have(caller, run)
        with self._store.read() as tx:
            owners, stored = hand_over.owners(tx, run), hand_over.find(tx, run)
            changed = known_passwords.changed_since(tx, run, [each.address for each in owners])
        return Progress(
            tuple(Person(each, stored.get(each.position, HandOver()), each.address in changed) for each in owners)
        )

    def version(self, caller: Caller, run: int) -> tuple[int, int, float]:
        """Return figures that change with the progress, and cost little."""
        self._runs.must_have(caller, run)
        with self._store.read() as tx:
            return hand_over.version(tx, run)

    def mark(self, caller: Caller, run: int, positions: Collection[int], way: HandOverWay) -> int:
        """Mark people as having their password; return how many were not marked before."""
        people = self._people(caller, run, positions)
        todo = [each for each in people if not each.is_done and not each.changed]
        if todo:
            now = self._clock.now()
            with self._store.write() as tx:
                hand_over.mark(tx, run, [each.owner.position for each in todo], way, caller.name, now)
                outcome = texts.marked([each.owner.address for each in todo], way)
                audit.record(tx, caller, AuditAction.HAND_OVER_MARK, at=now, run=run, outcome=outcome)
        return len(todo)

    def unmark(self, caller: Caller, run: int, positions: Collection[int]) -> int:
        """Take the marks of people away; return how many had one."""
        todo = [each for each in self._people(caller, run, positions) if each.is_done]
        if todo:
            with self._store.write() as tx:
                hand_over.unmark(tx, run, [each.owner.position for each in todo])
                outcome, now = texts.marked([each.owner.address for each in todo]), self._clock.now()
                audit.record(tx, caller, AuditAction.HAND_OVER_UNMARK, at=now, run=run, outcome=outcome)
        return len(todo)

    def message(self, caller: Caller, run: int, position: int) -> str:
        """Take the message for one person, with their password.

        Raises Forbidden, NotRecent, and InvalidState where MXM has no password for them.
        """
        caller.require_recent()
        person = next(iter(self._people(caller, run, {position})), None)
        if person is None:
            raise InvalidState(texts.NO_PASSWORD)
        with self._store.read() as tx:
            row = journal.get_row(tx, run, position)
        password = results.password_of(self._store, run, row)
        if password in ("", messages.UNREADABLE):
            raise InvalidState(texts.NO_PASSWORD)
        now, address = self._clock.now(), person.owner.address
        stationery = self._texts.stationery(TextKind.MESSAGE, [row.domain])[row.domain]
        text = stationery.filled(person.owner.name, address, password).body
        with self._store.write() as tx:
            hand_over.take(tx, run, [position], HandOverWay.MESSAGE, now)
            journal.set_run(tx, run, downloaded_at=now)
            audit.record(tx, caller, AuditAction.MESSAGE_TAKE, at=now, on=address, run=run)
        return text

    def erase(self, caller: Caller, run: int, *, agreed: int) -> None:
        """Erase MXM's copy of a run's passwords.

        `agreed` is how many passwords that nobody took the caller agreed to lose; raises InvalidState for more.
        """
        lost = self.progress(caller, run).never_taken
        if lost > agreed:
            raise InvalidState(texts.not_agreed(lost))
        self._runs.handed_over(caller, run)

    def _people(self, caller: Caller, run: int, positions: Collection[int]) -> list[Person]:
        asked = frozenset(positions)
        return [each for each in self.progress(caller, run).people if each.owner.position in asked]
