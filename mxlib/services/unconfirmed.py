"""Writes by hand that got no answer, and the passwords that they may have set."""

from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.services import manual_write_outcomes
from mxlib.services.exports import NotFound
from mxlib.services.manual_writes import ManualWrites
from mxlib.store import Store, Tx, audit, manual_writes
from mxlib.store.manual_writes import KEPT, ManualWrite


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A write by hand that got no answer; `outcome` is blank until it is settled."""

    id: int
    at: float
    who: str
    action: Action
    mailbox: str
    outcome: str
    readable_until: float
    has_password: bool


@resolves_callers
class UnconfirmedWrites:
    """Lists unanswered writes for their callers and admins, returns their passwords, and forgets them."""

    def __init__(self, store: Store, manual: ManualWrites, clock: Clock) -> None:
        self._store, self._manual, self._clock = store, manual, clock

    def kept(self, caller: Caller, domain: str, username: str = "") -> tuple[Unconfirmed, ...]:
        """Return the unanswered writes in a domain that the caller made, oldest first.

        Admins get those of everyone.
        """
        with self._store.read() as tx:
            found = manual_writes.find_kept(tx)
        return tuple(
            _unconfirmed(write)
            for write in found
            if _may_have(caller, write) and write.domain == domain and username in ("", write.username)
        )

    def every(self, caller: Caller) -> tuple[Unconfirmed, ...]:
        """Return the unanswered writes that the caller made, oldest first; admins get those of everyone."""
        with self._store.read() as tx:
            return tuple(_unconfirmed(write) for write in manual_writes.find_kept(tx) if _may_have(caller, write))

    def password(self, caller: Caller, number: int) -> str:
        """Return the password that an unanswered write may have set; audited.

        Only its caller and admins may have it.
        """
        with self._store.write() as tx:
            write = self._mine(tx, caller, number)
            password = manual_writes.password(self._store.key, write)
            audit.record(tx, caller, AuditAction.MAILBOX_PASSWORD_SHOWN, at=self._clock.now(), on=write.mailbox)
        return password

    def forget(self, caller: Caller, number: int) -> None:
        """Forget such a password for good, once its write is settled; audited."""
        with self._manual.writing() as tx:
            write = self._mine(tx, caller, number)
            if write.status != KEPT:
                raise NotFound("MXM does not know yet whether this change took effect. Wait a minute, then forget it.")
            manual_write_outcomes.drop(tx, number)
            audit.record(tx, caller, AuditAction.MAILBOX_PASSWORD_FORGOTTEN, at=self._clock.now(), on=write.mailbox)
        self._manual.wake()

    def _mine(self, tx: Tx, caller: Caller, number: int) -> ManualWrite:
        write = manual_writes.get(tx, number)
        if write is None or write.sealed_password is None or not _may_have(caller, write):
            raise NotFound(f"There is no manual change {number} whose password is kept for you.")
        return write


def _may_have(caller: Caller, write: ManualWrite) -> bool:
    own = write.who == caller.name and write.kind == caller.kind
    return caller.admin or (own and caller.may(Permission.SUPPORT, write.domain))


def _unconfirmed(write: ManualWrite) -> Unconfirmed:
    return Unconfirmed(
        write.id, write.at, write.who, Action(write.action), write.mailbox, write.outcome, write.passwords_until,
        write.sealed_password is not None,
    )  # fmt: skip
