"""Texts of results: the reason of a row, and why a run paused."""

from mxlib.core.schema import MEANINGS, Column
from mxlib.core.text import findings
from mxlib.core.vocabulary import CLEAR, Action, Proof, RunStatus
from mxlib.mxroute.errors import MXrouteError, RequestRefused
from mxlib.mxroute.protocol import Mailbox
from mxlib.store.records import RowRecord

# Why a run paused, and what to do.
BY_HAND = "Paused by hand. Resume to go on."
NO_WRITES = "MXroute answers, but not when it is asked to change something. Resume when MXroute is well."
NOT_ALLOWED = "MXroute does not allow the key to make these changes. Let it write, then Resume."
BROKEN = "MXM itself failed at this run; the log says where. Resume to go on."

# The result of a row.
NOT_YET = "Not sent yet."
OWN_UNREADABLE = "cannot be opened: the server key was changed; bring MXM_SECRET_KEY or mxm.key back"
UNREADABLE = "(unreadable: the server key was changed)"
MADE_MEANWHILE = "Already exists: someone else made it meanwhile."
GONE_MEANWHILE = "Someone else deleted it meanwhile."
SUSPENDED_SINCE = "kept: suspended since"
MADE_ANEW_SINCE = "kept: made again since this was planned"
CHANGED_SINCE_PLAN = "kept: changed since this was planned, as its history shows"
LESS_MAIL = "kept: holds less mail than when this was planned; it may have been made again since"
FEWER_SENT = "kept: sent fewer messages than when this was planned; it may have been made again since"
NOT_SAID = "kept: MXroute does not say what it has"
CHANGED_HERE = "kept: changed or created again since, as its history shows"
NOT_AS_PLANNED = "not deleted: it is not as it was when this was planned"
NOT_TO_RESTORE = "kept: a password cannot be put back, nor a limit without one"
NOT_TOLD = "kept: MXroute does not report whether it is used"
STOPPED = "The run was stopped before its turn."
STOPPED_UNANSWERED = "No answer came, and the run was stopped before it was sent again."

MAY_EXIST = "No answer came: it may exist. MXM looks as soon as MXroute answers."
MAY_BE_DONE = "No answer came: it may be done. MXM looks as soon as MXroute answers."

# The result of the comparison at the end.
NOT_CHECKED = "The results could not be compared with MXroute: it did not answer."


def made_by(run: int | None) -> str:
    """Say of an unanswered row whose mailbox another run or a person made: the password is theirs."""
    how = "by hand" if run is None else f"by run {run}"
    return f"Already exists: made {how} meanwhile, with the password of that."


def broken(run: int) -> str:
    """Say that a run is stopped by a bug."""
    return f"Run {run} stands still: MXM itself failed at it; the log says where. Resume it."


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


def refused(error: MXrouteError) -> str:
    """Return MXroute's own words, and the field that they are about."""
    if not isinstance(error, RequestRefused):
        return str(error)
    about = f" ({error.field})" if error.field else ""
    return f"MXroute: {error.message}{about}"


def gave_up(action: Action, tries: int) -> str:
    """Of a row that was sent as often as is sensible."""
    if action is Action.CREATE:
        return f"MXroute gave no answer {tries} times; the mailbox was not made."
    return f"MXroute gave no answer {tries} times; whether it took effect is not known."


def not_told(answer: object) -> str:
    """Say why a run pauses that cannot read what it needs."""
    return f"MXroute does not report what is there ({answer}). Resume when it does."


def paused_without_key(error: Exception) -> str:
    """Say why a run pauses whose passwords cannot be decrypted."""
    return f"{error} Then Resume."


def settled(action: Action, proof: Proof = Proof.READ_BACK) -> str:
    """Of a row that took effect though its answer never came, or said no."""
    if proof is Proof.AGAINST_ANSWER:
        return f"MXroute said no, and did it; read back, and it was {_DONE[action]}."
    return f"No answer came; read back, and it was {_DONE[action]}."


