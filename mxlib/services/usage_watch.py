"""The watch over the use of the account: one read for all mailboxes and one for the account, every hour.

The lists of the domains are read by `services/list_reader.py`. Both come after what people ask for.
"""

import logging
from dataclasses import dataclass

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.mxroute import protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import InvalidResponse, MXrouteError, RateLimited
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.services.account_storage import AccountStorageService
from mxlib.services.failures import Failure
from mxlib.services.list_reader import LATER_SHARE
from mxlib.store import Store, mailbox_lists, usage_history
from mxlib.tasks import Lease

log = logging.getLogger(__name__)

#: Seconds between two reads: MXroute renews the sizes once an hour.
WATCH_EVERY = 3_600.0


@dataclass(frozen=True, slots=True)
class WatchState:
    """When the lists were last read (Unix seconds); None for never."""

    newest: float | None
    oldest: float | None
    never_read: int


class UsageWatch:
    """Reads the use of all mailboxes, and of the account."""

    def __init__(
        self, store: Store, host: MXrouteClient, rate_limiter: RateLimiter, storage: AccountStorageService, clock: Clock
    ) -> None:
        self._store, self._host, self._rate_limiter = store, host, rate_limiter
        self._storage, self._clock = storage, clock

    def state(self) -> WatchState:
        """Return how old the lists are that figures come from."""
        with self._store.read() as tx:
            known, times = mailbox_lists.domains(tx), mailbox_lists.read_times(tx)
        names = known.names if known else ()
        read_at = [times[name] for name in names if name in times]
        return WatchState(max(read_at, default=None), min(read_at, default=None), len(names) - len(read_at))

    def read(self, lease: Lease) -> TaskResult:
        """Read both once, where the rate limit leaves room for it."""
        if wait := self._rate_limiter.try_acquire_share("read", LATER_SHARE):
            return TaskResult(TaskCode.BEHIND_OTHERS, again_at=self._clock.now() + wait)
        try:
            changed = self._read_sizes(lease)
        except RateLimited as error:
            return TaskResult(TaskCode.BEHIND_OTHERS, again_at=self._clock.now() + (error.retry_after or WATCH_EVERY))
        except MXrouteError as error:
            return self._failed("the use of all mailboxes", Failure(error))
        if not self._rate_limiter.try_acquire_share("read", LATER_SHARE):
            failure = self._storage.read_unasked(gated=False)
            if failure is not None:
                return self._failed("the storage of the account", failure)
        return TaskResult(TaskCode.DONE, self._figures() | {"sizes": changed})

    def _read_sizes(self, lease: Lease) -> int:
        answer = self._host.send(protocol.email_quota(), gated=False)
        sizes = protocol.mailbox_sizes(answer.data)
        if sizes is None:
            raise InvalidResponse("MXroute answered without the use of the mailboxes.", status=200)
        with self._store.write() as tx:
            lease.check(tx)
            return usage_history.note_sizes(tx, sizes, self._clock.now(), mailbox_lists.read_times(tx))

    def _failed(self, what: str, failure: Failure) -> TaskResult:
        log.warning("Reading %s failed: %s", what, failure.code, extra={"code": failure.code})
        return TaskResult(TaskCode.FAILED, self._figures() | {"why": failure.code})

    def _figures(self) -> dict[str, int | float | str]:
        """Return the age of the oldest list in seconds, and how many were never read."""
        state, now = self.state(), self._clock.now()
        age = 0 if state.oldest is None else max(0, round(now - state.oldest))
        return {"oldest_s": age, "never_read": state.never_read}
