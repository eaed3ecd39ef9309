"""Storage of the whole account: used and allowed, as MXroute last reported it; read in the background."""

import logging
import math
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.plans import capacity
from mxlib.core.plans.capacity import Growth
from mxlib.core.plans.plan import Plan
from mxlib.mxroute import protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import InvalidResponse, MXrouteError
from mxlib.services.failures import Failure, ListUnavailable
from mxlib.services.mailbox_lists import MAX_WAIT_S, MailboxLists
from mxlib.store import Store, StoreUnavailable, account_storage, mailbox_history, usage_history

log = logging.getLogger(__name__)

#: Seconds after which the figures are read again; MXroute itself computes them once an hour.
MAX_AGE_S = 300.0

_NOT_YOURS = "You may view no domain of this account. Ask an admin for it."
_OF_THE_AGENCY = (
    "The storage of the whole account is shown to the agency only. Ask an admin for figures of your domains."
)


@dataclass(frozen=True, slots=True)
class AccountStorage:
    """Bytes used and allowed (limit 0 = unlimited); None is unknown, never 0.

    `reckoned_at`: when MXroute computed the figures, `read_at`: when it reported them (Unix s). `grace_until` is the
    day by which a full account must be emptied, as MXroute words it; blank without one.
    """

    used: int | None
    limit: int | None
    reckoned_at: float | None
    read_at: float
    grace_until: str = ""

    @property
    def free(self) -> int | None:
        """Return the bytes left; None without a limit, or when a figure is unknown."""
        return max(0, self.limit - self.used) if self.limit and self.used is not None else None

    @classmethod
    def from_data(cls, data: Any, at: float) -> Self:
        """Parse MXroute's response; missing or invalid figures become None.

        Raises InvalidResponse when there is no figure at all.
        """
        data = data if isinstance(data, Mapping) else {}
        used, limit = _bytes(data.get("total_used")), _bytes(data.get("total_limit"))
        if used is None and limit is None:
            raise InvalidResponse("MXroute answered without the account's storage.", status=200)
        grace = data.get("grace_period")
        return cls(
            used=used,
            limit=limit,
            reckoned_at=_moment(data.get("updated_at")),
            read_at=at,
            grace_until=str(grace.get("deadline") or "")[:40] if isinstance(grace, Mapping) else "",
        )


@resolves_callers
class AccountStorageService:
    """Returns the account's storage to callers who may view any of its domains."""

    def __init__(self, store: Store, host: MXrouteClient, lists: MailboxLists, clock: Clock) -> None:
        self._store, self._host, self._lists, self._clock = store, host, lists, clock
        self._reading = threading.Lock()
        self._reader: threading.Thread | None = None
        self._tried_at: float | None = None
        self._problem: Failure | None = None

    def latest(self, caller: Caller) -> AccountStorage | None:
        """Return the cached figures at once; refresh them in the background when they are due.

        None when they were never read, or the caller may view no domain.
        """
        if not self.may_see(caller):
            return None
        known = self.known()
        if self._due(known) and not self._reading.locked():
            self._reader = threading.Thread(target=self._read_quietly, name="mxm-storage", daemon=True)
            self._reader.start()
        return known

    def read(self, caller: Caller) -> tuple[AccountStorage, str]:
        """Return the figures, read from MXroute when due, and the problem of that read.

        The problem is blank when there was none; else the figures are old ones. Raises ListUnavailable, Forbidden.
        """
        domains = self._lists.domains(caller)  # before the permission: it may be due
        if domains.read_at is None and not caller.admin:
            raise ListUnavailable(domains.problem)
        if not self.may_see(caller):
            raise Forbidden(_OF_THE_AGENCY if caller.external else _NOT_YOURS)
        if self._due(self.known()):
            self._read()
            if not self.may_see(current(caller)):
                raise Forbidden(_NOT_YOURS)
        known = self.known()
        if known is None:
            raise ListUnavailable(self.problem)
        return known, self.problem

    def read_unasked(self, *, gated: bool = True) -> Failure | None:
        """Read the figures from MXroute now, on behalf of nobody; return why that failed.

        `gated=False`: the caller has taken a slot of the rate limiter.
        """
        with self._reading:
            self._fetch(gated=gated)
            return self._problem

    def capacity_warnings(self, caller: Caller, plan: Plan) -> tuple[str, ...]:
        """Return why a plan may not fit the account, with figures; no warning blocks it.

        The cached figures are used, so that no caller waits for MXroute.
        """
        growth, now = Growth.of(plan.sent()), self._clock.now()
        warnings = []
        if known := self.latest(caller):
            warnings.append(capacity.storage(growth, known.used, known.limit, known.read_at, now, known.grace_until))
        if caller.external:
            return ()
        with self._store.read() as tx:
            refused_at = mailbox_history.plan_was_full(tx)
        if refused_at is not None:
            warnings.append(capacity.plan_full(growth, refused_at, now))
        return tuple(filter(None, warnings))

    def may_see(self, caller: Caller) -> bool:
        """Return whether the caller may see figures of the account.

        They may view any of its domains, and do not belong to a client.
        """
        return not caller.external and self._lists.may_anywhere(caller, Permission.VIEW)

    def known(self) -> AccountStorage | None:
        """Return the figures last read, without a request to MXroute."""
        with self._store.read() as tx:
            kept = account_storage.kept(tx)
        return AccountStorage(**kept) if kept else None

    def close(self, patience: float = 2.0) -> None:
        """Wait for a read in progress; the MXroute client must be closed already."""
        if self._reader is not None:
            self._reader.join(patience)

    @property
    def problem(self) -> str:
        """Return why the last reading failed; blank when it did not."""
        return self._problem or ""

    def _due(self, known: AccountStorage | None) -> bool:
        old = known is None or known.read_at < self._clock.now() - MAX_AGE_S
        if self._tried_at is None or self._problem is None:
            return old
        return old and self._clock.monotonic() - self._tried_at >= self._problem.retry_delay

    def _read(self) -> None:
        with self._reading:
            if not self._due(self.known()):
                return  # another caller has read it meanwhile
            self._fetch()

    def _fetch(self, *, gated: bool = True) -> None:
        self._tried_at = self._clock.monotonic()
        try:
            answer = self._host.send(protocol.account_quota(), patience=MAX_WAIT_S, gated=gated)
            figures = AccountStorage.from_data(answer.data, self._clock.now())
            with self._store.write() as tx:
                account_storage.keep(tx, asdict(figures))
                usage_history.note_account(tx, figures.used, figures.limit, figures.read_at, figures.grace_until)
            self._problem = None
        except (MXrouteError, StoreUnavailable) as error:
            self._problem = Failure(error)
            if isinstance(error, StoreUnavailable):
                self._store.failures.report(error)
            else:
                log.warning("Reading the account's storage failed: %s", type(error).__name__)

    def _read_quietly(self) -> None:
        try:
            self._read()
        except Exception:  # the process may be closing: nobody waits for this
            log.info("The account's storage could not be kept")


def _bytes(value: object) -> int | None:
    """Parse a figure of MXroute in bytes; round fractions up, since 0 means no limit."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return math.ceil(number) if 0 <= number < 1e18 else None


def _moment(value: object) -> float | None:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None
