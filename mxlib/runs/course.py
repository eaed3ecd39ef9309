"""What one run still has to do, as the engine holds it in memory; the journal says the same on disk."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from mxlib.mxroute.errors import MXrouteError
from mxlib.mxroute.messages import Answer, Request
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.store import Tx, journal
from mxlib.store.records import RowRecord, RunRecord

#: So many rows running that end alike mean more than each of them: the run pauses.
ALIKE = 3

#: Seconds for which a look at a mailbox counts, and how many rows are looked at before the first of them goes.
INSPECTED_FOR = 5.0
INSPECTED_AHEAD = 3


class Purpose(StrEnum):
    """Why a request goes out."""

    SEND = "send"
    SETTLE = "settle"
    LOOK = "look"
    CHECK = "check"
    INSPECT = "inspect"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Errand:
    """A read that a run wants: of one row, to settle it or before it is sent, or of a domain."""

    purpose: Purpose
    domain: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A request that goes out now, and for whom; `row` and `attempt` are set when it sends a row."""

    run: int
    errand: Errand
    request: Request
    sent_at: float
    attempt: int = 0
    row: RowRecord | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a job: when, in Unix seconds and in monotonic ones."""

    job: Job
    answer: Answer | MXrouteError
    at: float
    moment: float


@dataclass(slots=True)
class Unsettled:
    """A row, as it was sent, that got no answer: when to read it back, and until when the host may still commit it."""

    row: RowRecord
    due: float
    quiet_until: float


@dataclass(slots=True)
class Course:
    """One run on its way. Times are monotonic seconds."""

    id: int
    operator: str
    domains: frozenset[str]
    status: RunStatus
    #: When the run was asked for, in Unix seconds.
    created_at: float
    why: str = ""
    undo_of: int | None = None
    #: Positions, as a heap: the first row of the file goes first, however often it has to go.
    waiting: list[int] = field(default_factory=list)
    #: Rows that ask nothing of the host: they are done as soon as the run goes on.
    kept_here: list[int] = field(default_factory=list)
    #: Rows whose mailbox is looked at right before they are sent: domain and username; and those looked at, and when.
    guarded: dict[int, tuple[str, str]] = field(default_factory=dict)
    inspected: dict[int, float] = field(default_factory=dict)
    unsettled: dict[int, Unsettled] = field(default_factory=dict)
    in_flight: set[int] = field(default_factory=set)
    to_look: set[str] = field(default_factory=set)
    to_check: set[str] | None = None
    asked: set[Errand] = field(default_factory=set)
    #: Reading is no use now: the key was refused, or nobody answered for hours.
    blind: bool = False
    #: Whether anything was compared with the host at the end.
    compared: bool = False
    #: It is paused only for as long as the store does not work; nobody has to resume it.
    held: bool = False
    #: The status in memory is newer than the one on disk.
    unsaved: bool = False
    note: str = ""
    alike: list[int] = field(default_factory=list)
    alike_in: str = ""

    @classmethod
    def load(cls, tx: Tx, record: RunRecord, now: float, patience: float) -> "Course":
        """Take up a run from the journal; for `patience` seconds the host may still commit what got no answer."""
        status = RunStatus(record.status)
        course = cls(
            record.id,
            record.operator,
            frozenset(record.domains),
            status,
            record.created_at,
            record.why,
            record.undo_of,
            note=record.note,
        )
        course.waiting = journal.waiting_positions(tx, record.id)
        course.guarded = journal.guarded(tx, record.id)
        course.kept_here = journal.waiting_positions(tx, record.id, asking=False)
        for row in journal.rows(tx, record.id, outcomes=(Outcome.SETTLING,)):
            course.unsettled[row.position] = Unsettled(row, now, now + patience)
        if status is RunStatus.RUNNING:
            course.looks_first()
        return course

    @property
    def holds(self) -> frozenset[str]:
        """The domains that nobody else may write to now."""
        acts = self.status in {RunStatus.RUNNING, RunStatus.STOPPING} or self.in_flight or self.unsettled
        return self.domains if acts else frozenset()

    def behind(self, courses: Iterable["Course"]) -> tuple[int, ...]:
        """Those of `courses` that write to a domain of this one, or waited for it longer, oldest first."""
        first = (
            other.id
            for other in courses
            if other is not self
            and not self.domains.isdisjoint(
                other.domains if other.status is RunStatus.QUEUED and other.id < self.id else other.holds
            )
        )
        return tuple(sorted(first))

    @property
    def drained(self) -> bool:
        """Whether every row has its outcome, as far as this run goes on."""
        return not (self.waiting or self.kept_here or self.in_flight or self.unsettled)

    def looks_first(self) -> None:
        """Read every domain before anything is sent: what is there by then was made by somebody else.

        Only so is a mailbox that is found after a lost answer known to be ours.
        """
        self.to_look = set(self.domains) if self.waiting else set()
        self.inspected.clear()

    def waits(self, position: int) -> None:
        """The row at `position` is to be sent, or sent again."""
        heapq.heappush(self.waiting, position)

    def is_sent(self, position: int) -> None:
        """The row at `position`, the next one, is on its way."""
        heapq.heappop(self.waiting)
        self.inspected.pop(position, None)
        self.in_flight.add(position)

    def next_read(self, now: float) -> Errand | None:
        """The read that helps this run most, if one is due."""
        if self.blind:
            return None
        if self.status is RunStatus.RUNNING:
            for domain in sorted(self.to_look):
                if (errand := Errand(Purpose.LOOK, domain)) not in self.asked:
                    return errand
        for position, lost in self.unsettled.items():
            errand = Errand(Purpose.SETTLE, lost.row.domain, position)
            if lost.due <= now and errand not in self.asked:
                return errand
        if self.drained and self.status in {RunStatus.RUNNING, RunStatus.STOPPING}:
            for domain in sorted(self.to_check or ()):
                if (errand := Errand(Purpose.CHECK, domain)) not in self.asked:
                    return errand
        return None

    def next_due(self, now: float) -> float | None:
        """Seconds until the next row may be read back that may not yet."""
        if self.blind:
            return None
        return min((row.due - now for row in self.unsettled.values() if row.due > now), default=None)

    @property
    def sends(self) -> bool:
        """Whether rows of this run may go now."""
        return self.status is RunStatus.RUNNING and not self.to_look and bool(self.waiting)

    def next_write(self, now: float) -> int | None:
        """The position of the row that goes next, if one may go."""
        position = self.waiting[0] if self.sends else None
        return None if position is None or self._is_to_be_inspected(position, now) else position

    def next_inspection(self, now: float) -> Errand | None:
        """The look at the mailbox of a row that is about to be sent, if it wants one."""
        for position in heapq.nsmallest(INSPECTED_AHEAD, self.waiting) if self.sends and self.guarded else ():
            if self._is_to_be_inspected(position, now):
                errand = Errand(Purpose.INSPECT, self.guarded[position][0], position)
                if errand not in self.asked:
                    return errand
        return None

    def _is_to_be_inspected(self, position: int, now: float) -> bool:
        return position in self.guarded and now - self.inspected.get(position, float("-inf")) >= INSPECTED_FOR

    def alike_with(self, position: int, thrice: str) -> list[int]:
        """The rows that ended like this one without a break, this one included; none when it ended well."""
        if not thrice:
            return []
        return [*(self.alike if thrice == self.alike_in else ()), position]

    def too_alike(self, rows: list[int], thrice: str) -> bool:
        """Whether rows that ended alike mean more than each of them, and so wait: enough of them, or stragglers."""
        paused_for_it = self.status is RunStatus.PAUSED and self.why == thrice
        return bool(rows) and (len(rows) >= ALIKE or paused_for_it)
