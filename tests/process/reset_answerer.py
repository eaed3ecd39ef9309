"""A process that answers requests for resets: `python -m tests.process.reset_answerer DIR LEASE`."""

import sys
import time
from pathlib import Path

from mxlib.clock import SystemClock
from mxlib.core.mails import MailCause
from mxlib.mail.choice import choose_transport
from mxlib.services.container import assemble
from mxlib.services.link_facts import LinkFacts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.outbox import OutboxService
from mxlib.services.self_service import SelfService
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from tests.process.mail_sender import few
from tests.support.app import StandIn
from tests.support.simulation import FreeRateLimiter


def main(folder: str, lease: str) -> None:
    settings, clock, host = Settings(), SystemClock(), StandIn()
    store = Store.open(Path(folder) / FILE, clock)
    outbox = OutboxService(settings, store, clock, choose_transport(settings, sandbox=False), lease=float(lease))
    here = assemble(settings, clock, store, host, FreeRateLimiter())  # type: ignore[arg-type]
    texts = here.handover_texts
    maker = LinkMaker(settings, store, LinkFacts(here.lists, settings.user), outbox, texts, clock)
    outbox.listen(MailCause.RESET, maker.mail_changed)
    resets = SelfService(settings, store, clock, here.lists, outbox, texts, maker)
    while resets.work(few()).requests or outbox.send_due(few()).next_at is not None:
        time.sleep(0.02)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
