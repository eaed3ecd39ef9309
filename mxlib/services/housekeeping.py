"""Remove expired data: audit entries, idempotency keys, sign-ins without effect, selections, figures, events."""

import logging
import time

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.sign_in_steps import PENDING_S
from mxlib.clock import Clock
from mxlib.core.text import store_problems
from mxlib.services.idempotency import KEY_DAYS
from mxlib.settings import Settings
from mxlib.store import (
    Jump,
    Store,
    audit,
    clock_guard,
    events,
    idempotency,
    pending_sign_ins,
    selections,
    sign_in_attempts,
    usage_history,
)

log = logging.getLogger(__name__)

_DAY = 86_400.0

#: Seconds between two steps, in which others write.
_PAUSE = 0.01


@resolves_callers
class Housekeeping:
    """Drops expired data."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._damaged = False

    def tidy(self) -> int:
        """Drop what is due; return the number of audit entries dropped."""
        now = self._clock.now()
        kept_since = now - self._settings.audit_days * _DAY
        with self._store.write() as tx:
            jump = clock_guard.observe(tx, now)
            if jump is not None:
                log.warning(store_problems.clock_jumped(jump.since, jump.at, jump.until))
                return 0
            idempotency.forget(tx, now - KEY_DAYS * _DAY)
            sign_in_attempts.forget(tx, now - _DAY)
            pending_sign_ins.forget_expired(tx, before=now - PENDING_S)
            selections.forget(tx, now)
            events.forget(tx, now - self._settings.usage_days * _DAY, now)
            first = audit.oldest(tx)
        dropped, after = 0, 0 if first is not None and first < kept_since else None
        while after is not None:
            with self._store.write() as tx:
                more, after = audit.forget(tx, kept_since, now=now, after=after)
            dropped += more
            time.sleep(_PAUSE)
        while self._forget_usage(now):
            time.sleep(_PAUSE)
        return dropped

    def _forget_usage(self, now: float) -> bool:
        with self._store.write() as tx:
            return usage_history.forget(tx, self._store.days.day(now), self._settings.usage_days, now)

    def check(self) -> bool | None:
        """Look for damaged pages; return whether the database has no such page.

        None when that takes too long.
        """
        sound = self._store.is_sound()
        if sound is None:
            log.warning("The check of the database was not done in time; it is tried again tomorrow.")
        else:
            self._damaged = not sound
        if self._damaged:
            log.error(store_problems.DATABASE_DAMAGED)
        return sound

    def damage(self) -> list[str]:
        """Return the damage that the last check of the database found, one sentence each."""
        return [store_problems.DATABASE_DAMAGED] if self._damaged else []

    def jump(self) -> Jump | None:
        """Return the jump of the clock during which nothing is forgotten."""
        with self._store.read() as tx:
            return clock_guard.jump(tx)

    def problems(self) -> list[str]:
        """Return the problems of the database and the clock, one sentence each."""
        return [*self.damage(), *self.wrong_time()]

    def wrong_time(self) -> list[str]:
        """Return the warning that the clock may be wrong, in one sentence; else nothing."""
        jump = self.jump()
        return [store_problems.clock_jumped(jump.since, jump.at, jump.until)] if jump else []

    def confirm_time(self, caller: Caller) -> None:
        """Confirm the server's clock, so that expired data may be forgotten; for admins."""
        if not caller.admin:
            raise Forbidden("Only an admin may confirm the time of this server.")
        with self._store.write() as tx:
            clock_guard.confirm(tx, caller, self._clock.now())
