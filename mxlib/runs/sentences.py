"""What the results say of a row, and why a run paused."""

from mxlib.mailboxes.plan import Action
from mxlib.mxroute.errors import MXrouteError, Refused
from mxlib.mxroute.messages import Mailbox

# Why a run paused, and what to do.
BY_HAND = "Somebody pressed Pause. Resume to go on."
NO_WRITES = "MXroute answers, but not when it is asked to change something. Resume when MXroute is well."
BROKEN = "MXM itself failed at this run; the log says where. Restart the server and it goes on."

# What became of a row.
NOT_YET = "Not sent yet."
UNREADABLE = "(unreadable: the server key was changed)"
SETTLED = "No answer came; read back, and it was made."
MADE_MEANWHILE = "Already exists: someone else made it meanwhile."
GONE_MEANWHILE = "Someone else deleted it meanwhile."
STOPPED = "The run was stopped before its turn."
STOPPED_UNANSWERED = "No answer came, and the run was stopped before it was sent again."

# What became of the comparison at the end.
NOT_CHECKED = "The results could not be compared with MXroute: it did not answer."


def refused(error: MXrouteError) -> str:
    """The host's own words, and the field that they are about."""
    if not isinstance(error, Refused):
        return str(error)
    about = f" ({error.field})" if error.field else ""
    return f"MXroute: {error.message}{about}"


def gave_up(action: Action, tries: int) -> str:
    """Of a row that was sent as often as is sensible."""
    if action is Action.CREATE:
        return f"MXroute gave no answer {tries} times; the mailbox was not made."
    return f"MXroute gave no answer {tries} times; whether it took effect is not known."


def not_told(answer: object) -> str:
    """Why a run pauses that may not read what it must know."""
    return f"MXroute does not tell what is there ({answer}). Resume when it does."


def paused_without_key(error: Exception) -> str:
    """Why a run pauses whose passwords can not be opened."""
    return f"{error} Then Resume."


def compared(action: Action, quota: int | None, limit: int | None, box: Mailbox | None) -> tuple[str, str]:
    """The sentence about a mailbox as the host has it, and what differs as a phrase ("" when nothing does)."""
    done = "made" if action is Action.CREATE else "changed"
    if box is None:
        return f"{done}, but MXroute does not list it any more", "not listed any more"
    told, differs = [done], []
    ignored = " (the host ignores it)"
    for name, asked, has, why in (("quota", quota, box.quota, ""), ("limit", limit, box.limit, ignored)):
        if asked == has:
            told.append(f"{name} as asked")
        elif asked is not None:
            told.append(f"{name} is {has}, not {asked} as asked{why}")
            differs.append(f"{name} {has}, not {asked}")
    sentence = "; ".join(told).replace("quota as asked; limit as asked", "quota and limit as asked")
    return sentence, ", ".join(differs)
