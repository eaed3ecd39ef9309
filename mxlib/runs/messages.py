"""Texts about runs: why one paused, and what is wrong with it."""

from mxlib.core.vocabulary import RunStatus

# Why a run paused, and what to do.
BY_HAND = "Paused manually. Resume to continue."
NO_WRITES = "MXroute answers, but not when it is asked to change something. Resume when MXroute is well."
NOT_ALLOWED = "MXroute does not allow the key to make these changes. Let it write, then Resume."
BROKEN = "MXM itself failed at this run; the log says where. Resume to go on."

# What cannot be decrypted.
OWN_UNREADABLE = "cannot be opened: the server key was changed; bring MXM_SECRET_KEY or mxm.key back"
UNREADABLE = "(unreadable: the server key was changed)"

# The result of the comparison at the end.
NOT_CHECKED = "The results could not be compared with MXroute: it did not answer."


def broken(run: int) -> str:
    """Say that a run is stopped by a bug."""
    return f"Run {run} stands still: MXM itself failed at it; the log says where. Resume it."


#: About a run that the caller may not see.
DONE_BY_ANOTHER = "Another run does this already. Wait for it, or ask an admin."

NO_DOMAINS = "MXroute lists no domain, where there were some. The list is read again in a minute."


def none_listed(domain: str) -> str:
    """Say that a list is empty where it was not, and so is read again."""
    return f"MXroute lists no mailbox of {domain}, where there were some. The list is read again in a minute."


def not_settled(rows: int) -> str:
    """Say that rows of a stopped run are not certain."""
    return f"Of {rows:,} {'row' if rows == 1 else 'rows'} it is not known yet what became. Wait until MXroute answers."


def over(run: int, status: RunStatus) -> str:
    """Say that a run has ended and cannot be paused, resumed or stopped."""
    how = {RunStatus.FINISHED: "has finished", RunStatus.STOPPED: "was stopped", RunStatus.STOPPING: "is being stopped"}
    return f"Run {run} {how[status]}; nothing of it waits any more."


def reads_refused(answer: object) -> str:
    """Say why a run pauses that cannot read what it needs."""
    return f"MXroute does not report what is there ({answer}). Resume when it does."


def paused_without_key(error: Exception) -> str:
    """Say why a run pauses whose passwords cannot be decrypted."""
    return f"{error} Then Resume."


def undoes_already(by: int, of: int) -> str:
    """Return that an open run undoes another one."""
    return f"Run {by} takes run {of} back already."
