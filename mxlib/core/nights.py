"""Nights, by which nightly work is due.

They are in UTC, so that no change of the local time skips or repeats one.
"""

HOUR, DAY = 3_600.0, 86_400.0


def night(at: float, hour: int) -> int:
    """Return the number of the night of a time (Unix seconds).

    Each begins at `hour` (UTC).
    """
    return int((at - hour * HOUR) // DAY)
