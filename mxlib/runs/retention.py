"""How long passwords are kept, and how they are forgotten: key and ciphertext go, then the log that holds them."""

from mxlib.store import Store, audit, journal, time_guard, vault


def purge(store: Store, now: float) -> int:
    """Forget the passwords of runs at an end that were kept as long as was chosen; of how many runs.

    None go while it is not certain that the clock is right.
    """
    with store.write() as tx:
        due = vault.due(tx, now) if time_guard.may_forget(tx, now) else []
        for run in due:
            vault.drop(tx, run)
            audit.append(tx, at=now, who="MXM", kind="engine", what="run.passwords_forgotten", on=f"run {run}", run=run)
    return len(due)


def hand_over(store: Store, run: int, now: float) -> None:
    """Forget the passwords of a run at once: they reached their people."""
    with store.write() as tx:
        vault.drop(tx, run)
        journal.set_run(tx, run, handed_over_at=now)
