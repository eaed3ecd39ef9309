"""Before a run: what the host has told of the account is held against what the run would add. Nobody waits for it."""

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.core.plans import capacity
from mxlib.core.plans.capacity import Growth
from mxlib.core.plans.plan import Plan
from mxlib.services.account_storage import AccountStorageService
from mxlib.store import Store, mailbox_history


@resolves_callers
class CapacityCheck:
    """Says what stands against a plan, as far as the host tells."""

    def __init__(self, store: Store, storage: AccountStorageService, clock: Clock) -> None:
        self._store, self._storage, self._clock = store, storage, clock

    def of(self, caller: Caller, plan: Plan) -> tuple[str, ...]:
        """Warnings with figures, none of which stops anything."""
        growth, now = Growth.of(plan.sent()), self._clock.now()
        told = []
        if known := self._storage.latest(caller):
            told.append(capacity.storage(growth, known.used, known.limit, known.read_at, now, known.grace_until))
        with self._store.read() as tx:
            refused_at = mailbox_history.plan_was_full(tx)
        if refused_at is not None:
            told.append(capacity.plan_full(growth, refused_at, now))
        return tuple(filter(None, told))
