"""The background task of notices: looks for events that are no reading, and makes the notices that are due."""

import logging
from collections.abc import Callable, Sequence

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.core.events.notices import FLOOD_S, DueNotice, group
from mxlib.services.event_sources import Source
from mxlib.store import OwnershipLost, Store, StoreUnavailable, Tx, events, hold
from mxlib.tasks import Lease, LeaseLost

log = logging.getLogger(__name__)

#: Seconds between two looks.
NOTICES_EVERY = 60.0

#: Queues the deliveries of a notice, in the transaction that stores it.
Queue = Callable[[Tx, DueNotice], None]


class NoticeMaker:
    """Makes notices: each is stored with its deliveries in one transaction, so that none is lost or made twice."""

    def __init__(self, store: Store, clock: Clock, sources: Sequence[Source], queues: Sequence[Queue]) -> None:
        self._store, self._clock, self._sources, self._queues = store, clock, sources, queues

    def work(self, lease: Lease) -> TaskResult:
        """Store the events of this moment, and make the notices that are due."""
        now = self._clock.now()
        with self._store.read() as tx:
            held = hold.current(tx) is not None
        if held:  # until an admin continues, events may be those from before the backup
            return TaskResult(TaskCode.ON_HOLD)
        found, failed = self._look(lease, now)
        with self._store.write() as tx:
            lease.check(tx)
            made = group(events.due(tx, now), events.recent(tx, now - FLOOD_S))
            for notice in made:
                due = events.add_notice(tx, notice, now)
                for queue in self._queues:
                    queue(tx, due)
            next_at = events.next_due(tx)
        code = TaskCode.UNFORESEEN if failed else TaskCode.DONE if found or made else TaskCode.NOTHING_DUE
        return TaskResult(code, {"events": found, "notices": len(made)}, next_at)

    def _look(self, lease: Lease, now: float) -> tuple[int, bool]:
        """Store what each source finds.

        Returns how many events that are, and whether a source failed. One that fails is logged, and the others go on.
        """
        found, failed = 0, False
        for source in self._sources:
            try:
                with self._store.write() as tx:
                    lease.check(tx)
                    conditions = source.find(tx, now)
                    if conditions is not None:
                        found += events.note_conditions(tx, source.rule, conditions, now)
            except (LeaseLost, StoreUnavailable, OwnershipLost):
                raise
            except Exception:
                log.exception("The source of events %s failed", source.rule.rule)
                failed = True
        return found, failed
