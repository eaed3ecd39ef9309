"""Refused tokens and permissions in the audit log, a bounded number an hour.

The first refusal of each source and kind has an entry at once; the others of the hour are counted, and one entry for
each kind says how many there were. So nobody can fill the disk, or bury other entries. The kinds are counted apart:
anyone at all can send unknown tokens, and must not use up the entries of people who have a token or a session. A
restart forgets the counts.
"""

import threading
from contextlib import suppress
from enum import Enum

from mxlib.auth.trusted_proxies import household
from mxlib.clock import Clock
from mxlib.core.format import count
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import Store, StoreUnavailable, audit

#: Sources of each kind an hour that get an entry of their own.
SOURCES = 20

_HOUR = 3_600.0

#: Name of a token that is not known.
UNKNOWN = "unknown token"


class _Kind(Enum):
    """Kinds of refusals, each with its action and its name in an entry."""

    UNKNOWN_TOKEN = AuditAction.TOKEN_REFUSED, "of unknown tokens"
    KNOWN_TOKEN = AuditAction.TOKEN_REFUSED, "of known tokens"
    PERMISSION = AuditAction.PERMISSION_REFUSED, "of permissions"


class Refusals:
    """Records refusals, and counts those that are too many."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._hour = 0
        self._sources: dict[_Kind, set[str]] = {kind: set() for kind in _Kind}
        self._more = dict.fromkeys(_Kind, 0)

    def token(self, name: str, address: str, why: str) -> None:
        """Record a refused token; its name is blank when it is not known."""
        actor = audit.Actor(name or UNKNOWN, CallerKind.TOKEN, address)
        self._note(_Kind.KNOWN_TOKEN if name else _Kind.UNKNOWN_TOKEN, actor, name or household(address), why)

    def permission(self, by: audit.Identity, why: str) -> None:
        """Record that a caller lacked a permission."""
        self._note(_Kind.PERMISSION, audit.Actor.of(by), by.name, why)

    def end_hour(self) -> None:
        """Record how many refusals of the last hour had no entry, once it is over."""
        with self._lock:
            more = self._turn()
        self._record_more(more)

    def _note(self, kind: _Kind, by: audit.Actor, source: str, why: str) -> None:
        with self._lock:
            more, sources = self._turn(), self._sources[kind]
            first = source not in sources and len(sources) < SOURCES
            if first:
                sources.add(source)
            else:
                self._more[kind] += 1
        self._record_more(more)
        if first:
            self._record(kind.value[0], by, why)

    def _turn(self) -> dict[_Kind, int]:
        """Begin another hour if it is time.

        Returns how many refusals of the last hour had no entry, by kind.
        """
        hour, more = int(self._clock.now() // _HOUR), dict.fromkeys(_Kind, 0)
        if hour != self._hour:
            more, self._more, self._hour = self._more, more, hour
            for sources in self._sources.values():
                sources.clear()
        return more

    def _record_more(self, more: dict[_Kind, int]) -> None:
        for kind, refusals in more.items():
            if refusals:
                action, name = kind.value
                self._record(action, audit.MXM, f"{count(refusals, 'more refusal')} {name} within an hour")

    def _record(self, action: AuditAction, by: audit.Actor, why: str) -> None:
        with suppress(StoreUnavailable), self._store.write() as tx:  # the refusal itself holds without an entry
            audit.record(tx, by, action, at=self._clock.now(), on=by.name, outcome=why)
