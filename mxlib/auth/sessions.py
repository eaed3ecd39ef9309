"""Browsers that are signed in: opaque ids, kept as hashes, that end when idle, when old, and at once when told."""

import asyncio
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mxlib.auth.tokens import digest
from mxlib.clock import Clock
from mxlib.settings import Settings
from mxlib.store import Store, StoreUnavailable, Tx, clock_guard, users
from mxlib.store.users import SessionRecord

#: Seconds between two notes that a session is in use.
NOTED_EVERY = 60.0

#: See `Sessions.look_every`.
LOOK_EVERY = 5.0

#: Characters of what a browser calls itself that are kept.
_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser: whose, until when (Unix seconds) unless it is used again, and what its user may do."""

    digest: bytes = field(repr=False)
    user: int
    name: str
    ends_at: float
    rights: tuple[bool, Mapping[str, Sequence[str]]] = field(default=(False, {}), repr=False)

    @property
    def known_as(self) -> str:
        """What this server calls it; that lets nobody in."""
        return self.digest.hex()


class Sessions:
    """Begins and finds sessions, and wakes whatever is open in one that ends."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock = store, clock
        self.longest, self._idle = settings.session_hours * 3600.0, settings.session_idle_hours * 3600.0
        self._noted_every = min(NOTED_EVERY, self._idle / 10)
        #: Seconds between two looks whether a session in use is over, by time or by another process.
        self.look_every = min(LOOK_EVERY, self._idle / 10, self.longest / 10)
        self._open: dict[bytes, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._lock = threading.Lock()

    def start(self, tx: Tx, user: int, address: str, agent: str) -> str:
        """A new session in this transaction; its id, which is known to the browser alone."""
        now = self._clock.now()
        if clock_guard.may_forget(tx, now):
            users.forget_sessions(tx, began_before=now - self.longest, seen_before=now - self._idle)
        told = secrets.token_urlsafe(32)
        users.begin(tx, digest(told), user, now, address, agent[:_AGENT])
        return told

    def find(self, told: str, *, used: bool = True) -> Session | None:
        """The session of that id, unless it ran out, ended, or its user is disabled; `used` keeps it from idling."""
        return self._alive(digest(told), used=used) if told else None

    def is_alive(self, session: Session, *, used: bool = False) -> Session | None:
        """The same session as it is now; None when it is over."""
        return self._alive(session.digest, used=used)

    def known(self, name: str) -> bool:
        """Whether the session that goes by that name (`Session.known_as`) is not over."""
        return self._alive(bytes.fromhex(name), used=False) is not None

    @contextmanager
    def watch(self, digest: bytes) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set as soon as that session ends or changes, from whatever thread."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._open.setdefault(digest, set()).add(listener)
        try:
            yield listener[1]
        finally:
            with self._lock:
                listeners = self._open[digest]
                listeners.discard(listener)
                if not listeners:
                    del self._open[digest]

    def wake(self, digests: Collection[bytes]) -> None:
        """Let what is open in these sessions look how they are now."""
        with self._lock:
            told = [listener for digest in digests for listener in self._open.get(digest, ())]
        for loop, event in told:
            with suppress(RuntimeError):  # a loop that is closed has nothing open
                loop.call_soon_threadsafe(event.set)

    def _alive(self, digest: bytes, *, used: bool) -> Session | None:
        now = self._clock.now()
        with self._store.read() as tx:
            record = users.session(tx, digest)
        if record is None or self._ends_at(record) <= now:
            return None
        if used and now - record.seen_at >= self._noted_every:
            self._note_use(digest, now)
        return Session(digest, record.user, record.name, self._ends_at(record), (record.admin, record.permissions))

    def _ends_at(self, record: SessionRecord) -> float:
        return min(record.began_at + self.longest, record.seen_at + self._idle)

    def _note_use(self, digest: bytes, now: float) -> None:
        with suppress(StoreUnavailable), self._store.write() as tx:  # a full disk must not sign people out
            users.saw(tx, digest, now)
