"""Texts of run rows: why each has its outcome."""

from collections.abc import Callable, Mapping
from typing import Any

from mxlib.core.reasons import FigureDetail, Reason, ReasonDetail
from mxlib.core.schema import MEANINGS
from mxlib.core.text import findings
from mxlib.core.vocabulary import Action, Proof, RowReason, Verdict

NOT_YET = "Not sent yet."
SET_BY_OWNER = "Its owner sets the password: nobody knows the first one."
OTHER_PASSWORD = "The password was changed after this run, or the mailbox deleted."  # noqa: S105 (a sentence)
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
LOCKED_ALREADY = "locked already"
LOCKED = "kept: locked. Unlock it first, which sets a new password"
NOT_LOCKED = "kept: not locked"
QUOTA_OVER_CAP = "skipped: the quota is over the largest of its client by now. Ask an admin to raise it"
CALLED_OFF = "kept: its deletion was called off"
OTHER_DATE = "kept: its deletion has another date"
RESTORED = "kept: a backup was restored since, and its deletion may have been called off after the backup"
STOPPED = "The run was stopped before its turn."
STOPPED_UNANSWERED = "No answer came, and the run was stopped before it was sent again."
MAY_EXIST = "No answer came: it may exist. MXM looks as soon as MXroute answers."
MAY_BE_DONE = "No answer came: it may be done. MXM looks as soon as MXroute answers."

_PROOF = {
    Proof.ANSWERED: "",
    Proof.READ_BACK: " (no answer came; read back)",
    Proof.AGAINST_ANSWER: " (MXroute said no; read back)",
}
_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.DELETE: "deleted",
    Action.LOCK: "locked",
    Action.UNLOCK: "unlocked",
}
_STORED = {"set": findings.stored_set, "changed": findings.stored_changed, "removed": findings.stored_removed}


def text(reason: Reason, action: Action) -> str:
    """Return the text of a reason of a row that asked for `action`."""
    return TEXTS[reason.code](reason, action)


def stored_text(code: str, detail: Mapping[str, Any] | None, words: str, action: str) -> str:
    """Return the text of a row by its columns.

    A row of an earlier release has no code, and its text as `words`.
    """
    reason = Reason.from_columns(code, detail, words)
    return words if reason is None else text(reason, Action(action))


def made_by(run: int | None) -> str:
    """Say of an unanswered row whose mailbox another run or a person made: the password is theirs."""
    how = "manually" if run is None else f"by run {run}"
    return f"Already exists: made {how} meanwhile, with the password of that."


def holds(usage: float) -> str:
    """Say that a mailbox is kept since it has mail in it, in MB."""
    return f"kept: holds {usage:,.0f} MB of mail" if usage >= 1 else "kept: holds mail (less than 1 MB)"


def gave_up(action: Action, tries: int) -> str:
    """Of a row that was sent as often as is sensible."""
    if action is Action.CREATE:
        return f"MXroute gave no answer {tries} times; the mailbox was not created."
    return f"MXroute gave no answer {tries} times; whether it took effect is not known."


def not_done(action: Action) -> str:
    """Of a row that was answered with yes, and did not take effect."""
    return f"MXroute said yes, but it was not {_DONE[action]}."


def _refused(reason: Reason, _action: Action) -> str:
    """Return MXroute's own words, and the field that they are about."""
    if "status" not in reason.detail:
        return reason.words
    about = f" ({reason.detail['field']})" if reason.detail.get("field") else ""
    return f"MXroute: {reason.words}{about}"


def _stored_here(reason: Reason, _action: Action) -> str:
    limit = reason.detail.get("limit")
    return _joined([*_stored(reason.detail), *([] if limit is None else [findings.limit_not_sent(limit)])])


def _compared(reason: Reason, action: Action) -> str:
    """Return what the comparison with MXroute showed of a mailbox that is there."""
    figures = _figures(reason.detail, action)
    if action is Action.CREATE:  # what is as asked goes without saying
        figures = [_figure(name, each, action, alone=False) for name, each in _unlike(reason.detail, action)]
    return _joined([*_done(reason.detail, action), *figures, *_kept(reason.detail)])


def _unlike(detail: ReasonDetail, action: Action) -> list[tuple[str, FigureDetail]]:
    """Return the figures that need words."""
    return [(name, each) for name, each in detail.get("figures", {}).items() if not _is_plain(each, action)]


def _not_listed(reason: Reason, action: Action) -> str:
    done = _joined([*_done(reason.detail, action), *_kept(reason.detail)])
    return f"{done}, but MXroute does not list it any more"


def _listed_again(reason: Reason, action: Action) -> str:
    return f"{_joined(_done(reason.detail, action))}, but MXroute lists it again"


def _done(detail: ReasonDetail, action: Action) -> list[str]:
    done = "Created" if action is Action.CREATE else _DONE[action]
    return [done + _PROOF[Proof(detail.get("proof", ""))]] if detail.get("asks_host") else []


def _figures(detail: ReasonDetail, action: Action) -> list[str]:
    figures = detail.get("figures", {})
    plain = [name for name, figure in figures.items() if _is_plain(figure, action)]
    if len(plain) == len(figures) > 1:
        return [f"{' and '.join(plain)} as asked"]
    alone = action is Action.UPDATE and not detail.get("password")
    return [_figure(name, figure, action, alone=alone) for name, figure in figures.items()]


def _is_plain(figure: FigureDetail, action: Action) -> bool:
    """Return whether a figure is as asked, without an earlier one to mention."""
    return figure["asked"] == figure["has"] and (action is Action.CREATE or figure["had"] is None)


