"""How long passwords are kept, and how they are forgotten: key and ciphertext go, then the log that holds them."""

from mxlib.core.vocabulary import AuditAction
from mxlib.store import Store, audit, clock_guard, erasure, journal, run_passwords
from mxlib.store.audit import Actor

#: What is so until the log of the database was emptied; then the trail says that they are erased.
_ERASING = "being erased"


def purge(store: Store, now: float) -> int:
    """Forget the passwords of runs at an end that were kept as long as was chosen; of how many runs.

    None go while it is not certain that the clock is right.
    """
    with store.write() as tx:
        due = run_passwords.due(tx, now) if clock_guard.may_forget(tx, now) else []
        for run in due:
            run_passwords.drop(tx, run)
            erasure.begin(tx, run)
            audit.record(tx, audit.MXM, AuditAction.RUN_PASSWORDS_FORGOTTEN, at=now, run=run, outcome=_ERASING)
    return len(due)


def hand_over(store: Store, run: int, now: float, by: Actor) -> bool:
    """Forget the passwords of a run at once: they reached their people. Whether they were not forgotten before."""
    with store.write() as tx:
        record = journal.get_run(tx, run)
        if record is None or run_passwords.forgotten(record):
            return False
        run_passwords.drop(tx, run)
        journal.set_run(tx, run, handed_over_at=now)
        erasure.begin(tx, run)
        audit.record(tx, by, AuditAction.RUN_HANDED_OVER, at=now, run=run, outcome=_ERASING)
    return True
