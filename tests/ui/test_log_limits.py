"""Lines that strangers can cause fill no log."""

import logging

from mxlib.ui.app.log_limits import MOST, WINDOW_S, RepeatLimit


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def record(line: str, error: object = None) -> logging.LogRecord:
    return logging.LogRecord("uvicorn.error", logging.WARNING, "x.py", 1, line, (), error)  # type: ignore[arg-type]


def test_the_same_line_is_written_a_few_times_a_minute_and_then_counted() -> None:
    clock = Clock()
    limit = RepeatLimit(clock)
    assert sum(limit.filter(record("Invalid HTTP request received.")) for _ in range(1_000)) == MOST
    assert limit.filter(record("Another line."))
    clock.at = WINDOW_S
    again = record("Invalid HTTP request received.")
    assert limit.filter(again)
    assert again.getMessage() == f"Invalid HTTP request received. ({1_000 - MOST} more like it were left out)"
    clock.at *= 2
    quiet = record("Invalid HTTP request received.")
    assert limit.filter(quiet)
    assert quiet.getMessage() == "Invalid HTTP request received."


def test_a_traceback_is_always_written_and_many_different_lines_take_no_memory() -> None:
    limit = RepeatLimit(Clock())
    error = (ValueError, ValueError("x"), None)
    assert all(limit.filter(record("Exception in ASGI application", error)) for _ in range(50))
    for number in range(5_000):
        assert limit.filter(record(f"line {number}"))
    assert len(limit._seen) <= 200
