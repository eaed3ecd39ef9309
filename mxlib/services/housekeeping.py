"""What is forgotten by itself once it is old enough: audit entries, used idempotency keys, refused sign-ins."""

from mxlib.clock import Clock
from mxlib.settings import Settings
from mxlib.store import Store, audit, once, people

_DAY = 86_400.0

#: Days for which a repeated request still finds the run that it started.
ONCE_DAYS = 30


class Housekeeping:
    """Drops what was kept long enough."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock

    def tidy(self) -> int:
        """Drop what is due; how many entries of the audit trail went."""
        now = self._clock.now()
        kept_since = now - self._settings.audit_days * _DAY
        with self._store.write() as tx:
            once.forget(tx, now - ONCE_DAYS * _DAY)
            people.forget_refusals(tx, now - _DAY)
            first = audit.oldest(tx)
            return audit.forget(tx, kept_since) if first is not None and first < kept_since else 0
