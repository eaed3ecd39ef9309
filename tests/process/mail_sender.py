"""A process that sends mails until none waits: `python -m tests.process.mail_sender DATA_DIR LEASE_SECONDS`."""

import sys
import time
from pathlib import Path

from mxlib.clock import SystemClock
from mxlib.mail.choice import choose_transport
from mxlib.services.outbox import OutboxService
from mxlib.settings import Settings
from mxlib.store import FILE, Store


def main(folder: str, lease: str) -> None:
    settings, clock = Settings(), SystemClock()
    store = Store.open(Path(folder) / FILE, clock)
    service = OutboxService(settings, store, clock, choose_transport(settings, sandbox=False), lease=float(lease))
    while service.send_due().next_at is not None:
        time.sleep(0.05)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
