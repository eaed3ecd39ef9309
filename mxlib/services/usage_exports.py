"""Files of figures: the tables of the Overview, and a month of all clients for invoices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core import month_report
from mxlib.core.days import date_of
from mxlib.core.files import figure_writer
from mxlib.core.files.figure_writer import Cell
from mxlib.core.month_report import ClientMonth, DomainFigures
from mxlib.core.months import Month
from mxlib.core.text import month_report as month_texts
from mxlib.core.text import overview as overview_texts
from mxlib.core.text import usage as usage_texts
from mxlib.core.usage import KB_PER_MB
from mxlib.core.vocabulary import AuditAction
from mxlib.services.exports import File, NotFound
from mxlib.services.overview import LINE_DAYS, Figures, OverviewService
from mxlib.store import Store, Tx, audit, clients, mailbox_lists, usage_history

#: Rows at most of a file that names mailboxes.
_MOST_ROWS = 10_000

#: Months that are offered.
MOST_MONTHS = 14

_Rows = list[list[Cell]]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the Overview: its title, and its rows with their header."""

    title: str
    rows: Callable[[Figures], _Rows]


def _days(found: Figures) -> _Rows:
    lines = (found.mailboxes, found.usage, found.over_quota, found.full_soon, found.near_send_limit)
    header: list[Cell] = [
        "Day", "Mailboxes", "Storage (MB)", "Full or over quota", "Full within 30 days", "Near send limit"
    ]  # fmt: skip
    first = found.today - LINE_DAYS + 1
    values = [[*line.days, line.now] for line in lines]
    return [header, *([date_of(first + at), *each] for at, each in enumerate(zip(*values, strict=True)))]


def _full_soon(found: Figures) -> _Rows:
    rows: _Rows = [["Address", "Full in", "Days left", "Used (%)", "Used (MB)", "Quota (MB)"]]
    for each in found.soonest:
        box = each.box
        text, share = usage_texts.short(each.forecast), round(100 * box.share, 1)
        rows.append([box.address, text, box.days_left, share, round(box.usage, 1), box.quota])
    return rows


def _clients(found: Figures) -> _Rows:
    rows: _Rows = [["Client", "Mailboxes", "Storage (GB)"]]
    rows += [[each.name, each.mailboxes, round(each.usage / KB_PER_MB, 2)] for each in found.by_client]
    return rows


def _how_full(found: Figures) -> _Rows:
    rows: _Rows = [["Used", "Mailboxes"]]
    rows += [[overview_texts.group(each), each.mailboxes] for each in found.how_full]
    return rows


def _senders(found: Figures) -> _Rows:
    rows: _Rows = [["Address", "Sent today", "Daily send limit", "Share (%)"]]
    for each in found.senders:
        rows.append([each.address, each.sent, each.limit, round(100 * each.sent / each.limit, 1)])
    return rows


#: The tables by the name of their file.
TABLES: Mapping[str, _Table] = {
    "days": _Table("Figures of the last 30 days", _days),
    "full-soon": _Table("Full soon", _full_soon),
    "clients": _Table("Storage by client", _clients),
    "how-full": _Table("How full the mailboxes are", _how_full),
    "senders": _Table("Sent today against the limit", _senders),
}


#: The file of the storage of the account, its title and its days.
ACCOUNT, ACCOUNT_TITLE, _ACCOUNT_DAYS = "account", "Storage of the account", 90

_BYTES_PER_GB = 1024**3


