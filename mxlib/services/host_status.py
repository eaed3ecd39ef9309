"""The state of MXroute and of the runs, without a request."""

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.core.host_status import HostState, HostStatus, MovingRun
from mxlib.core.vocabulary import AT_AN_END, RunStatus
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.runs.manager import RunManager
from mxlib.services.failures import KEY_REFUSED, Failure
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.run_watch import RunWatch

#: Latest runs that the line covers.
_LATEST = 10


@resolves_callers
class HostStatusService:
    """Returns what the last answers of MXroute and the latest runs show, without a request."""

    def __init__(self, lists: MailboxLists, runs: RunWatch, manager: RunManager, rate_limiter: RateLimiter) -> None:
        self._lists, self._runs, self._manager, self._rate_limiter = lists, runs, manager, rate_limiter

    def status(self, caller: Caller) -> HostStatus:
        """Return the state; a caller sees of runs only what they may see of them."""
        views = [view for view in self._runs.all(caller, most=_LATEST) if view.status not in AT_AN_END]
        going = [view for view in views if view.status is not RunStatus.PAUSED]
        running = next((view for view in going if view.status is RunStatus.RUNNING), None)
        paused = next((view for view in views if view.status is RunStatus.PAUSED), None)
        state, since = self._state()
        return HostStatus(
            state=state,
            since=since,
            writes=None if caller.external else self._rate_limiter.left("write"),
            rows_waiting=sum(view.open for view in going),
            moving=MovingRun(running.id, running.decided, running.total) if running else None,
            paused=(paused.id, paused.paused_code) if paused else None,
        )

    def state(self) -> HostState:
        """Return the state of MXroute, for the background."""
        return self._state()[0]

    def _state(self) -> tuple[HostState, float | None]:
        """Return the state and, while MXroute is silent, since when."""
        since = self._manager.silent_since()
        if since is not None:
            return HostState.SILENT, since
        problem = self._lists.last_problem()
        if problem is None:
            return HostState.UNKNOWN, None
        if isinstance(problem, Failure) and problem.code == KEY_REFUSED:
            return HostState.KEY_REFUSED, None
        return (HostState.SILENT if isinstance(problem, Failure) and problem.is_silence else HostState.ANSWERS), None
