"""A process that sends deliveries of notices until none waits: `python -m tests.process.notice_sender DIR LEASE`."""

import sys
import time
from pathlib import Path

from mxlib.clock import SystemClock
from mxlib.mail.choice import choose_transport
from mxlib.services.deliveries import Deliveries
from mxlib.services.outbox import OutboxService
from mxlib.settings import Settings
from mxlib.store import FILE, Store


def main(folder: str, lease: str) -> None:
    settings, clock = Settings(), SystemClock()
    store = Store.open(Path(folder) / FILE, clock)
    outbox = OutboxService(settings, store, clock, choose_transport(settings, sandbox=False))
    deliveries = Deliveries(settings, store, clock, outbox, lease=float(lease))
    while deliveries.send_due().next_at is not None:
        time.sleep(0.02)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
