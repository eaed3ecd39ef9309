"""Background tasks: what the server does by itself, at intervals, each by one process at a time.

To add one:

1. Give it a member of `TaskName` (`core/background_tasks.py`) and a label in `core/text/background_tasks.py`.
2. Write its step: a function of a `Lease` that returns a `TaskResult`. It does what is due now and ends; it may be
   stopped at any moment and run again, so whatever it does is either stored with its effect or harmless twice. A
   step that must not write after another process took over calls `lease.check(tx)` in its transaction. A result has
   a code, figures for its text and, where more is to be done before the schedule's next time, `again_at`. A step
   that raises is logged, and tried again with growing pauses.
3. Register it before the start, in `services/background_tasks.py`:

       runner.register(BackgroundTask(TaskName.MAIL, Every(60.0), mail.send_due, needs_ownership=True, at_start=True))

4. Where something makes it due, call `background_tasks.request(tx, TaskName.MAIL, now)` of the store in the
   transaction that causes it, and `runner.wake()` after that; or `runner.run_soon(TaskName.MAIL)` for both. A request
   during a run leads to another run right after it. A process that was not woken notices within `ROUND_S` seconds.

`needs_ownership` keeps a task to the process that owns the runs, such as one that sends something. `at_start` runs it
at each start, whenever it ran last. Nothing in memory decides: the table `background_task` does.
"""

from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.store.background_tasks import Lease, LeaseLost
from mxlib.tasks.runner import ROUND_S, TaskRunner
from mxlib.tasks.task import BackgroundTask, Every, Nightly, Schedule

__all__ = [
    "ROUND_S",
    "BackgroundTask",
    "Every",
    "Lease",
    "LeaseLost",
    "Nightly",
    "Schedule",
    "TaskCode",
    "TaskName",
    "TaskResult",
    "TaskRunner",
]
