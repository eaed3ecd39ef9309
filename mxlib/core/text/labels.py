"""Labels of verdicts, outcomes and runs."""

from mxlib.core.format import count, day
from mxlib.core.text import links
from mxlib.core.vocabulary import RunKind, Verdict

_VERDICTS = {
    Verdict.READY: "Ready",
    Verdict.NEEDS_PASSWORD: "Needs password",
    Verdict.DUPLICATE: "Duplicate",
    Verdict.EXISTS: "Already exists",
    Verdict.INVALID: "Error",
}
#: Labels of ready rows whose mailbox exists.
_UPDATES = {"update": "Update", "unchanged": "No change"}
_KINDS = {
    RunKind.IMPORT: "Import",
    RunKind.CHANGE: "Change",
    RunKind.DELETE: "Deletion",
    RunKind.UNDO: "Undo",
    RunKind.LINKS: "Send links",
}


def verdict(value: str) -> str:
    """Return the label of a verdict: `Needs password`."""
    return _VERDICTS[Verdict(value)]


def kind(value: str) -> str:
    """Return the label of a row in the preview.

    It is the label of its verdict, or `Update` or `No change`.
    """
    return _UPDATES.get(value) or verdict(value)


def outcome(value: str) -> str:
    """Return the label of an outcome: `Not attempted`."""
    return value.replace("_", " ").capitalize()


def run_kind(kind: str) -> str:
    """Return the label of a run's kind: `Import`."""
    return _KINDS[RunKind(kind)]


def run_title(
    kind: str, file_name: str, rows: int, at: float, undo_of: int | None = None, *, asks_recovery: bool = False
) -> str:
    """Return the title of a run that started `at`: `Import of 24 Nov, staff.xlsx`.

    That of a change is `Change quota, 24 Nov (12 mailboxes)`, that of an undo `Undo of run 41, staff.xlsx`.
    `asks_recovery`: its links ask owners for a recovery email.
    """
    match RunKind(kind):
        case RunKind.CHANGE | RunKind.DELETE:
            return f"{file_name or run_kind(kind)}, {day(at)} ({count(rows, 'mailbox', 'mailboxes')})"
        case RunKind.UNDO:
            return f"Undo of run {undo_of}" + (f", {file_name}" if file_name else "")
        case RunKind.LINKS:
            return f"{(links.asked_title if asks_recovery else links.title)(rows)}, {day(at)}"
        case RunKind.IMPORT:
            return f"Import of {day(at)}, {file_name or 'rows added manually'}"
