"""Check the audit log every night, and report the result."""

import logging
from datetime import datetime, timedelta

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.core.audit_verification import Verification
from mxlib.core.text import audit_texts
from mxlib.store import Store, audit_chain, audit_check

log = logging.getLogger(__name__)

#: Hour of the server's day at which the audit log is checked.
_HOUR = 3


@resolves_callers
class AuditProof:
    """Checks the hashes of the audit log; the result is for admins."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def check(self) -> None:
        """Check the audit log if that is due: at the first start, then every night.

        A server key that is another one than before gets its own chain first.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            known = audit_check.latest(tx)
            moved = audit_chain.newest_key(tx) != self._store.key.audit.id
        if moved:
            with self._store.write() as tx:
                audit_chain.continue_under(tx, now)
        if known is None or not known[0] <= now < _next_night(known[0]):
            self._verify()

    def _verify(self) -> None:
        found = audit_check.verify(self._store)
        with self._store.write() as tx:
            audit_check.keep(tx, found, self._clock.now())
        log.log(logging.ERROR if found.broken else logging.INFO, " ".join(audit_texts.verification(found)))

    def latest(self, caller: Caller) -> tuple[float, Verification] | None:
        """Return when the audit log was last checked (Unix seconds), and the result; for admins."""
        if not caller.admin:
            return None
        with self._store.read() as tx:
            return audit_check.latest(tx)

    def problems(self, caller: Caller) -> list[str]:
        """Return the break that the last check found, one sentence each; for admins."""
        known = self.latest(caller)
        return audit_texts.verification(known[1]) if known and known[1].broken else []


def _next_night(at: float) -> float:
    then = datetime.fromtimestamp(at)
    night = then.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    return (night if night > then else night + timedelta(days=1)).timestamp()
