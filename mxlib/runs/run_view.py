"""A run as pages, API and command line tell it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mxlib.clock import Clock
from mxlib.core.notes import Note, NoteCode
from mxlib.core.text import labels, links, notes, run_status
from mxlib.core.vocabulary import AT_AN_END, DONE, OPEN, RETRIED, Outcome, PauseCode, RunKind, RunStatus, Wish
from mxlib.runs.row_counts import RowCounts
from mxlib.runs.run_state import RunState
from mxlib.runs.situation import Situation
from mxlib.store import Tx, erasure, journal, run_notes, run_passwords
from mxlib.store import links as kept_links
from mxlib.store.encryption import ServerKey
from mxlib.store.records import RunRecord


class Passwords(StrEnum):
    """The state of a run's passwords. They are erased once no file of this server has them."""

    NONE = "none"
    KEPT = "kept"
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class RunView:
    """State of one run, at one instant. Times are Unix seconds; None = not (yet)."""

    id: int
    status: RunStatus
    file_name: str
    operator: str
    domains: tuple[str, ...]
    total: int
    counts: Mapping[Outcome, int]
    created_at: float
    started_at: float | None
    finished_at: float | None
    #: When it will be done, with the runs ahead of it included; None when it does not progress or has ended.
    eta_at: float | None = None
    #: The runs that it is queued behind, oldest first.
    behind: tuple[int, ...] = ()
    #: When a queued run will start, as far as is known; None when it is not queued, or MXroute does not answer.
    turn_at: float | None = None
    #: Seconds until MXroute's limit lets the next row go; 0.0 when nothing waits for it.
    waiting_seconds: float = 0.0
    #: When MXroute stopped responding, and the seconds until the next try.
    silent_since: float | None = None
    next_try_seconds: float = 0.0
    #: Seconds since MXroute's first failed answer, before the silence counts as an outage; 0.0 when it answers.
    unanswered_seconds: float = 0.0
    #: Why it is paused, and what to do: one or more whole sentences.
    paused_reason: str = ""
    paused_code: PauseCode | None = None
    #: Whether it continues by itself once the store works again.
    held: bool = False
    #: When the results were compared with the host, how many differ, and the first difference as a phrase.
    checked_at: float | None = None
    differences: int = 0
    difference: str = ""
    #: A remark for the operator, for example that a comparison could not be made.
    note: str = ""
    passwords_until: float | None = None
    handed_over_at: float | None = None
    downloaded_at: float | None = None
    seen: bool = False
    retry_of: int | None = None
    kind: RunKind = RunKind.IMPORT
    undo_of: int | None = None
    #: The runs that take it back, or did, oldest first.
    undone_by: tuple[int, ...] = ()
    #: Its passwords were readable once and no longer are.
    forgotten: bool = False
    #: Rows that the reader may not see, counted in no other figure here.
    hidden: int = 0
    #: Its passwords were forgotten, and are not in no file yet.
    erasing: bool = False
    #: Whether its passwords are kept under another key than the server has now.
    locked: bool = False
    #: Notes about its file.
    notes: tuple[Note, ...] = ()
    #: Of a run of links: the people who have set their own password.
    set_theirs: int = 0
    #: Whether it asks owners of mailboxes for a recovery email.
    asks_recovery: bool = False
    #: What was asked of it in another process, and is not done yet.
    wish: Wish | None = None

    @property
    def title(self) -> str:
        """Return what the run is about."""
        return labels.run_title(
            self.kind, self.file_name, self.total, self.created_at, self.undo_of, asks_recovery=self.asks_recovery
        )

    def progress_text(self, now: float) -> str:
        """Return its progress by outcome, and the time left where it is known."""
        left = None if self.eta_at is None else max(0.0, self.eta_at - now)
        return run_status.running(self._figures, self.total, left)

    @property
    def status_text(self) -> str:
        """Return why the run waits, paused or ended; blank while it is simply active."""
        return " ".join(filter(None, (run_status.asked(self.wish) if self.wish else "", self._state_text)))

    @property
    def _state_text(self) -> str:
        match self.status:
            case RunStatus.PAUSED:
                return run_status.paused(self.open, self.paused_reason)
            case RunStatus.FINISHED | RunStatus.STOPPED if self.kind is RunKind.LINKS:
                return ""
            case RunStatus.FINISHED | RunStatus.STOPPED:
                text = run_status.finished(
                    self._figures,
                    checked_at=self.checked_at,
                    differences=self.differences,
                    difference=self.difference,
                    readable_until=self.passwords_until,
                    downloaded=self.downloaded_at is not None,
                    handed_over=self.handed_over_at is not None,
                    locked=self.locked,
                    erasing=self.erasing,
                )
                by_owners = notes.set_by_owners(self.set_by_owners) if self.set_by_owners else ""
                return " ".join(filter(None, (text, by_owners, self.note)))
            case RunStatus.QUEUED:
                return run_status.queued(self.open, self.behind, self.turn_at)
            case RunStatus.STOPPING:
                return "Stopping: what is in flight finishes first."
            case _ if self.silent_since is not None:
                return run_status.host_silent(self.silent_since, self.next_try_seconds, self.open)
            case _ if self.unanswered_seconds:
                return run_status.unanswered(self.unanswered_seconds, self.open)
            case _ if self.waiting_seconds >= 1:
                return run_status.waiting(self.waiting_seconds)
            case _:
                return ""

    @property
    def result_text(self) -> str:
        """Return how many rows have each outcome."""
        if self.kind is RunKind.LINKS:
            summary = links.asked_summary if self.asks_recovery else links.summary
            return summary(self.set_theirs, self.total - self.set_theirs)
        return run_status.result(self._figures)

    @property
    def details_text(self) -> str:
        """Return what `status_text` of an ended run adds to its result."""
        return self.status_text.removeprefix(self.result_text).strip()

    @property
    def _figures(self) -> dict[str, int]:
        return {outcome.value: rows for outcome, rows in self.counts.items()}

    @property
    def open(self) -> int:
        """Rows that are not decided yet."""
        return sum(self.counts.get(outcome, 0) for outcome in OPEN)

    @property
    def decided(self) -> int:
        """Rows that have their final outcome."""
        return self.total - self.open

    @property
    def done(self) -> int:
        """Rows for which the host now is as they asked."""
        return sum(self.counts.get(outcome, 0) for outcome in DONE)

    @property
    def retriable(self) -> int:
        """Rows that *Retry failed rows* would send again."""
        return sum(self.counts.get(outcome, 0) for outcome in RETRIED)

    @property
    def passwords(self) -> Passwords:
        """Return the state of its passwords."""
        if self.erasing:
            return Passwords.ERASING
        if self.has_passwords:
            return Passwords.KEPT
        return Passwords.ERASED if self.forgotten else Passwords.NONE

    @property
    def set_by_owners(self) -> int:
        """Return for how many new mailboxes nobody knows the password, since their owners set others."""
        return sum(int(note.figures[0]) for note in self.notes if note.code is NoteCode.SET_BY_OWNERS)

    @property
    def has_passwords(self) -> bool:
        """Return whether its passwords can still be read."""
        return self.passwords_until is not None and self.handed_over_at is None