@resolves_callers
class UsageExports:
    """Makes files of figures, with permissions and audit."""

    def __init__(self, store: Store, overview: OverviewService, clock: Clock) -> None:
        self._store, self._overview, self._clock = store, overview, clock

    def table_file(self, caller: Caller, name: str, kind: str) -> File:
        """Return a table of the Overview as `csv` or `xlsx`.

        It has the domains that the caller may export. Raises NotFound and Forbidden.
        """
        if name == ACCOUNT and kind in figure_writer.WRITERS:
            return self._account_file(caller, kind)
        table = TABLES.get(name)
        if table is None or kind not in figure_writer.WRITERS:
            raise NotFound("The Overview has no such file. Open the Overview, and choose one under Export.")
        found = self._overview.figures(caller, permission=Permission.EXPORT, most=_MOST_ROWS)
        if not found.domains:
            raise Forbidden("You may not export from any domain. Ask an admin for it.")
        rows = table.rows(found)
        content = figure_writer.WRITERS[kind]({table.title: rows})
        self._record(current(caller), f"overview: {name}", f"{len(rows) - 1} rows as {kind}")
        return File(f"{name}-{self._today():%Y-%m-%d}.{kind}", content)

    def _account_file(self, caller: Caller, kind: str) -> File:
        """Return the storage of the account by the day.

        Raises Forbidden for those who may not see it, or export nothing.
        """
        use = self._overview.account(caller, _ACCOUNT_DAYS)
        found = self._overview.figures(caller, permission=Permission.EXPORT, most=0)
        if use is None or not found.domains:
            raise Forbidden("You may not export the storage of the account. Ask an admin for it.")
        limit = round(use.limit / _BYTES_PER_GB, 2) if use.limit else None
        rows: _Rows = [["Day", "Storage (GB)", "Limit (GB)"]]
        rows += [[date_of(day), round(kb * 1024 / _BYTES_PER_GB, 2), limit] for day, kb in use.days]
        content = figure_writer.WRITERS[kind]({ACCOUNT_TITLE: rows})
        self._record(current(caller), f"overview: {ACCOUNT}", f"{len(rows) - 1} rows as {kind}")
        return File(f"{ACCOUNT}-{self._today():%Y-%m-%d}.{kind}", content)

    def months(self) -> tuple[Month, ...]:
        """Return the months that have figures, the newest first."""
        with self._store.read() as tx:
            span = usage_history.span(tx)
        if span is None:
            return ()
        first, month = Month.of_day(span[0]), Month.of_day(span[1])
        found: list[Month] = []
        while month >= first and len(found) < MOST_MONTHS:
            found.append(month)
            month = month.before
        return tuple(found)

    def month_file(self, caller: Caller, text: str) -> File:
        """Return a month of all clients as .xlsx.

        It has the domains that the caller may export. Raises NotFound and Forbidden.
        """
        month = Month.read(text)
        if month is None:
            raise NotFound("A month is written as 2026-11. Choose one under Export on the Overview.")
        now = self._clock.now()
        with self._store.read() as tx:
            known = mailbox_lists.domains(tx)
            names = {*(known.names if known else ()), *usage_history.domains_of(tx, month.first, month.last)}
            mine = [name for name in names if all(caller.may(right, name) for right in _RIGHTS)]
            if not mine and not caller.admin:
                raise Forbidden("You may not export from any domain. Ask an admin for it.")
            found = report(tx, month, mine)
        if not found:
            raise NotFound(month_texts.no_figures(month))
        caller = current(caller)
        for name in mine:
            for right in _RIGHTS:
                caller.require(right, name)
        remarks = month_texts.remarks(month, self._store.days.day(now), usage_history.GONE_DAYS)
        content = figure_writer.xlsx(month_texts.sheets(month, found, remarks))
        self._record(caller, f"month {month}", f"{len(found)} clients as xlsx")
        return File(f"usage-{month}.xlsx", content, remarks)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now()).date()

    def _record(self, caller: Caller, on: str, outcome: str) -> None:
        with self._store.write() as tx:
            audit.record(tx, caller, AuditAction.EXPORT, at=self._clock.now(), on=on, outcome=outcome)


_RIGHTS = (Permission.VIEW, Permission.EXPORT)


def report(tx: Tx, month: Month, domains: Sequence[str]) -> tuple[ClientMonth, ...]:
    """Return the month of the clients of these domains."""
    first = month.first - month_report.LOOK_BACK
    stored = usage_history.of_domains(tx, domains, first, month.last)
    days: dict[str, list[DomainFigures]] = {}
    for each in stored:
        days.setdefault(each.domain, []).append(DomainFigures(each.day, each.mailboxes, each.usage, each.usage_max))
    boxes = usage_history.presence(tx, first, month.first, month.last)
    known, later = mailbox_lists.domains(tx), usage_history.next_days(tx, days, month.last)
    read_days = usage_history.days_read(tx, month.first, month.last + month_report.LOOK_BACK)

    def left(name: str, last: int) -> bool:
        on_account = known is None or name in known.names
        return month_report.has_left(last, later.get(name), read_days, is_on_account=on_account)

    found = (
        month_report.of_domain(month, name, own, boxes.get(name, ()), left=left(name, own[-1].day))
        for name, own in days.items()
    )
    names = {name: each.details.name for each in clients.list_clients(tx) for name in each.details.domains}
    return month_report.by_client([each for each in found if each is not None], names)
