"""Journal writes by hand before they are sent; record or read back their outcome."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mxlib.clock import Clock
from mxlib.core import passwords
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.schema import STORED_HERE
from mxlib.core.text import locks, store_problems
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import InvalidRequest, MXrouteError, NotFound
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs.manager import NotOwner, RunManager
from mxlib.services import manual_write_outcomes
from mxlib.services.confirmed_writes import MAX_WAIT_S, REVOKED, ConfirmedWrites, OutcomeUnknown
from mxlib.settings import Settings
from mxlib.store import (
    Store,
    StoreUnavailable,
    Tx,
    audit,
    clock_guard,
    erasure,
    hold,
    mailbox_lists,
    mailbox_locks,
    manual_writes,
)
from mxlib.store.audit import Actor
from mxlib.store.manual_writes import KEPT, SENDING, UNCERTAIN, ManualWrite

log = logging.getLogger(__name__)

NOT_SENT = "Nothing was sent to MXroute."

#: Longest and shortest seconds between two checks for writes to settle or record.
_SELDOM, _OFTEN = 60.0, 5.0


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A write by hand before it is sent.

    `change` is what an update changes; `figures` hold no password.
    """

    action: Action
    domain: str
    username: str
    password: str = field(default="", repr=False)
    #: The values that are kept here once it is done, by column.
    stored: Mapping[str, str] = field(default_factory=dict)
    change: MailboxChange | None = None
    figures: Mapping[str, int] | None = None
    #: Why a mailbox is locked; may be blank.
    reason: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Return the full address."""
        return f"{self.username}@{self.domain}"


class MailboxLocked(Exception):
    """A lock forbids a write, or a write under way forbids a lock.

    Nothing was sent. `code` says which; `after` is in how many seconds it may be possible.
    """

    def __init__(self, message: str, code: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.code, self.after = code, after


class _Superseded(Exception):
    """Another write to the mailbox is under way: a lock is not sent again now."""


class PendingWrite:
    """One write that is in the journal; `done` records its outcome."""

    def __init__(self, journal: "ManualWrites", actor: Actor, asked: WriteRequest, number: int) -> None:
        self._journal, self._actor, self._asked, self.number = journal, actor, asked, number

    def done(self, made: Mailbox | None = None, also: Callable[[Tx], object] | None = None) -> str:
        """Record that MXroute did it; `also` is called in the transaction that does.

        A mailbox that it `made` enters the cached list with that: counts miss it at no time. Returns blank, or the
        sentence that this cannot be recorded yet.
        """
        return self._journal.record(self.number, self._actor, self._asked, made, also)

    def drop(self) -> None:
        """Remove it from the journal: nothing was done."""
        self._journal.drop(self.number)


class ManualWrites:
    """Journals, records and settles writes by hand. Every method may be called from any thread."""

    def __init__(self, settings: Settings, store: Store, host: MXrouteClient, runs: RunManager, clock: Clock) -> None:
        self._settings, self._store, self._runs, self._clock = settings, store, runs, clock
        self._writes = ConfirmedWrites(host, clock, settings.timeout_s)
        self._changed = threading.Condition()
        self._unrecorded: list[Callable[[Tx], object]] = []
        self._live: set[int] = set()
        self._thread: threading.Thread | None = None
        self._closing = self._woken = False
        #: Writes that were begun and have no recorded outcome.
        self._open = 0

    def must_own(self) -> None:
        """Raise NotOwner in a process that only reads."""
        with self._said():
            self._runs.must_own()

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """Open a transaction of the process that sends.

        Raises NotOwner in a process that only reads.
        """
        with self._said(), self._runs.writing() as tx:
            yield tx

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except NotOwner:
            raise NotOwner(store_problems.SENT_ELSEWHERE) from None

    @contextmanager
    def sending(
        self, actor: Actor, asked: WriteRequest, must_fit: Callable[[Tx], object] = lambda _tx: None
    ) -> Iterator[PendingWrite]:
        """Journal a write, and let the block send it.

        `must_fit` is called in the transaction that journals it; what it raises prevents the write.

        Raises StoreUnavailable or NotOwner, with nothing sent, when it cannot be journalled, MailboxLocked when a lock
        is against it. What the block raises is recorded, unless another process took over meanwhile: that one settles
        the write.
        """
        with self._counted():
            number = self._begin(actor, asked, must_fit)
            with self._in_flight(number):
                yield PendingWrite(self, actor, asked, number)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a write until its outcome is recorded; raises StoreUnavailable once this process begins none."""
        with self._changed:
            if self._closing:
                raise StoreUnavailable(f"{NOT_SENT} {store_problems.STOPPING}", "STOPPING")
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    @contextmanager
    def _in_flight(self, number: int) -> Iterator[None]:
        """Record what the block raises as the outcome of a write."""
        try:
            yield
        except (MXrouteError, *REVOKED):
            self.drop(number)
            raise
        except OutcomeUnknown as error:
            at = self._clock.now() + max(error.after, self._settings.timeout_s)
            self._write_or_keep(lambda tx: manual_writes.change(tx, number, status=UNCERTAIN, settle_at=at))
            raise
        finally:
            with self._changed:
                self._live.discard(number)
            self.wake()

    def _begin(self, actor: Actor, asked: WriteRequest, must_fit: Callable[[Tx], object]) -> int:
        now = self._clock.now()
        stored = {column.name: asked.stored.get(column.name, "") for column in STORED_HERE}
        self._flush()
        try:
            with self.writing() as tx:
                _must_fit_lock(tx, asked, now)
                must_fit(tx)
                number = manual_writes.add(
                    tx, self._store.key, asked.password, at=now, who=actor.name, kind=actor.kind,
                    address=actor.address, action=asked.action.value, domain=asked.domain, username=asked.username,
                    asked={
                        "detail": asked.change.text if asked.change else "", **(asked.figures or {}),
                        **({"reason": asked.reason} if asked.reason else {}),
                    }, **stored,
                    settle_at=now + MAX_WAIT_S + 2 * self._settings.timeout_s + _OFTEN,
                    passwords_until=now + self._settings.retention_days * 86_400,
                )  # fmt: skip
        except StoreUnavailable as problem:
            raise StoreUnavailable(f"{NOT_SENT} {problem}", problem.code) from None
        with self._changed:
            self._live.add(number)
        return number

    # Outcomes.

    def record(
        self, number: int, actor: Actor, asked: WriteRequest, made: Mailbox | None = None,
        also: Callable[[Tx], object] | None = None,
    ) -> str:  # fmt: skip
        """Record that MXroute did it, and list what it `made`; `also` is called before.

        Returns blank, or the sentence that this cannot be recorded yet.
        """
        at = self._clock.now()

        def note(tx: Tx) -> None:
            self._settle_earlier(tx, number, asked)
            if also is not None:
                also(tx)
            outcome, detail = (asked.change.text, asked.change.facts) if asked.change else (asked.reason, None)
            manual_write_outcomes.note_done(
                tx, at, actor, asked.action, asked.domain, asked.username, asked.stored, outcome, detail, asked.reason,
                sets_password=bool(asked.password),
            )  # fmt: skip
            manual_write_outcomes.drop(tx, number)
            if made is not None:
                mailbox_lists.apply_write(tx, asked.domain, asked.username, made)

        match self._write_or_keep(note):
            case None:
                return ""
            case NotOwner():
                return store_problems.NOTED_ELSEWHERE
            case problem:
                return f"MXroute did it, but that cannot be noted here yet. {problem} MXM notes it then."

    def drop(self, number: int) -> None:
        """Remove a write from the journal: it was not done."""
        self._write_or_keep(lambda tx: manual_write_outcomes.drop(tx, number))

    def _settle_earlier(self, tx: Tx, number: int, asked: WriteRequest) -> None:
        """Settle earlier open writes to the same mailbox by this one, which worked."""
        now = self._clock.now()
        for write in manual_writes.find_of_mailbox(tx, asked.domain, asked.username):
            if write.id >= number or (write.status == SENDING and write.settle_at > now):
                continue
            if write.action == Action.LOCK and asked.action is Action.UPDATE:  # it sets no password
                continue
            if write.status != KEPT:
                done = manual_write_outcomes.outcome_by_later(write, asked.action)
                manual_write_outcomes.note_settled(
                    tx, now, write, done=done is not False, why=manual_write_outcomes.MEANWHILE
                )
            if asked.password or asked.action is Action.DELETE or write.sealed_password is None:
                manual_write_outcomes.drop(tx, write.id)
            else:
                manual_writes.change(tx, write.id, status=KEPT, outcome=manual_write_outcomes.MEANWHILE)

    def _write_or_keep(self, do: Callable[[Tx], object]) -> Exception | None:
        """Run `do` in a transaction, now or as soon as the store accepts it.

        Returns the problem that prevents it now, if any.
        """
        with self._changed:
            self._unrecorded.append(do)
        return self._flush()

    def _flush(self) -> Exception | None:
        """Record what could not be recorded before, in order; return the problem, if any."""
        with self._changed:
            if not self._unrecorded:
                return None
            try:
                with self.writing() as tx:
                    for do in self._unrecorded:
                        do(tx)
            except StoreUnavailable as problem:
                return problem
            except NotOwner as problem:  # the other process settles them
                self._unrecorded.clear()
                return problem
            except Exception:  # open writes are settled by reading them back
                log.exception("The outcome of a write by hand could not be recorded")
                self._unrecorded.clear()
                return StoreUnavailable("The log of this server says why.")
            self._unrecorded.clear()
            return None

    def settle(self) -> float:
        """Record and settle what is due; return the seconds until the next check.

        Raises NotOwner where another process sends.
        """
        self.must_own()
        if self._flush():
            return _OFTEN
        now = self._clock.now()
        with self._store.read() as tx:
            if hold.current(tx) is not None:
                return _OFTEN
            due = manual_writes.find_open(tx, due=now)
        with self._changed:
            due = [write for write in due if write.id not in self._live]
        settled = [self._settle(write) for write in due]
        self._forget(now)
        erasure.finish(self._store, tries=1)
        if not all(settled):
            return _OFTEN
        with self._store.read() as tx:
            ahead = [write.settle_at - now for write in manual_writes.find_open(tx)]
        return min(_SELDOM, max(_OFTEN, min(ahead, default=_SELDOM)))

    def _settle(self, write: ManualWrite) -> bool:
        """Read one mailbox back and record the outcome; return whether MXroute answered."""
        if write.action == Action.LOCK:
            return self._lock_again(write)
        try:
            box: Mailbox | None = self._writes.read(write.domain, write.username)
        except NotFound:
            box = None
        except MXrouteError:
            return False
        with self.writing() as tx:
            done, why = manual_write_outcomes.decide_outcome(tx, write, box)
            keeps = write.sealed_password is not None and done
            current = manual_writes.get(tx, write.id)
            if current is None or current.status == KEPT:
                return True  # another process, or a later write, settled it first
            manual_write_outcomes.note_settled(tx, self._clock.now(), write, done=done, why=why)
            if keeps:
                manual_writes.change(tx, write.id, status=KEPT, outcome=why)
            else:
                manual_write_outcomes.drop(tx, write.id)
            mailbox_lists.apply_write(tx, write.domain, write.username, box)
        return True

    def _lock_again(self, write: ManualWrite) -> bool:
        """Send a lock again that got no answer; return whether it has an outcome.

        Each try has another password. No response shows whether a password was set, and a lock may be sent twice.
        """
        sent = False

        def still() -> None:
            nonlocal sent
            self.must_own()
            with self._store.read() as tx:
                if _is_superseded(tx, write):
                    raise _Superseded
            sent = True

        timeout = self._settings.timeout_s
        with self.writing() as tx:
            over = manual_write_outcomes.made_since(tx, write)
            if over is None and _is_unlocked_since(tx, write):
                over = manual_write_outcomes.MEANWHILE
            if over is not None:
                manual_write_outcomes.note_settled(tx, self._clock.now(), write, done=False, why=over)
                manual_write_outcomes.drop(tx, write.id)
                return True
            if _is_superseded(tx, write):
                return False
            until = self._clock.now() + MAX_WAIT_S + 2 * timeout + _OFTEN
            if not manual_writes.change(tx, write.id, status=SENDING, settle_at=until):
                return True
        refused = ""
        try:
            there = self._writes.update(write.domain, write.username, {"password": passwords.generate()}, still)
        except (OutcomeUnknown, MXrouteError, NotOwner, _Superseded) as problem:
            if not isinstance(problem, InvalidRequest):
                may_happen = isinstance(problem, OutcomeUnknown) or (sent and not isinstance(problem, MXrouteError))
                with self.writing() as tx:
                    at = self._clock.now() + (timeout if may_happen else 0.0)
                    manual_writes.change(tx, write.id, status=UNCERTAIN, settle_at=at)
                return False
            there, refused = False, str(problem)
        with self.writing() as tx:
            if manual_writes.get(tx, write.id) is None:
                return True
            if there:
                manual_write_outcomes.note_lock(tx, self._clock.now(), write)
            else:
                why = refused or manual_write_outcomes.GONE
                manual_write_outcomes.note_settled(tx, self._clock.now(), write, done=False, why=why)
            manual_write_outcomes.drop(tx, write.id)
        return True

    def _forget(self, now: float) -> None:
        """Forget the passwords whose retention has ended."""
        with self._store.read() as tx:
            due = [write for write in manual_writes.find_kept(tx) if _is_over(write, now)]
        if not due:
            return
        with self.writing() as tx:
            if not clock_guard.may_forget(tx, now):
                return
            for write in due:
                manual_write_outcomes.drop(tx, write.id)
                audit.record(tx, audit.MXM, AuditAction.MAILBOX_PASSWORD_FORGOTTEN, at=now, on=write.mailbox)

    # Lifecycle.

    def start(self) -> None:
        """Settle what an earlier process left, and keep settling in the background.

        MXroute may still carry out what was sent before that process ended, for as long as a request may take.
        """
        with suppress(StoreUnavailable, NotOwner):
            at = self._clock.now() + self._settings.timeout_s
            with self.writing() as tx:
                for write in manual_writes.find_open(tx):
                    if write.status == SENDING:
                        manual_writes.change(tx, write.id, status=UNCERTAIN, settle_at=at)
        self._thread = threading.Thread(target=self._run, name="mxm-manual", daemon=True)
        self._thread.start()

    def begin_shutdown(self) -> None:
        """Begin no further write; those on their way go on."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def close(self, patience: float = 5.0) -> bool:
        """Begin and settle nothing more, and wait for open writes.

        Returns whether all have their outcome. What is open is settled by the next process.
        """
        until = self._clock.monotonic() + patience
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while self._open and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)
            ended = not self._open
        if self._thread is not None:
            self._thread.join(max(0.0, until - self._clock.monotonic()))
        return ended

    def wake(self) -> None:
        """Settle and erase soon."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            try:
                again = self.settle()
            except NotOwner:
                again = _OFTEN
            except StoreUnavailable as problem:
                self._store.failures.report(problem)
                again = _SELDOM
            except Exception:  # after any failure here, later writes must still be settled
                log.exception("The settling of writes by hand failed")
                again = _SELDOM
            with self._changed:
                if not self._closing and not self._woken:
                    self._clock.wait(self._changed, again)
                self._woken = False
                if self._closing:
                    return


