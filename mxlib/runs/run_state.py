"""The remaining work of a run in memory; the journal has the same on disk."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from mxlib.core import passwords
from mxlib.core.reasons import PauseReason
from mxlib.core.vocabulary import AT_AN_END, Action, CallerKind, Outcome, PauseCode, RunStatus
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import MXrouteError
from mxlib.mxroute.protocol import Request, Response
from mxlib.store import Tx, journal
from mxlib.store.audit import Actor
from mxlib.store.records import RowRecord, RunRecord

#: After this many rows in a row with the same failure, the cause is not the single row, and the run pauses.
ALIKE = 3

#: Seconds for which an inspection of a mailbox counts, and how many rows are inspected before the first is sent.
INSPECTED_FOR = 5.0
INSPECTED_AHEAD = 3

#: How often in a row a read with a useless response is repeated before the run pauses.
MAX_ODD_RESPONSES = 6

#: Seconds after which an empty list is read again if its domain had mailboxes, and a refused key is tried again.
AGAIN_AFTER = 60.0


#: Writes an entry of the audit log in a transaction.
Note = Callable[[Tx], object]


class RequestPurpose(StrEnum):
    """The purpose of a request."""

    SEND = "send"
    SETTLE = "settle"
    LOOK = "look"
    CHECK = "check"
    INSPECT = "inspect"
    CONFIRM = "confirm"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A read that a run needs: of one row, to settle it or before it is sent, or of a domain."""

    purpose: RequestPurpose
    domain: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request to send now; `row` and `attempt` are set when it sends a row."""

    run: int
    read_task: ReadTask
    request: Request
    sent_at: float
    attempt: int = 0
    row: RowRecord | None = field(default=None, repr=False)
    #: The loading of the run from the journal that it belongs to, as a number.
    serial: int = 0
    #: Its permit: until when it may leave, in seconds since the boot of this machine.
    leaves_before: float = float("inf")

    def may_leave(self, since_boot: float) -> bool:
        """Return whether its permit still holds.

        Later it never leaves: another process may have taken its row over, and counts on that.
        """
        return since_boot <= self.leaves_before


@dataclass(frozen=True, slots=True)
class ReceivedResponse:
    """The response to a request, and when it came: `at` in Unix seconds, `moment` in monotonic ones."""

    job: OutgoingRequest
    answer: Response | MXrouteError
    at: float
    moment: float


@dataclass(slots=True)
class PendingConfirmation:
    """A row, as sent, without a response: when to read it back, and until when MXroute may commit it."""

    row: RowRecord
    due: float
    quiet_until: float
    #: How often its read was refused though the key worked for other requests right after.
    denials: int = 0


@dataclass(slots=True)
class RunState:
    """An open run. Times are monotonic seconds."""

    id: int
    operator: str
    domains: frozenset[str]
    status: RunStatus
    #: When the run was requested, in Unix seconds.
    created_at: float
    pause_reason: PauseReason | None = None
    undo_of: int | None = None
    #: Positions, as a heap: the first row of the file is sent first, however often it is sent.
    waiting: list[int] = field(default_factory=list)
    #: Rows that need no request to MXroute: they are done as soon as the run continues.
    kept_here: list[int] = field(default_factory=list)
    #: Rows with an inspection right before they are sent (domain and username), and when rows were inspected.
    guarded: dict[int, tuple[str, str]] = field(default_factory=dict)
    inspected: dict[int, float] = field(default_factory=dict)
    unsettled: dict[int, PendingConfirmation] = field(default_factory=dict)
    in_flight: set[int] = field(default_factory=set)
    to_look: set[str] = field(default_factory=set)
    to_check: set[str] | None = None
    asked: set[ReadTask] = field(default_factory=set)
    #: Reads are useless now: the key was refused, or MXroute did not respond for hours.
    blind: bool = False
    #: Whether anything was compared with the host at the end.
    compared: bool = False
    #: It is paused only while the store fails, and resumes by itself.
    held: bool = False
    #: The status in memory is newer than the one on disk.
    unsaved: bool = False
    note: str = ""
    #: The earliest time of a postponed read; its number of odd responses; lists that are read a second time.
    later: dict[ReadTask, float] = field(default_factory=dict)
    odd: Counter[ReadTask] = field(default_factory=Counter)
    doubted: set[ReadTask] = field(default_factory=set)
    #: Rows whose mailbox is read by itself, since the list of its domain contradicts them.
    to_confirm: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: Rows that MXroute did not allow, with their earlier uncertainty if any; and reads that it did not allow. A probe
    #: shows whether it allows anything.
    forbidden: dict[int, "PendingConfirmation | None"] = field(default_factory=dict)
    denied: dict[ReadTask, PauseReason] = field(default_factory=dict)
    #: So many rows in a row were not allowed that the run paused; they wait.
    suspected: bool = False
    #: Uncertain rows cannot be read back now.
    stuck: bool = False
    #: A bug of MXM left it half done, and how often; it is reloaded from the journal before it continues.
    broken: bool = False
    faults: int = 0
    serial: int = 0
    #: A problem as a sentence; the run continues.
    trouble: str = ""
    #: When its rows were planned, after which entry of the audit log, and the runs that they were part of.
    planned_at: float = 0.0
    planned_after: int = 0
    lineage: tuple[int, ...] = ()
    similar_failures: list[int] = field(default_factory=list)
    similar_failures_reason: PauseReason | None = None
    #: Audit entries to write with the run's status, at the latest when the store works again.
    notes: tuple[Note, ...] = ()

    @property
    def why(self) -> str:
        """Return why it is paused, as whole sentences; blank while it is not."""
        return self.pause_reason.text if self.pause_reason else ""

    @property
    def actor(self) -> Actor:
        """Return MXM as the actor, on behalf of the operator."""
        return Actor(self.operator, CallerKind.ENGINE)

    @classmethod
    def load(cls, tx: Tx, record: RunRecord, now: float, patience: float) -> "RunState":
        """Load a run from the journal; for `patience` seconds MXroute may still commit unanswered requests."""
        status = RunStatus(record.status)
        state = cls(
            record.id,
            record.operator,
            frozenset(record.domains),
            status,
            record.created_at,
            PauseReason(PauseCode(record.why_code) if record.why_code else None, record.why) if record.why else None,
            record.undo_of,
            note=record.note,
        )
        records = journal.lineage(tx, record)
        state.planned_at, state.planned_after = records[-1].created_at, record.planned_after
        state.lineage = tuple(each.id for each in records)
        state.waiting = journal.waiting_positions(tx, record.id)
        state.guarded = journal.guarded(tx, record.id)
        state.kept_here = journal.waiting_positions(tx, record.id, asking=False)
        for row in journal.rows(tx, record.id, outcomes=(Outcome.SETTLING,)):
            state.unsettled[row.position] = PendingConfirmation(row, now, now + patience)
        if status is RunStatus.RUNNING:
            state.looks_first()
        return state

    def adds(self, note: Note | None) -> None:
        """Write `note` with the status that is not saved yet."""
        self.notes = (*self.notes, *([note] if note else ()))

    @property
    def holds(self) -> frozenset[str]:
        """The domains that nobody else may write to now."""
        acts = self.status in {RunStatus.RUNNING, RunStatus.STOPPING} or self.in_flight or self.unsettled
        return self.domains if acts else frozenset()

    def behind(self, states: Iterable["RunState"]) -> tuple[int, ...]:
        """Return the runs that this one waits for, oldest first.

        They write to a domain of this one, or have waited for it longer.
        """
        first = (
            other.id
            for other in states
            if other is not self
            and not self.domains.isdisjoint(
                other.domains if other.status is RunStatus.QUEUED and other.id < self.id else other.holds
            )
        )
        return tuple(sorted(first))

    @property
    def drained(self) -> bool:
        """Return whether every row has its outcome, as far as this run goes."""
        return not (self.waiting or self.kept_here or self.in_flight or self.unsettled)

    def looks_first(self) -> None:
        """Read every domain before anything is sent: existing mailboxes were made by others.

        Only so is a mailbox that is found after a lost response known to be this run's.
        """
        self.to_look = set(self.domains) if self.waiting else set()
        self.inspected.clear()

    def waits(self, position: int) -> None:
        """Mark the row at `position` to be sent, or sent again."""
        heapq.heappush(self.waiting, position)

    def is_sent(self, position: int) -> None:
        """Mark the row at `position`, the next one, as being sent."""
        heapq.heappop(self.waiting)
        self.inspected.pop(position, None)
        self.in_flight.add(position)

    def is_skipped(self, position: int) -> None:
        """Mark the row at `position`, the next one, as decided without being sent."""
        heapq.heappop(self.waiting)
        self.inspected.pop(position, None)

    def next_read(self, now: float) -> ReadTask | None:
        """Return the read that helps this run most, if one is due."""
        if self.blind:
            return None
        return next((read_task for read_task in self._reads(now) if self._is_due(read_task, now)), None)

    def _reads(self, now: float) -> Iterable[ReadTask]:
        if self.to_probe:
            yield ReadTask(RequestPurpose.PROBE)
        if self.status is RunStatus.RUNNING:
            for domain in sorted(self.to_look):
                yield ReadTask(RequestPurpose.LOOK, domain)
        for position, lost in self.unsettled.items():
            if lost.due <= now:
                yield ReadTask(RequestPurpose.SETTLE, lost.row.domain, position)
        if self.drained and self.status in {RunStatus.RUNNING, RunStatus.STOPPING}:
            for domain in sorted(self.to_check or ()):
                yield ReadTask(RequestPurpose.CHECK, domain)
            for position, (domain, _) in self.to_confirm.items():
                yield ReadTask(RequestPurpose.CONFIRM, domain, position)

    def _is_due(self, read_task: ReadTask, now: float) -> bool:
        return read_task not in self.asked and read_task not in self.denied and self.later.get(read_task, now) <= now

    def next_due(self, now: float) -> float | None:
        """Seconds until the next read may go that may not yet."""
        if self.blind:
            return None
        due = [*(row.due for row in self.unsettled.values()), *self.later.values()]
        return min((at - now for at in due if at > now), default=None)

    def puts_off(self, read_task: ReadTask, moment: float) -> bool:
        """Postpone a read after an odd response, longer each time. Returns whether it was tried often enough."""
        self.odd[read_task] += 1
        self.later[read_task] = moment + 2.0 ** self.odd[read_task]
        return self.odd[read_task] >= MAX_ODD_RESPONSES

    def is_read(self, read_task: ReadTask) -> None:
        """Record that a read task has its response."""
        self.later.pop(read_task, None)
        del self.odd[read_task]
        self.trouble = ""

    def is_stuck(self, moment: float) -> None:
        """Postpone uncertain rows that cannot be read back now until the run has ended."""
        self.stuck = True
        for lost in self.unsettled.values():
            lost.due = max(lost.due, moment + AGAIN_AFTER)

    @property
    def to_probe(self) -> bool:
        """Return whether to find out if the key is refused for everything."""
        return bool(self.forbidden or self.denied or self.suspected)

    @property
    def is_left(self) -> bool:
        """Return whether only uncertain rows are left to read back."""
        return self.status in AT_AN_END

    @property
    def sends(self) -> bool:
        """Return whether rows of this run may be sent now."""
        ready = self.status is RunStatus.RUNNING and not self.to_look and not self.to_probe
        return ready and bool(self.waiting)

    def next_write(self, now: float) -> int | None:
        """Return the position of the row that goes next, if one may go."""
        position = self.waiting[0] if self.sends else None
        return None if position is None or self._is_to_be_inspected(position, now) else position

    def next_inspection(self, now: float) -> ReadTask | None:
        """Return the inspection that a row needs before it is sent soon, if any."""
        for position in heapq.nsmallest(INSPECTED_AHEAD, self.waiting) if self.sends and self.guarded else ():
            if self._is_to_be_inspected(position, now):
                read_task = ReadTask(RequestPurpose.INSPECT, self.guarded[position][0], position)
                if self._is_due(read_task, now):
                    return read_task
        return None

    def _is_to_be_inspected(self, position: int, now: float) -> bool:
        return position in self.guarded and now - self.inspected.get(position, float("-inf")) >= INSPECTED_FOR

    def note_failure(self, position: int, pause_if_repeated: PauseReason | None) -> list[int]:
        """Return the unbroken series of similar failures, this row included; empty after a success."""
        if pause_if_repeated is None:
            return []
        return [*(self.similar_failures if pause_if_repeated == self.similar_failures_reason else ()), position]

    def is_repeated(self, rows: list[int], pause_if_repeated: PauseReason | None) -> bool:
        """Return whether the same failure occurred often enough in a row to pause the run."""
        paused_for_it = self.status is RunStatus.PAUSED and self.pause_reason == pause_if_repeated
        return bool(rows) and (len(rows) >= ALIKE or paused_for_it)


def read_request(state: RunState, read_task: ReadTask) -> Request:
    """Return the read for a read task; a probe reads the domains."""
    match read_task.purpose:
        case RequestPurpose.SETTLE if read_task.position is not None:
            return protocol.read_mailbox(read_task.domain, state.unsettled[read_task.position].row.username)
        case RequestPurpose.INSPECT if read_task.position is not None:
            return protocol.read_mailbox(*state.guarded[read_task.position])
        case RequestPurpose.CONFIRM if read_task.position is not None:
            return protocol.read_mailbox(*state.to_confirm[read_task.position])
        case RequestPurpose.LOOK | RequestPurpose.CHECK:
            return protocol.list_mailboxes(read_task.domain)
        case _:
            return protocol.list_domains()


def write_request(row: RowRecord, password: str) -> Request:
    """Return the request of a row. An update names only changes, and the limit only where MXroute accepts it.

    The password of a lock, and one that the owner replaces, is made here and forgotten with the request.
    """
    match Action(row.action):
        case Action.CREATE:
            password = passwords.generate() if row.set_by_owner else password
            return protocol.create_mailbox(row.domain, row.username, password, row.quota, row.limit)
        case Action.DELETE:
            return protocol.delete_mailbox(row.domain, row.username)
        case Action.LOCK:
            return protocol.update_mailbox(row.domain, row.username, password=passwords.generate())
        case Action.UNLOCK:
            return protocol.update_mailbox(row.domain, row.username, password=password)
        case Action.UPDATE:
            requested = {"password": password or None, "quota": row.quota, "limit": row.limit if password else None}
            changes = {name: value for name, value in requested.items() if value is not None}
            return protocol.update_mailbox(row.domain, row.username, **changes)
