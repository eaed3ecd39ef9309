"""Compare a row that is done with its mailbox at MXroute."""

from mxlib.core.reasons import FigureDetail, Reason, ReasonDetail, StoredChange
from mxlib.core.text import run_status
from mxlib.core.vocabulary import CLEAR, Action, RowReason
from mxlib.mxroute.protocol import Mailbox
from mxlib.store.records import RowRecord


def compare(row: RowRecord, box: Mailbox | None) -> tuple[Reason, str]:
    """Return the result of a row by its mailbox, and a phrase for differences.

    The phrase is blank without any.
    """
    detail = _detail(row)
    if row.action == Action.DELETE:
        if box is None:
            return Reason(RowReason.AS_ASKED, detail), ""
        return Reason(RowReason.LISTED_AGAIN, detail), "listed again"
    if box is None:
        return Reason(RowReason.NOT_LISTED, detail), "not listed any more"
    figures = {
        name: FigureDetail(asked=asked, has=has, had=row.was.get(name), planned=row.before.get(name))
        for name, asked, has in (("quota", row.quota, box.quota), ("limit", row.limit, box.limit))
        if asked is not None
    }
    if not row.asks_host and not figures:
        return Reason(RowReason.STORED_HERE, detail), ""
    detail["figures"] = figures
    others = [(name, figure) for name, figure in figures.items() if figure["asked"] != figure["has"]]
    differs = ", ".join(run_status.difference(name, figure["has"], figure["asked"]) for name, figure in others)
    return Reason(RowReason.DIFFERS if others else RowReason.AS_ASKED, detail), differs


def stored_changes(row: RowRecord) -> dict[str, StoredChange]:
    """Return what becomes of each value that a row stores here, by column."""
    return {name: _change(had_one=bool(row.was.get(name)), asked=asked) for name, asked in row.stored.items()}


def _change(*, had_one: bool, asked: str) -> StoredChange:
    if asked == CLEAR:
        return "removed"
    return "changed" if had_one else "set"


def _detail(row: RowRecord) -> ReasonDetail:
    detail = ReasonDetail()
    if row.asks_host:
        detail["asks_host"] = True
    if row.proof:
        detail["proof"] = row.proof
    if row.action == Action.UPDATE:
        if row.stored:
            detail["stored"] = stored_changes(row)
        if row.sealed_password is not None:
            detail["password"] = True
    if row.action == Action.UNLOCK:
        detail["password"] = True
    return detail