def views(
    tx: Tx,
    records: Sequence[RunRecord],
    situation: Situation,
    estimate: Callable[[int], float],
    clock: Clock,
    key: ServerKey,
    tallies: RowCounts,
) -> tuple[RunView, ...]:
    """Return the views of `records`, in their order; `key` is the server's."""
    if not records:
        return ()
    counts, undos = tallies.count(tx, records), journal.undos(tx, [record.id for record in records])
    erasing = erasure.pending(tx).runs
    of_links = [record.id for record in records if record.kind == RunKind.LINKS]
    people, asking = kept_links.progress(tx, of_links), kept_links.asking_recovery(tx, of_links)
    return tuple(
        _view(
            record,
            counts.get(record.id, {}),
            undos.get(record.id, []),
            situation,
            estimate,
            clock,
            key,
            erasing=record.id in erasing,
            set_theirs=sum(done for _, done in people.get(record.id, {}).values()),
            asks_recovery=record.id in asking,
        )
        for record in records
    )


def backlog(situation: Situation) -> int:
    """Rows of all runs that will cost a write yet and are not paused."""
    return sum(_ahead(state) for state in tuple(situation.states.values()))


def _ahead(state: RunState) -> int:
    going = state.status in {RunStatus.RUNNING, RunStatus.QUEUED}
    return len(state.waiting) if going else 0


