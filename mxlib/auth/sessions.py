"""Sessions of signed-in browsers: opaque ids, stored as hashes.

They end when idle, when old, and at once on sign-out.
"""

import asyncio
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mxlib.auth.tokens import digest
from mxlib.clock import Clock
from mxlib.settings import Settings
from mxlib.store import Store, StoreUnavailable, Tx, clock_guard, sessions
from mxlib.store.remembered import Remembered
from mxlib.store.sessions import SessionRecord, SignInBefore

#: Seconds between two records that a session is in use.
NOTED_EVERY = 60.0

#: See `Sessions.look_every`.
LOOK_EVERY = 5.0

#: Seconds for which it counts as recent that a user signed in or confirmed who they are.
RECENT_S = 900.0

#: Most characters of a browser's user agent that are stored.
_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser: its user and their rights, and its end (Unix seconds) unless used again."""

    digest: bytes = field(repr=False)
    user: int
    name: str
    ends_at: float
    rights: tuple[bool, Mapping[str, Sequence[str]], Sequence[str]] = field(default=(False, {}, ()), repr=False)
    #: When the user last signed in or confirmed who they are, and whether the provider vouched for them at the sign-in.
    proved_at: float = 0.0
    by_provider: bool = False

    @property
    def known_as(self) -> str:
        """Return the name of the session on this server; it cannot sign anyone in."""
        return self.digest.hex()


class Sessions:
    """Starts and finds sessions, and wakes the connections of one that ends."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock = store, clock
        self._records: Remembered[bytes, SessionRecord | None] = Remembered(store, sessions.find)
        self.longest, self._idle = settings.session_hours * 3600.0, settings.session_idle_hours * 3600.0
        self._noted_every = min(NOTED_EVERY, self._idle / 10)
        #: Seconds between two checks whether a session in use is over, by time or by another process.
        self.look_every = min(LOOK_EVERY, self._idle / 10, self.longest / 10)
        self._open: dict[bytes, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._lock = threading.Lock()

    def start(
        self, tx: Tx, user: int, address: str, agent: str, before: SignInBefore | None = None, *,
        by_provider: bool = False, proved_at: float | None = None,
    ) -> str:  # fmt: skip
        """Start a session in this transaction; return its id, which only the browser keeps.

        `before` is the user's last sign-in, `proved_at` when the provider had the user prove who they are.
        """
        now = self._clock.now()
        if clock_guard.may_forget(tx, now):
            sessions.forget_expired(tx, *self._open_since())
        session_id = secrets.token_urlsafe(32)
        sessions.begin(
            tx, digest(session_id), user, now, address, agent[:_AGENT], before or SignInBefore(),
            by_provider=by_provider, proved_at=proved_at,
        )  # fmt: skip
        return session_id

    def find(self, session_id: str, *, used: bool = True) -> Session | None:
        """Return the session of that id; None when it ended or its user is disabled.

        `used` keeps it from becoming idle.
        """
        return self._alive(digest(session_id), used=used) if session_id else None

    def is_alive(self, session: Session, *, used: bool = False) -> Session | None:
        """Return the same session as it is now; None when it is over."""
        return self._alive(session.digest, used=used)

    def open_of_user(self, tx: Tx, user: int) -> list[SessionRecord]:
        """Return the sessions of a user that are not over, by last use."""
        return sessions.open_of_user(tx, user, *self._open_since())

    def browsers(self, tx: Tx) -> dict[int, int]:
        """Return in how many browsers each user is signed in, by number."""
        return sessions.signed_in(tx, *self._open_since())

    def named(self, name: str) -> Session | None:
        """Return the session with that name (`Session.known_as`); None when it is over."""
        return self._alive(bytes.fromhex(name), used=False)

    def is_recent(self, session: Session) -> bool:
        """Return whether the session's user confirmed within 15 minutes who they are."""
        return 0 <= self._clock.now() - session.proved_at <= RECENT_S

    @contextmanager
    def watch(self, digest: bytes) -> Iterator[asyncio.Event]:
        """Yield an event of the running loop, set when that session ends or changes.

        Any thread may end or change it.
        """
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
        """Make the connections of these sessions check their session now."""
        with self._lock:
            listeners = [listener for digest in digests for listener in self._open.get(digest, ())]
        for loop, event in listeners:
            with suppress(RuntimeError):  # a closed loop has no open connections
                loop.call_soon_threadsafe(event.set)

    def wake_all(self) -> None:
        """Make every connection check its session now, after a signal of any process."""
        with self._lock:
            digests = tuple(self._open)
        self.wake(digests)

    def _alive(self, digest: bytes, *, used: bool) -> Session | None:
        now = self._clock.now()
        record = self._records.of(digest)
        if record is None or self._ends_at(record) <= now:
            return None
        if used and now - record.seen_at >= self._noted_every:
            self._note_use(digest, now)
        # With single sign-on, the begin of a session proves nothing: who is signed in at the provider is not asked.
        begun = 0.0 if record.by_provider else record.began_at
        proved_at = begun if record.proved_at is None else record.proved_at
        return Session(
            digest,
            record.user,
            record.name,
            self._ends_at(record),
            (record.admin, record.permissions, record.client_admin),
            proved_at,
            record.by_provider,
        )

    def _open_since(self) -> tuple[float, float]:
        """Return the earliest begin and the earliest last use of open sessions."""
        now = self._clock.now()
        return now - self.longest, now - self._idle

    def _ends_at(self, record: SessionRecord) -> float:
        return min(record.began_at + self.longest, record.seen_at + self._idle)

    def _note_use(self, digest: bytes, now: float) -> None:
        with suppress(StoreUnavailable), self._store.write() as tx:  # a full disk must not sign people out
            sessions.touch(tx, digest, now)
