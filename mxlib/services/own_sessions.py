"""The browsers in which a person is signed in, for that person alone."""

from dataclasses import dataclass, field

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.sessions import Sessions
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core.format import count
from mxlib.core.text import sign_ins
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import Store, audit, sessions
from mxlib.store.sessions import SessionRecord, SignInBefore
from mxlib.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One browser in which the caller is signed in; `here`: it is the one that asks.

    `name` is the name of its session (`Session.known_as`), which cannot sign anyone in.
    """

    name: str = field(repr=False)
    browser: str
    address: str
    used_at: float
    here: bool


@resolves_callers
class OwnSessions:
    """Lists and ends sessions of the caller.

    `here` is the name of the session that asks.
    """

    def __init__(self, store: Store, clock: Clock, users: Users, sessions: Sessions) -> None:
        self._store, self._clock, self._users, self._sessions = store, clock, users, sessions

    def list_all(self, caller: Caller, here: str) -> tuple[OwnSession, ...]:
        """Return the browsers in which the caller is signed in: this one, then the others by last use."""
        own = [
            OwnSession(each.digest.hex(), sign_ins.browser(each.agent), each.address, each.seen_at, _named(each, here))
            for each in self._open(self._user(caller))
        ]
        return tuple(sorted(own, key=lambda session: not session.here))

    def sign_out(self, caller: Caller, name: str) -> None:
        """End one session of the caller, whose open tabs close at once."""
        user = self._user(caller)
        self._end(caller, user, [each for each in self._open(user) if _named(each, name)])

    def sign_out_elsewhere(self, caller: Caller, here: str) -> None:
        """End every session of the caller but this one."""
        user = self._user(caller)
        self._end(caller, user, [each for each in self._open(user) if not _named(each, here)])

    def sign_in_before(self, caller: Caller, here: str) -> SignInBefore | None:
        """Return the caller's sign-in before the one that began this session.

        It is None when there was none.
        """
        user = self._users.find(caller.name)
        with self._store.read() as tx:
            record = sessions.find(tx, bytes.fromhex(here)) if here else None
        known = user is not None and record is not None and record.user == user.id and record.before.at is not None
        return record.before if record is not None and known else None

    def _end(self, caller: Caller, user: UserRecord, records: list[SessionRecord]) -> None:
        if not records:
            return
        ended = [each.digest for each in records]
        outcome = sign_ins.browser(records[0].agent) if len(records) == 1 else count(len(records), "browser")
        with self._store.write() as tx:
            for digest in ended:
                sessions.end(tx, digest)
            action = AuditAction.SIGN_OUT_ELSEWHERE
            audit.record(tx, caller, action, at=self._clock.now(), on=user.name, outcome=outcome)
        self._sessions.wake(ended)

    def _open(self, user: UserRecord) -> list[SessionRecord]:
        with self._store.read() as tx:
            return self._sessions.open_of_user(tx, user.id)

    def _user(self, caller: Caller) -> UserRecord:
        user = self._users.find(caller.name) if caller.kind == CallerKind.OPERATOR else None
        if user is None:
            raise Forbidden("Sign in first: only signed-in users have sessions.")
        return user


def _named(record: SessionRecord, name: str) -> bool:
    return record.digest.hex() == name
