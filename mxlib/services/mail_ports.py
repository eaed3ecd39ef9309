"""The watch over mail itself: the ports of the account's server, every 2 minutes, without signing in."""

import logging

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.mail_ports import MailPorts
from mxlib.core.text import mail_ports as texts
from mxlib.outgoing.mail_probe import MailProbe
from mxlib.store import Store, background_tasks
from mxlib.tasks import Lease

log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 120.0


class MailPortsService:
    """Looks at the ports, and shows the last look that the store has."""

    def __init__(self, store: Store, clock: Clock, server: str, probe: MailProbe | None) -> None:
        """`probe` is None on the sandbox, which has no mail ports."""
        self._store, self._clock, self._server, self._probe = store, clock, server, probe

    @property
    def server(self) -> str:
        """Return the name of the server, as the settings of mail programs have it."""
        return self._server

    @property
    def is_set(self) -> bool:
        """Return whether there are ports to look at."""
        return self._probe is not None

    def state(self) -> MailPorts | None:
        """Return the last look; None before the first one, and on the sandbox."""
        if self._probe is None:
            return None
        with self._store.read() as tx:
            record = background_tasks.every(tx).get(TaskName.MAIL_PORTS)
        return None if record is None else MailPorts.from_figures(record.figures)

    def look(self, _lease: Lease) -> TaskResult:
        """Look at the ports once; a change is logged."""
        if self._probe is None:
            return TaskResult(TaskCode.NOT_SET, {"setting": "MX_SERVER"})
        before = self.state()
        looks, now = self._probe.look(), self._clock.now()
        after = (before or MailPorts(now, ())).after(looks, now)
        known = {each.look.port: each.look.problem for each in before.ports} if before else {}
        for each in after.ports:
            if each.look.problem is not known.get(each.look.port):
                log.warning("The look at a mail port changed: %s", texts.port(each))
        return TaskResult(TaskCode.DONE, after.to_figures())
