"""Check the audit log every night, report the result, and let admins accept it."""

import logging

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core.audit_verification import Verification
from mxlib.core.nights import night
from mxlib.core.text import audit_texts
from mxlib.store import Store, audit_chain, audit_check
from mxlib.store.audit_acceptance import AuditChanged

__all__ = ["AuditChanged", "AuditProof"]

log = logging.getLogger(__name__)

#: Hour (UTC) from which the check of a night is due.
CHECK_HOUR = 3


@resolves_callers
class AuditProof:
    """Checks the hashes of the audit log; the result is for admins."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def check(self) -> bool:
        """Check the audit log if that is due: at the first start, then every night; return whether it was.

        A server key that is another one than before gets its own chain first.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            known = audit_check.latest(tx, self._store.key.audit)
            moved = audit_chain.newest_key(tx) != self._store.key.audit.id
        if moved:
            with self._store.write() as tx:
                audit_chain.continue_under(tx, now)
        if known is None or night(known[0], CHECK_HOUR) != night(now, CHECK_HOUR):
            self._verify()
            return True
        return False

    def _verify(self) -> None:
        found = audit_check.verify_and_keep(self._store)
        log.log(logging.INFO if found.intact else logging.ERROR, " ".join(audit_texts.verification(found)))

    def latest(self, caller: Caller) -> tuple[float, Verification] | None:
        """Return when the audit log was last checked (Unix seconds), and the result; for admins."""
        if not caller.admin:
            return None
        with self._store.read() as tx:
            return audit_check.latest(tx, self._store.key.audit)

    def problems(self, caller: Caller) -> list[str]:
        """Return what the last check found that no admin accepted, one sentence each; for admins."""
        known = self.latest(caller)
        return audit_texts.problems(known[1]) if known else []

    def accept(self, caller: Caller, at: float) -> None:
        """Accept what the check made at `at` found; for admins.

        It becomes a dated remark; what breaks later is reported again. Raises AuditChanged when a later check replaced
        that one, or the log shows something else now: the admin has not seen that.
        """
        if not caller.admin:
            raise Forbidden("Only admins may accept breaks of the audit log.")
        known = self.latest(caller)
        if known is None or known[0] != at:
            raise AuditChanged
        audit_check.accept(self._store, caller, known[1])