def _view(
    record: RunRecord,
    counted: dict[str, int],
    undos: Sequence[int],
    situation: Situation,
    estimate: Callable[[int], float],
    clock: Clock,
    key: ServerKey,
    *,
    erasing: bool,
    set_theirs: int,
    asks_recovery: bool,
) -> RunView:
    counts = {Outcome(name): count for name, count in counted.items()}
    now = clock.now()
    state = situation.states.get(record.id)
    status = state.status if state else RunStatus(record.status)
    silent = situation.silent_for if status is RunStatus.RUNNING else None
    down = silent is not None and situation.is_silent
    unanswered = silent if silent is not None and not down else 0.0
    going = status in {RunStatus.RUNNING, RunStatus.QUEUED} and silent is None
    turn, end = _writes_ahead(record.id, counts, situation)
    queued = status is RunStatus.QUEUED and situation.silent_for is None
    return RunView(
        id=record.id,
        status=status,
        file_name=record.file_name,
        operator=record.operator,
        domains=tuple(record.domains),
        total=record.total,
        counts=counts,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        eta_at=now + estimate(end) if going else None,
        turn_at=now + estimate(turn) if queued else None,
        behind=state.behind(tuple(situation.states.values())) if state and status is RunStatus.QUEUED else (),
        waiting_seconds=situation.slot_in if status is RunStatus.RUNNING else 0.0,
        silent_since=now - silent if down and silent is not None else None,
        next_try_seconds=situation.next_try_in if down else 0.0,
        unanswered_seconds=unanswered,
        paused_reason=(state.why if state else record.why) if status is RunStatus.PAUSED else "",
        paused_code=_pause_code(state, record) if status is RunStatus.PAUSED else None,
        held=state.held if state else False,
        checked_at=record.checked_at,
        differences=record.differences,
        difference=record.difference,
        note=(state.trouble or state.note) if state else record.note,
        passwords_until=_kept_until(record, status, now),
        handed_over_at=record.handed_over_at,
        downloaded_at=record.downloaded_at,
        seen=record.seen,
        retry_of=record.retry_of,
        kind=RunKind(record.kind),
        undo_of=record.undo_of,
        undone_by=tuple(undos),
        forgotten=run_passwords.forgotten(record),
        erasing=erasing,
        locked=run_passwords.locked(key, record),
        notes=run_notes.unseal(key, record.sealed_notes),
        set_theirs=set_theirs,
        asks_recovery=asks_recovery,
        wish=_wish(record),
    )


def _wish(record: RunRecord) -> Wish | None:
    """Return what waits for the owner; that it looks at the run shows nowhere."""
    wish = Wish(record.wish["wish"]) if record.wish else None
    return None if wish is Wish.LOOK or record.status in AT_AN_END else wish


def _pause_code(state: RunState | None, record: RunRecord) -> PauseCode | None:
    if state is not None:
        return state.pause_reason.code if state.pause_reason else None
    return PauseCode(record.why_code) if record.why_code else None


def _kept_until(record: RunRecord, status: RunStatus, now: float) -> float | None:
    """Return how long the passwords are kept; for an active run at least that long."""
    if record.passwords_until is None or status in AT_AN_END:
        return record.passwords_until
    return max(record.passwords_until, now + record.retention_days * 86_400)


def _writes_ahead(run: int, counts: dict[Outcome, int], situation: Situation) -> tuple[int, int]:
    """Return how many writes come before a run's turn, and before its end.

    The runs that it is queued behind go first, and those that are queued behind it come later. All others share row by
    row, so that of each of them as many rows take their turns meanwhile.
    """
    own, states = sum(counts.get(outcome, 0) for outcome in OPEN), tuple(situation.states.values())
    state = situation.states.get(run)
    if state:
        own -= len(state.kept_here)
    first = _before(state, states) if state and state.status is RunStatus.QUEUED else frozenset()
    before = sum(_ahead(other) for other in states if other.id in first)
    others = [
        _ahead(other)
        for other in states
        if other.id != run and other.id not in first
        if not (other.status is RunStatus.QUEUED and run in other.behind(states))
    ]
    turn = before + sum(min(before, rows) for rows in others)
    return turn, before + own + sum(min(before + own, rows) for rows in others)


def _before(state: RunState, states: Sequence[RunState]) -> frozenset[int]:
    """Return the runs that end before this one starts, those that others wait for included."""
    found: set[int] = set()
    waits = [state]
    while waits:
        first = set(waits.pop().behind(states)) - found
        found |= first
        waits += [other for other in states if other.id in first and other.status is RunStatus.QUEUED]
    return frozenset(found)
