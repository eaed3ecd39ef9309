"""Benchmark of a long history, 200 runs of 10,000 rows: audit files, and an undo's preview.

The store is filled by SQL in a folder of its own; each figure is of this process, in processor time. Files are compared
with a bare read of what they hold: on a busy machine that alone takes more than two seconds.
"""

import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import container
from mxlib.services.audit_log import AuditFilter
from mxlib.settings import Settings
from mxlib.store import FILE, Store, journal, mailbox_lists
from mxlib.store.tables import audit, run_row
from script.sandboxed import DOMAIN, plan

RUNS, ROWS = 200, 10_000

#: Budgets: seconds of processor, times a bare read, and megabytes more than before.
MOST_S, MOST_TIMES, MOST_MB = 2.0, 4.0, 150.0

_COLUMNS = (
    'position, line, "action", username, domain, generated, quota, "limit", recovery_email, verdict, cells, "before", '
    "outcome, reason, tries, unanswered, differs, proof"
)
_TRAIL = """
INSERT INTO audit (id, at, who, kind, what, "on", address, run, outcome, version, salt, link)
SELECT (run.id - 1) * 10000 + position + 1, run.created_at + position * 3.0417, 'operator' || (run.id % 5), 'engine',
       'mailbox.create', username || '@' || domain, '', run.id, '', 1, randomblob(16), randomblob(32)
FROM run JOIN run_row ON run_row.run = 1 WHERE run.id <= ? ORDER BY run.id, position
"""


def fill(store: Store) -> int:
    """Create the runs, all about the same mailboxes; return the number of the last."""
    now = time.time()
    indexes = [*audit.indexes, *run_row.indexes]
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_only_grows")
        for index in indexes:  # created at the end, they take a fifth of the time
            index.drop(tx)
        for number in range(RUNS):
            run = journal.add_run(
                tx, plan(1 if number else ROWS), store.key, operator=LOCAL.name, status="finished", retention_days=7,
                at=now - 86_400 * (RUNS - number),
            )  # fmt: skip
            journal.set_rows(tx, run, "waiting", outcome="created")
            if number:
                tx.exec_driver_sql("DELETE FROM run_row WHERE run = ?", (run,))
                copied = f"INSERT INTO run_row (run, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM run_row WHERE run = 1"
                tx.exec_driver_sql(copied, (run,))
            journal.set_run(tx, run, finished_at=now - 86_400 * (RUNS - number) + 40_000, total=ROWS, seen=True)
        tx.exec_driver_sql(_TRAIL, (RUNS,))
        for index in indexes:
            index.create(tx)
        boxes = [
            Mailbox(f"person{number}.name", f"person{number}.name@{DOMAIN}", 1024, 0.0, 9600, 0, suspended=False)
            for number in range(ROWS)
        ]
        mailbox_lists.keep_mailboxes(tx, DOMAIN, boxes, now - 86_400 * (RUNS + 1))
        mailbox_lists.keep_domains(tx, [DOMAIN], now)
    return run


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of processor, and the peak of megabytes beyond those before."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, began = _resident("VmRSS"), time.process_time()
    work()
    return time.process_time() - began, _resident("VmHWM") - before


def _resident(what: str) -> float:
    return int(Path("/proc/self/status").read_text(encoding="ascii").split(f"{what}:")[1].split()[0]) / 1024


def bare_read(store: Store) -> float:
    """Return the seconds that the driver alone takes for the cells of every line."""
    with store.read() as tx:
        cells = tx.exec_driver_sql('SELECT id, at, "on", run FROM audit ORDER BY id DESC').cursor
        began = time.process_time()
        deque(cells, 0)
    return time.process_time() - began


def main() -> bool:
    """Print what they cost; return whether that is within the budgets."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / FILE, SystemClock())
        run = fill(store)
        bare = bare_read(store)
        store.close()
        app = container.build(Settings(data_dir=Path(folder)))
        view = app.run_manager.view(run)
        assert view is not None
        print(f"a trail of {RUNS * ROWS:,} entries, and {RUNS} runs of {ROWS:,} rows about the same mailboxes")
        print(f"  {'a bare read':<15} {bare:6.2f} s")
        for name, work, most in (
            ("audit.csv", lambda: sum(map(len, app.audit_log.csv(LOCAL, AuditFilter()).pieces)), MOST_TIMES * bare),
            ("audit.jsonl", lambda: sum(map(len, app.audit_log.jsonl(LOCAL, AuditFilter()).pieces)), MOST_TIMES * bare),
            ("undo's preview", lambda: app.undo._plan(LOCAL, view), MOST_S),
        ):
            seconds, megabytes = cost(work)
            print(f"  {name:<15} {seconds:6.2f} s  (under {most:.1f} s), {megabytes:+5.0f} MB  (under {MOST_MB:g} MB)")
            kept = kept and seconds < most and megabytes < MOST_MB
        app.close()
    return kept


if __name__ == "__main__":
    raise SystemExit(not main())