def _is_superseded(tx: Tx, write: ManualWrite) -> bool:
    """Return whether a later write is under way, or another process settled this one."""
    others = manual_writes.find_of_mailbox(tx, write.domain, write.username)
    later = (other for other in others if other.id > write.id and other.action != Action.LOCK)
    return manual_writes.get(tx, write.id) is None or any(other.status == SENDING for other in later)


def _is_unlocked_since(tx: Tx, write: ManualWrite) -> bool:
    """Return whether a later unlock was sent, and may have set its password."""
    others = manual_writes.find_of_mailbox(tx, write.domain, write.username)
    later = (other for other in others if other.id > write.id and other.action == Action.UNLOCK)
    return any(other.status != SENDING for other in later)  # one on its way may still turn out not to be sent


def _must_fit_lock(tx: Tx, asked: WriteRequest, now: float) -> None:
    """Raise MailboxLocked for a write that a lock forbids, or a useless lock."""
    place = (tx, asked.domain, asked.username)
    match asked.action:
        case Action.UPDATE if asked.password:
            if mailbox_locks.holds(*place):
                raise MailboxLocked(locks.refuses_password(asked.address), "LOCKED")
            if after := mailbox_locks.may_still_lock(*place, now):
                raise MailboxLocked(locks.not_yet(asked.address, after), "BEING_LOCKED", after)
        case Action.LOCK:
            if after := mailbox_locks.may_still_set_password(*place, now):
                raise MailboxLocked(locks.password_under_way(asked.address, after), "CONFLICT", after)
        case Action.UNLOCK:
            if after := mailbox_locks.may_still_lock(*place, now):
                raise MailboxLocked(locks.not_yet(asked.address, after), "BEING_LOCKED", after)
            if not mailbox_locks.holds(*place):
                raise MailboxLocked(locks.not_locked(asked.address), "NOT_LOCKED")
        case _:
            pass


def _is_over(write: ManualWrite, now: float) -> bool:
    return write.status == KEPT and write.passwords_until <= now
