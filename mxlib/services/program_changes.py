"""Changes of many mailboxes by programs: the same planning as on the page, in one request, always as a run."""

from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.core.plans import change_request, change_text
from mxlib.core.plans.change_request import ChangeRequest
from mxlib.services.changes import ChangeProposal, ChangeService
from mxlib.services.exports import NotFound
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.runs import RunService
from mxlib.settings import Settings
from mxlib.store import Store, journal


@dataclass(frozen=True, slots=True)
class Started:
    """The number of a run, and those of the addresses that are not in it: there are no such mailboxes."""

    run: int
    gone: tuple[str, ...]


@resolves_callers
class ProgramChanges:
    """Reads, plans and starts what a program sends."""

    def __init__(
        self, settings: Settings, store: Store, claims: IdempotencyKeys, changing: ChangeService, running: RunService
    ) -> None:
        self._settings, self._store, self._claims = settings, store, claims
        self._changing, self._running = changing, running

    def read(self, body: object) -> ChangeRequest:
        """A change as JSON; raises Malformed."""
        return change_request.parse_change(body, self._settings.max_rows)

    def picked(self, body: object) -> tuple[str, ...]:
        """A selection of mailboxes as JSON; raises Malformed."""
        return change_request.selected_addresses(body, self._settings.max_rows)

    def look(self, caller: Caller, order: ChangeRequest) -> ChangeProposal:
        """What would be done; nothing is sent. Raises NotThere when there is none of the mailboxes, else as `plan`."""
        proposed = self._changing.plan(caller, order.addresses, order.change)
        if not proposed.plan.rows:
            raise NotFound(change_text.NOBODY_THERE)
        return proposed

    def start(self, caller: Caller, order: ChangeRequest, *, key: str = "", request: bytes = b"") -> Started:
        """Start the run that does it; the same `key` with the same `request` gives the run of the first time.

        Raises KeyReused when the key came with another request, Unfit unless everything was agreed to that must be.
        """
        request = b"change\n" + request
        run = self._claims.run(caller, key, request)
        if run is not None:
            self._running.must_act(caller, run)
        else:
            proposed = self.look(caller, order)
            typed = "" if order.confirm is None else str(order.confirm)
            proposed.must_be_agreed(typed, below_use=order.below_use)
            days, once = self._settings.retention_days, key or proposed.key
            run = self._claims.start(
                caller, key, request, lambda: self._running.start(caller, proposed.plan, days=days, key=once)
            )
        with self._store.read() as tx:
            there = {row.address for row in journal.rows(tx, run)}
        return Started(run, tuple(address for address in order.addresses if address not in there))