def not_done(action: Action) -> str:
    """Of a row that was answered with yes, and did not take effect."""
    return f"MXroute said yes, but it was not {_DONE[action]}."


def may_not_be_read(error: Exception) -> str:
    """Of a row without an answer whose mailbox may not be read back."""
    return f"No answer came, and whether it took effect is not known: {error}"


def stored_since(column: Column) -> str:
    """Say why a mailbox stays as it is: someone changed a value that is stored here."""
    return f"kept: the {column.noun} was changed since"


def stored_kept(row: RowRecord) -> list[str]:
    """Say what happened to the values that a row stores here."""
    return [_stored(MEANINGS[name], bool(row.was.get(name)), asked) for name, asked in row.stored.items()]


def _stored(column: Column, had_one: bool, asked: str) -> str:
    if asked == CLEAR:
        return findings.stored_removed(column)
    return findings.stored_changed(column) if had_one else findings.stored_set(column)


def holds(usage: float) -> str:
    """Say that a mailbox is kept since it has mail in it, in MB."""
    return f"kept: holds {usage:,.0f} MB of mail" if usage >= 1 else "kept: holds mail (less than 1 MB)"


def sent_today(messages: int) -> str:
    """Say that a mailbox is kept since it sent mail."""
    return f"kept: {messages:,} sent today"


def changed_since(name: str, has: int) -> str:
    """Say that a mailbox is kept since others changed its quota or limit."""
    return f"kept: {name} was changed to {has} since"


def compared(row: RowRecord, box: Mailbox | None) -> tuple[str, str]:
    """Return a sentence about a row's mailbox at MXroute, and a phrase for differences.

    The phrase is blank without any.
    """
    action = Action(row.action)
    if action is Action.DELETE:
        again = box is not None
        deleted = f"deleted{_PROOF[Proof(row.proof)]}"
        return (f"{deleted}, but MXroute lists it again", "listed again") if again else (deleted, "")
    told, differs = [_DONE[action] + _PROOF[Proof(row.proof)]] if row.asks_host else [], []
    more = []
    if action is Action.UPDATE:
        password = findings.PASSWORD_CHANGED if row.sealed_password is not None else ""
        more = [*stored_kept(row), password]
    if box is None:
        return f"{_joined(told, more)}, but MXroute does not list it any more", "not listed any more"
    alone = action is Action.UPDATE and row.sealed_password is None
    ignored = f" ({findings.ONLY_WITH_PASSWORD})" if alone else " (the host ignores it)"
    for name, asked, has, why in (("quota", row.quota, box.quota, ""), ("limit", row.limit, box.limit, ignored)):
        if asked == has:
            told.append(_as_asked(row, name, has))
        elif asked is not None:
            told.append(f"{name} is {has}, not {asked} as asked{why}")
            differs.append(f"{name} {has}, not {asked}")
    sentence = _joined(told, more).replace("quota as asked; limit as asked", "quota and limit as asked")
    return sentence, ", ".join(differs)


def _joined(*parts: list[str]) -> str:
    return "; ".join(phrase for part in parts for phrase in part if phrase)


def _as_asked(row: RowRecord, name: str, has: int) -> str:
    """Return `quota 1024 → 2048 as asked`, with any different planned value.

    The planned value is different when the mailbox was changed before the row was sent.
    """
    had, planned = row.was.get(name), row.before.get(name)
    if row.action == Action.CREATE or had is None:
        return f"{name} as asked"
    told = f"{findings.changes(name, had, has)} as asked" if had != has else f"{name} {has} as asked"
    return told if planned in (had, None) else f"{told} (it was {planned} when this was planned)"


_PROOF = {
    Proof.ANSWERED: "",
    Proof.READ_BACK: " (no answer came; read back)",
    Proof.AGAINST_ANSWER: " (MXroute said no; read back)",
}
_DONE = {Action.CREATE: "made", Action.UPDATE: "changed", Action.DELETE: "deleted"}
