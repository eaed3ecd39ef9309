"""Handing over the passwords of a run: who has theirs, messages for single people, and the end of MXM's copy."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

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
from mxlib.store import Store, Tx, audit, hand_over, journal, known_passwords, run_passwords
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.hand_over import HandOver, Owner

#: Files that may have brought their passwords to people. The dialog of a message offers to mark its person.
_OFFERED = frozenset(texts.WAYS) - {HandOverWay.OTHER, HandOverWay.MESSAGE}


class Shown(StrEnum):
    """The people of a run to show."""

    EVERYONE = "everyone"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Person:
    """A person who got a password by a run, and its progress.

    `changed`: something set another password since, so that there is nothing to hand over.
    """

    owner: Owner
    changed: bool

    @property
    def hand_over(self) -> HandOver:
        """Return what was taken and marked."""
        return self.owner.hand_over

    @property
    def is_done(self) -> bool:
        """Return whether the person was marked as having their password."""
        return self.hand_over.at is not None


@dataclass(frozen=True, slots=True)
class Offer:
    """People whose passwords were taken last, in one way, and who are not marked yet."""

    positions: tuple[int, ...]
    way: HandOverWay


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of the people of a run who have their password.

    `changed` counts those whose password was changed since: the other figures leave them out, but for `people`.
    `never_taken` passwords are lost when MXM's copy is erased now. `offer` says whom to offer to mark.
    """

    people: int = 0
    changed: int = 0
    done: int = 0
    never_taken: int = 0
    offer: Offer | None = None

    @property
    def to_have(self) -> int:
        """Count the people whose password is still that of the run."""
        return self.people - self.changed

    @property
    def waiting(self) -> int:
        """Count the people who do not have their password yet."""
        return self.to_have - self.done


@dataclass(frozen=True, slots=True)
class Marked:
    """Marks that were set or taken away, and addresses for which this was not possible."""

    number: int
    left_out: tuple[str, ...] = ()


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
            changed = _changed(tx, run)
            everyone = hand_over.count(tx, run)
            counts = everyone.without(hand_over.count(tx, run, changed))
            way, positions = hand_over.taken_last(tx, run, _OFFERED, changed)
        offer = Offer(tuple(positions), way) if way else None
        return Progress(everyone.people, len(changed), counts.marked, counts.lost, offer)

    def people(
        self, caller: Caller, run: int, shown: Shown = Shown.EVERYONE, *, start: int = 0, most: int | None = None
    ) -> tuple[Person, ...]:
        """Return the people of a run in file order: `most` of those to show, from the one at `start` on."""
        self._runs.must_have(caller, run)
        with self._store.read() as tx:
            changed = _changed(tx, run)
            everyone = shown is Shown.EVERYONE
            owners = hand_over.owners(
                tx, run, marked=None if everyone else shown is Shown.DONE, without=() if everyone else changed,
                start=start, most=most,
            )  # fmt: skip
        return _people(owners, changed)

    def version(self, caller: Caller, run: int) -> tuple[int, int, float, float]:
        """Return figures that change with the progress, and cost little."""
        self._runs.must_have(caller, run)
        with self._store.read() as tx:
            return hand_over.version(tx, run)

    def mark(self, caller: Caller, run: int, positions: Collection[int], way: HandOverWay) -> int:
        """Mark people as having their password; return how many were not marked before."""
        todo = [each for each in self._at(caller, run, positions) if not each.is_done and not each.changed]
        if todo:
            now = self._clock.now()
            with self._store.write() as tx:
                hand_over.mark(tx, run, [each.owner.position for each in todo], way, caller.name, now)
                outcome = texts.marked([each.owner.address for each in todo], way)
                audit.record(tx, caller, AuditAction.HAND_OVER_MARK, at=now, run=run, outcome=outcome)
        return len(todo)

    def unmark(self, caller: Caller, run: int, positions: Collection[int]) -> int:
        """Take the marks of people away; return how many had one."""
        todo = [each for each in self._at(caller, run, positions) if each.is_done]
        if todo:
            with self._store.write() as tx:
                hand_over.unmark(tx, run, [each.owner.position for each in todo])
                outcome, now = texts.marked([each.owner.address for each in todo]), self._clock.now()
                audit.record(tx, caller, AuditAction.HAND_OVER_UNMARK, at=now, run=run, outcome=outcome)
        return len(todo)

    def mark_addresses(self, caller: Caller, run: int, addresses: Collection[str], way: HandOverWay | None) -> Marked:
        """Mark the people of these addresses; without a `way` take their marks away.

        Those without a password of this run, and those whose password was changed since, are left out.
        """
        self._runs.must_have(caller, run)
        asked = {address.strip().lower() for address in addresses}
        with self._store.read() as tx:
            positions = hand_over.positions_of(tx, run, asked)
            changed = _changed(tx, run) if way else frozenset()
        left_out = sorted(each for each in asked if not set(positions.get(each, ())) - changed)
        chosen = [position for some in positions.values() for position in some]
        number = self.mark(caller, run, chosen, way) if way else self.unmark(caller, run, chosen)
        return Marked(number, tuple(left_out))

    def renew(self, caller: Caller, run: int, position: int, password: str) -> bool:
        """Put a password that the caller just set by hand among those to hand over.

        Return whether MXM keeps it: it is erased with the others, and not kept where these are erased. Raises
        InvalidState unless the caller set the last password of that mailbox.
        """
        self._runs.must_have(caller, run)
        with self._store.write() as tx:
            person = next(iter(_people(hand_over.owners_at(tx, run, {position}), _changed(tx, run))), None)
            if person is None or known_passwords.last_set_by(tx, person.owner.address) != caller.name:
                raise InvalidState(texts.NO_PASSWORD)
            now = self._clock.now()
            hand_over.renew(tx, run, position, now)
            audit.record(tx, caller, AuditAction.HAND_OVER_RENEW, at=now, on=person.owner.address, run=run)
            try:
                return run_passwords.renew(tx, self._store.key, run, position, password)
            except DecryptionFailed as error:
                raise InvalidState(str(error)) from error

    def message(self, caller: Caller, run: int, position: int) -> str:
        """Take the message for one person, with their password.

        Raises Forbidden, NotRecent, and InvalidState where MXM has no password for them.
        """
        caller.require_recent()
        person = next(iter(self._at(caller, run, {position})), None)
        if person is None:
            raise InvalidState(texts.NO_PASSWORD)
        with self._store.read() as tx:
            row = journal.get_row(tx, run, position)
        password = results.password_of(self._store, run, row)
        if password in ("", messages.UNREADABLE):
            raise InvalidState(texts.NO_PASSWORD)
        now, address = self._clock.now(), person.owner.address
        stationery = self._texts.stationery(TextKind.MESSAGE, [row.domain])[row.domain]
        cells = results.own_cells_of(self._store, row)
        text = stationery.filled(person.owner.name, address, password, cells=cells).body
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

    def _at(self, caller: Caller, run: int, positions: Collection[int]) -> tuple[Person, ...]:
        self._runs.must_have(caller, run)
        with self._store.read() as tx:
            return _people(hand_over.owners_at(tx, run, set(positions)), _changed(tx, run))


def _people(owners: Iterable[Owner], changed: Collection[int]) -> tuple[Person, ...]:
    return tuple(Person(each, each.position in changed) for each in owners)


def _changed(tx: Tx, run: int) -> frozenset[int]:
    """Return the positions of people whose password was changed since."""
    found = hand_over.positions_of(tx, run, known_passwords.changed_since(tx, run))
    return frozenset(position for positions in found.values() for position in positions)
