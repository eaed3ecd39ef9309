"""One of several servers on one database, without pages: `python -m tests.process.replica DATA_DIR PLAN.json`.

The one that owns the runs starts the plan's run, unless another one did. All look on until it is at its end, or until
SIGTERM. A file named by the process, with `owner-` before it, is there while the process owns the runs.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from mxlib.core.vocabulary import AT_AN_END
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.runs.manager import NotOwner
from mxlib.services import container
from mxlib.settings import Settings
from mxlib.store import StoreUnavailable
from tests.process.runner import WINDOW, load

#: The number of the run, the first one of the database.
RUN = 1


def main(data_dir: str, plan: str) -> int:
    """Live until the run is at an end."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
    container.RateLimits = partial(RateLimits, window=WINDOW)  # type: ignore[assignment,misc]
    services = container.build(Settings(data_dir=Path(data_dir)))
    sign = Path(data_dir) / f"owner-{os.getpid()}"
    try:
        services.run_manager.recover()
        while not asked_to_end.wait(0.03):
            owns = services.run_manager.owns()
            sign.touch() if owns else sign.unlink(missing_ok=True)
            with suppress(NotOwner, StoreUnavailable):
                view = services.run_manager.view(RUN)
                if view is None and owns:
                    services.run_manager.start(load(Path(plan)), "ops", retention_days=7, idempotency_key="once")
                if view is not None and view.status in AT_AN_END:
                    return 0
        return 0
    finally:
        sign.unlink(missing_ok=True)
        if not services.close():
            container.leave_requests_behind()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
