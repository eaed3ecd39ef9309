"""Refused tokens and permissions in the audit log, a bounded number an hour.

The first refusal of each source and kind has an entry at once; the others of the hour are counted, and one entry says
how many there were. So nobody can fill the disk, or bury other entries. A restart forgets the counts.
"""

import threading
from contextlib import suppress

from mxlib.auth.trusted_proxies import household
from mxlib.clock import Clock
from mxlib.core.format import count
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import Store, StoreUnavailable, audit

#: Sources an hour that get an entry of their own.
SOURCES = 20

_HOUR = 3_600.0

#: Name of a token that is not known.
UNKNOWN = "unknown token"


class Refusals:
    """Records refusals, and counts those that are too many."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._hour = 0
        self._sources: set[tuple[AuditAction, str]] = set()
        self._more = 0

    def token(self, name: str, address: str, why: str) -> None:
        """Record a refused token; its name is blank when it is not known."""
        actor = audit.Actor(name or UNKNOWN, CallerKind.TOKEN, address)
        self._note(AuditAction.TOKEN_REFUSED, actor, name or household(address), why)

    def permission(self, by: audit.Identity, why: str) -> None:
        """Record that a caller lacked a permission."""
        self._note(AuditAction.PERMISSION_REFUSED, audit.Actor.of(by), by.name, why)

    def end_hour(self) -> None:
        """Record how many refusals of the last hour had no entry, once it is over."""
        with self._lock:
            more = self._turn()
        self._record_more(more)

    def _note(self, action: AuditAction, by: audit.Actor, source: str, why: str) -> None:
        with self._lock:
            more = self._turn()
            first = (action, source) not in self._sources and len(self._sources) < SOURCES
            if first:
                self._sources.add((action, source))
            else:
                self._more += 1
        self._record_more(more)
        if first:
            self._record(action, by, why)

    def _turn(self) -> int:
        """Begin another hour if it is time.

        Returns how many refusals of the last hour had no entry.
        """
        hour, more = int(self._clock.now() // _HOUR), 0
        if hour != self._hour:
            more, self._hour, self._more = self._more, hour, 0
            self._sources.clear()
        return more

    def _record_more(self, more: int) -> None:
        if more:
            what = count(more, "more refusal")
            self._record(AuditAction.PERMISSION_REFUSED, audit.MXM, f"{what} of tokens or permissions within an hour")

    def _record(self, action: AuditAction, by: audit.Actor, why: str) -> None:
        with suppress(StoreUnavailable), self._store.write() as tx:  # the refusal itself holds without an entry
            audit.record(tx, by, action, at=self._clock.now(), on=by.name, outcome=why)
