"""The heartbeat: another service is called every minute, and notices when the calls end."""

import logging
from urllib.parse import urlsplit

from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.core.outgoing import failure_of
from mxlib.core.text import outgoing as texts
from mxlib.outgoing.hosts import Hosts, NotSent
from mxlib.outgoing.request import Requests
from mxlib.settings import Settings
from mxlib.tasks import Lease

log = logging.getLogger(__name__)

#: Seconds between two calls.
BEAT_EVERY = 60.0


class Heartbeat:
    """Calls the address of MXM_HEARTBEAT_URL, which is in no log: who knows it could keep a dead server quiet."""

    def __init__(self, settings: Settings, requests: Requests | None = None) -> None:
        self._url = settings.heartbeat_url.get_secret_value().strip()
        # The address comes from the settings, so its host may be in a private network.
        self._requests = requests or Requests(Hosts(frozenset({urlsplit(self._url).hostname or ""})))
        self._fails = False

    @property
    def is_set(self) -> bool:
        """Return whether there is an address to call."""
        return bool(self._url)

    def beat(self, _lease: Lease) -> TaskResult:
        """Call it once; only the first failure is logged, and that it is over."""
        if not self._url:
            return TaskResult(TaskCode.NOT_SET, {"setting": "MXM_HEARTBEAT_URL"})
        try:
            failure = failure_of(self._requests.send("GET", self._url, {}))
        except NotSent as error:
            failure = error.failure
        if failure is None:
            if self._fails:
                log.warning("The heartbeat arrives again.")
            self._fails = False
            return TaskResult()
        if not self._fails:
            log.warning("The heartbeat does not arrive: %s", texts.failed(failure.problem, failure.status))
        self._fails = True
        return TaskResult(TaskCode.FAILED, {"problem": failure.problem.value, "status": failure.status})