def _figure(name: str, figure: FigureDetail, action: Action, *, alone: bool) -> str:
    """Return `quota 1024 → 2048 as asked`, with any different planned value.

    The planned value is different when the mailbox was changed before the row was sent.
    """
    asked, has, had, planned = figure["asked"], figure["has"], figure["had"], figure["planned"]
    if _is_plain(figure, action):
        return f"{name} as asked"
    if asked != has:
        ignored = f" ({findings.ONLY_WITH_PASSWORD})" if alone else " (the host ignores it)"
        return f"{name} is {has}, not {asked} as asked{ignored if name == 'limit' else ''}"
    phrase = f"{findings.changes(name, had, has)} as asked" if had != has else f"{name} {has} as asked"
    return phrase if planned in (had, None) else f"{phrase} (it was {planned} when this was planned)"


def _kept(detail: ReasonDetail) -> list[str]:
    return [*_stored(detail), *([findings.PASSWORD_CHANGED] if detail.get("password") else [])]


def _stored(detail: ReasonDetail) -> list[str]:
    return [_STORED[change](MEANINGS[name]) for name, change in detail.get("stored", {}).items()]


def _joined(phrases: list[str]) -> str:
    return "; ".join(phrases)


def _always(sentence: str) -> Callable[[Reason, Action], str]:
    return lambda _reason, _action: sentence


def _words(reason: Reason, _action: Action) -> str:
    return reason.words


#: The text of every code.
TEXTS: Mapping[RowReason, Callable[[Reason, Action], str]] = {
    RowReason.UNTICKED: _always(findings.UNTICKED),
    RowReason.INVALID: _words,
    RowReason.DUPLICATE: _words,
    RowReason.ALREADY_EXISTS: _always(findings.alone(Verdict.EXISTS, findings.EXISTS)),
    RowReason.NEEDS_PASSWORD: _always(findings.alone(Verdict.NEEDS_PASSWORD, findings.NEEDS_PASSWORD)),
    RowReason.NO_CHANGE: lambda reason, _: findings.unchanged(reason.detail.get("limit")),
    RowReason.CREATED_MEANWHILE: _always(MADE_MEANWHILE),
    RowReason.CREATED_BY_ANOTHER: lambda reason, _: made_by(reason.detail["run"]),
    RowReason.GONE: _always(GONE_MEANWHILE),
    RowReason.RECREATED: _always(MADE_ANEW_SINCE),
    RowReason.CHANGED_SINCE_PLAN: _always(CHANGED_SINCE_PLAN),
    RowReason.CHANGED_SINCE_RUN: _always(CHANGED_HERE),
    RowReason.FIGURE_CHANGED: lambda reason, _: (
        f"kept: {reason.detail['column']} was changed to {reason.detail['value']} since"
    ),
    RowReason.VALUE_CHANGED: lambda reason, _: f"kept: the {MEANINGS[reason.detail['column']].noun} was changed since",
    RowReason.SUSPENDED: _always(SUSPENDED_SINCE),
    RowReason.HOLDS_MAIL: lambda reason, _: holds(reason.detail["usage"]),
    RowReason.SENT_TODAY: lambda reason, _: f"kept: {reason.detail['sent']:,} sent today",
    RowReason.LESS_MAIL: _always(LESS_MAIL),
    RowReason.FEWER_SENT: _always(FEWER_SENT),
    RowReason.USE_UNKNOWN: _always(NOT_TOLD),
    RowReason.STATE_UNKNOWN: _always(NOT_SAID),
    RowReason.NOT_RESTORABLE: _always(NOT_TO_RESTORE),
    RowReason.LOCKED: lambda _, action: LOCKED_ALREADY if action is Action.LOCK else LOCKED,
    RowReason.NOT_LOCKED: _always(NOT_LOCKED),
    RowReason.QUOTA_OVER_CAP: _always(QUOTA_OVER_CAP),
    RowReason.CALLED_OFF: _always(CALLED_OFF),
    RowReason.OTHER_DATE: _always(OTHER_DATE),
    RowReason.RESTORED: _always(RESTORED),
    RowReason.NOT_AS_PLANNED: _always(NOT_AS_PLANNED),
    RowReason.REFUSED: _refused,
    RowReason.NOT_ALLOWED: _refused,
    RowReason.PLAN_FULL: _refused,
    RowReason.NO_ANSWER: lambda reason, action: gave_up(action, reason.detail["tries"]),
    RowReason.NOT_READABLE: lambda reason, _: (
        f"No answer came, and whether it took effect is not known: {reason.words}"
    ),
    RowReason.NOT_DONE: lambda _, action: not_done(action),
    RowReason.STOPPED: _always(STOPPED),
    RowReason.STOPPED_UNANSWERED: _always(STOPPED_UNANSWERED),
    RowReason.MAY_BE_DONE: lambda _, action: MAY_EXIST if action is Action.CREATE else MAY_BE_DONE,
    RowReason.STORED_HERE: _stored_here,
    RowReason.READ_BACK: lambda _, action: f"No answer came; read back, and it was {_DONE[action]}.",
    RowReason.AGAINST_ANSWER: lambda _, action: f"MXroute said no, and did it; read back, and it was {_DONE[action]}.",
    RowReason.AS_ASKED: _compared,
    RowReason.DIFFERS: _compared,
    RowReason.NOT_LISTED: _not_listed,
    RowReason.LISTED_AGAIN: _listed_again,
}
