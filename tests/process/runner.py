"""One life of a server without its pages: `python -m tests.process.runner DATA_DIR PLAN.json`.

Open the services on DATA_DIR, start the plan's run or continue it, and exit: with 0 at its end or after SIGTERM, when
open requests have finished, and with 3 when it paused. Settings come from the environment; the host's windows last two
seconds here instead of a minute.
"""

import json
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.vocabulary import AT_AN_END, Action, RunStatus, Verdict
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.services import container
from mxlib.settings import Settings

PAUSED = 3
WINDOW = 2.0


def load(path: Path) -> Plan:
    """The plan that `save` wrote."""
    stored = json.loads(path.read_text())
    rows = (PlannedRow(**row | {"verdict": Verdict(row["verdict"]), "action": Action(row["action"])}) for row in stored)
    return Plan(path.name, "a digest", tuple(rows))


def save(path: Path, rows: list[PlannedRow]) -> None:
    """Write the rows of a plan; it starts as one run however often a process is killed while starting it."""
    path.write_text(json.dumps([{name: getattr(row, name) for name in row.__slots__} for row in rows]))


def main(data_dir: str, plan: str) -> int:
    """Live until the run is at an end."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
    container.RateLimits = partial(RateLimits, window=WINDOW)  # type: ignore[assignment,misc]
    services = container.build(Settings(data_dir=Path(data_dir)))
    try:
        services.run_manager.recover()
        services.listener.start()
        run = services.run_manager.start(load(Path(plan)), "ops", retention_days=7, idempotency_key="once")
        while not asked_to_end.wait(0.03):
            view = services.run_manager.view(run)
            assert view is not None
            if view.status is RunStatus.PAUSED:
                print(view.paused_reason, file=sys.stderr)
                return PAUSED
            if view.status in AT_AN_END:
                return 0
        return 0
    finally:
        if not services.close():
            container.leave_requests_behind()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
