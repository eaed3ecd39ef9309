"""One line about MXroute and the runs, for every page."""

from mxlib.core.format import clock_time, count
from mxlib.core.host_status import HostState, HostStatus
from mxlib.core.vocabulary import PauseCode

_PAUSED = {
    PauseCode.KEY_REFUSED: "key refused",
    PauseCode.NOT_ALLOWED: "not allowed",
    PauseCode.NO_WRITES: "no changes allowed",
    PauseCode.PLAN_FULL: "plan is full",
    PauseCode.HOST_SILENT: "no answer",
    PauseCode.READS_REFUSED: "reads refused",
    PauseCode.PASSWORDS_LOCKED: "passwords unreadable",
    PauseCode.STORE_FAILED: "database fails",
    PauseCode.RESTORED: "after the restore",
    PauseCode.FAULT: "a fault in MXM",
}


def line(status: HostStatus) -> str:
    """Return the line: what hinders most comes first."""
    if status.state is HostState.SILENT:
        since = "No answer from MXroute" if status.since is None else f"No answer since {clock_time(status.since)}"
        return _joined(since, f"{count(status.rows_waiting, 'row')} waiting" if status.rows_waiting else "")
    if status.paused is not None:
        number, why = status.paused
        reason = _PAUSED.get(why, "") if why is not None else ""
        return f"Run {number} paused: {reason}" if reason else f"Run {number} paused"
    if status.state is HostState.KEY_REFUSED:
        return "MXroute rejects the API key"
    left = "" if status.writes is None else "{:,} of {:,} changes left this minute".format(*status.writes)
    if status.moving is not None:
        run = status.moving
        return _joined(f"Run {run.number}: {run.decided:,} of {run.total:,} rows", left)
    answers = "MXroute's API answers" if status.state is HostState.ANSWERS else "MXroute was not asked yet"
    return _joined(answers, left)


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
