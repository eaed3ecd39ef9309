"""Rows of each run by outcome: counted once, and again when that may have changed."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from mxlib.clock import Clock
from mxlib.core.vocabulary import AT_AN_END, OPEN
from mxlib.store import Tx, journal
from mxlib.store.records import RunRecord

#: Ended runs that one look counts again, those counted longest ago; and seconds that a count of theirs holds at least.
_AGAIN, _HOLDS = 5, 10.0

#: Runs whose counts are kept.
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Tally:
    counts: dict[str, int]
    state: tuple[object, ...]
    at: float
    settled: bool


class RowCounts:
    """Keeps the counts of ended runs, which rarely change. Every method may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._kept: dict[int, _Tally] = {}

    def count(self, tx: Tx, records: Sequence[RunRecord]) -> dict[int, dict[str, int]]:
        """Return the counts of these runs; a single run is always counted."""
        now = self._clock.monotonic()
        with self._lock:
            kept = {record.id: self._kept.get(record.id) for record in records}
        known = {
            record.id: tally
            for record in records
            if (tally := kept[record.id]) is not None and tally.settled and tally.state == _state(record)
        }
        oldest = sorted((tally.at, number) for number, tally in known.items())[:_AGAIN]
        due = {number for at, number in oldest if now - at >= _HOLDS}
        stale = [record for record in records if len(records) == 1 or record.id not in known or record.id in due]
        counted = journal.counts(tx, [record.id for record in stale])
        with self._lock:
            for record in stale:
                counts = counted.setdefault(record.id, {})
                settled = record.status in AT_AN_END and not any(counts.get(outcome) for outcome in OPEN)
                self._kept[record.id] = _Tally(counts, _state(record), now, settled)
            for number in sorted(self._kept)[: max(0, len(self._kept) - _MOST)]:
                del self._kept[number]
        return {number: tally.counts for number, tally in known.items()} | counted


def _state(record: RunRecord) -> tuple[object, ...]:
    """Return what changes with the rows of a run that has ended."""
    return record.status, record.finished_at, record.checked_at, record.differences, record.note
