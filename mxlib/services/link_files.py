"""The people of a run of links as a file: who has set their password, and who has not."""

from datetime import datetime

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.core.files import writer
from mxlib.core.text import links as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.services.exports import File, NotFound
from mxlib.services.sent_links import LinkPerson, SentLinks
from mxlib.store import Store, audit

KINDS = ("xlsx", "csv")


@resolves_callers
class LinkFiles:
    """Makes files of boards, with permissions and audit."""

    def __init__(self, store: Store, sent_links: SentLinks, clock: Clock) -> None:
        self._store, self._links, self._clock = store, sent_links, clock

    def make(self, caller: Caller, run: int, kind: str, *, delimiter: str = ",") -> File:
        """Return the board of a run as .xlsx or .csv; it has no link.

        Raises NotFound.
        """
        if kind not in KINDS:
            raise NotFound(texts.file_kinds(KINDS))
        board = self._links.board(caller, run)
        rows = [_row(each) for each in board.people]
        with self._store.write() as tx:
            outcome = f"{texts.title(len(rows))} as {kind}"
            audit.record(tx, caller, AuditAction.EXPORT, at=self._clock.now(), run=run, outcome=outcome)
        header = tuple(texts.FILE_COLUMNS)
        content = (
            writer.sheets_xlsx({"Links": [header, *rows]}) if kind == "xlsx"
            else writer.table_csv(header, rows, delimiter=delimiter)
        )  # fmt: skip
        return File(f"links-run-{run}.{kind}", content)


def _row(person: LinkPerson) -> tuple[str, ...]:
    times = (person.sent_at, person.opened_at, person.set_at, person.expires_at)
    return (
        person.address, person.name, person.recipient, person.status.value, person.happened, *map(_time, times)
    )  # fmt: skip


def _time(at: float | None) -> str:
    """Return a time that spreadsheets and programs read; blank for none."""
    return "" if at is None else datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
