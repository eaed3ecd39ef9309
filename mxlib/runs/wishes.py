"""Wishes of other processes: the owner of the runs carries them out."""

from collections.abc import Sequence

from mxlib.core.text import run_status
from mxlib.core.vocabulary import Wish
from mxlib.runs import messages as sentences
from mxlib.runs.engine import Engine
from mxlib.store import Store
from mxlib.store import wishes as stored
from mxlib.store.wishes import PendingWish


def carry_out(engine: Engine, store: Store) -> None:
    """Carry out what other processes asked for.

    What the store does not accept now waits for the next time. A wish that was carried out and not forgotten, since
    this process died, changes nothing the next time.
    """
    with store.read() as tx:
        found = stored.pending(tx)
    if not found:
        return
    engine.load_new_runs()
    for each in found:
        _carry_out(engine, each)
    if not engine.trouble:
        _forget(store, found)


def _forget(store: Store, done: Sequence[PendingWish]) -> None:
    with store.write() as tx:
        stored.clear(tx, done)


def _carry_out(engine: Engine, asked: PendingWish) -> None:
    if state := engine.states.get(asked.run):
        state.operator = asked.operator
    match asked.wish:
        case Wish.PAUSE:
            engine.pause(asked.run, paused_by(asked.by))
        case Wish.RESUME if not engine.on_hold:
            engine.resume(asked.run)
        case Wish.STOP:
            engine.stop(asked.run)


def paused_by(name: str) -> str:
    """Return why a run is paused that this person paused; blank is nobody in particular."""
    return run_status.paused_by(name) if name else sentences.BY_HAND
