"""A process that makes links and sends mails until none waits: `python -m tests.process.mail_sender DIR LEASE`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from mxlib.clock import SystemClock
from mxlib.core.mails import MailCause
from mxlib.mail.choice import choose_transport
from mxlib.services.container import assemble
from mxlib.services.link_facts import LinkFacts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.outbox import OutboxService
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from tests.support.app import StandIn
from tests.support.simulation import FreeRateLimiter

#: Mails of each round, so that a kill finds links and mails in every state.
FEW = 5


def main(folder: str, lease: str) -> None:
    settings, clock, host = Settings(), SystemClock(), StandIn()
    store = Store.open(Path(folder) / FILE, clock)
    transport = choose_transport(settings, sandbox=False)
    outbox = OutboxService(settings, store, clock, transport, lease=float(lease))
    here = assemble(settings, clock, store, host, FreeRateLimiter())  # type: ignore[arg-type]
    maker = LinkMaker(settings, store, LinkFacts(here.lists, settings.user), outbox, here.handover_texts, clock)
    outbox.listen(MailCause.LINK, maker.mail_changed)
    while maker.work(few()).next_at is not None or outbox.send_due(few()).next_at is not None:
        outbox.send_due(few())
        time.sleep(0.05)
    store.close()


def few() -> Callable[[], bool]:
    """Return a question that is answered with yes a few times."""
    left = [True] * FEW
    return lambda: bool(left) and left.pop()


if __name__ == "__main__":
    main(*sys.argv[1:])
