"""Files of figures: tables of the Overview, a month of all clients, and the mail about it on the 1st."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.background_tasks import TaskCode
from mxlib.core.clients import ClientDetails
from mxlib.core.mails import MailStatus
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.exports import NotFound
from mxlib.services.month_mails import MonthMails
from mxlib.services.usage_exports import TABLES
from mxlib.settings import Settings, SettingsError
from mxlib.store import account_storage, mailbox_lists, usage_history
from mxlib.store.transaction import DAYS
from tests.support.app import App, trail
from tests.support.threaded_runs import ShiftedClock

DAY = 86_400.0
A_VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})
AN_EXPORTER = Caller("ed", domains={"a.nl": frozenset({Permission.VIEW, Permission.EXPORT})})


def box(name: str, usage: float = 100.0, **given: Any) -> Mailbox:
    values = {"quota": 1000, "limit": 100, "sent": 5, "suspended": False} | given
    return Mailbox(name, "", usage=usage, **values)


def noon(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


def listed(app: App, domain: str, at: float, *boxes: Mailbox) -> None:
    with app.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, domain, boxes, at)


@pytest.fixture
def october(app: App) -> App:
    """Return a server with an October: a.nl of a client loses one and gets one, b.nl stands for itself."""
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",)))
    with app.services.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl", "b.nl"], noon(2026, 9, 29))
    for day in (30, 31):
        listed(app, "a.nl", noon(2026, 9, 30) + (day - 30) * DAY, box("anna"), box("bert"))
    listed(app, "a.nl", noon(2026, 10, 9), box("anna", 900))
    listed(app, "a.nl", noon(2026, 10, 20), box("anna", 512), box("cleo", 0))
    listed(app, "b.nl", noon(2026, 10, 20), box("dora", 2048))
    return app


def sheet(content: bytes, name: str) -> list[tuple[Any, ...]]:
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    return [tuple(row) for row in book.get_sheet_by_name(name).to_python()]


def test_a_month_has_all_clients_with_what_is_new_and_gone(october: App) -> None:
    file = october.services.usage_exports.month_file(LOCAL, "2026-10")
    assert file.name == "usage-2026-10.xlsx"
    rows = sheet(file.content, "Clients")
    assert rows[1] == ("Client A", 1, 2, 2, 0.5, 0.88, 1, 1)
    assert rows[2][:2] == ("b.nl", 1)
    moves = [(row[2], row[3], row[4]) for row in sheet(file.content, "New and gone")[1:]]
    assert moves == [("cleo@a.nl", "new", date(2026, 10, 20)), ("bert@a.nl", "gone", date(2026, 10, 9))]
    assert ("export", "month 2026-10", "local operator") in trail(october)


def test_a_month_has_the_domains_that_the_caller_may_export(october: App) -> None:
    service = october.services.usage_exports
    assert [row[0] for row in sheet(service.month_file(AN_EXPORTER, "2026-10").content, "Clients")] == [
        "Client", "Client A"
    ]  # fmt: skip
    with pytest.raises(Forbidden):
        service.month_file(A_VIEWER, "2026-10")
    with pytest.raises(NotFound, match="written as"):
        service.month_file(LOCAL, "2026-10-01")
    with pytest.raises(NotFound, match="August 2026"):
        service.month_file(LOCAL, "2026-08")
    assert [str(each) for each in service.months()][-2:] == ["2026-10", "2026-09"]


def test_a_domain_that_left_is_counted_out_of_its_month_also_after_its_mailboxes_are_forgotten(october: App) -> None:
    left, shown = noon(2026, 10, 25), []
    listed(october, "b.nl", left - 3 * DAY, box("dora", 2048), box("emil", 2048))
    with october.services.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl"], left)
        usage_history.note_domains(tx, ["a.nl"], left)
    for day in (26, 31, 45):
        listed(october, "a.nl", noon(2026, 10, 1) + (day - 1) * DAY, box("anna", 512), box("cleo", 0))
    for forget_at in (left, left + 91 * DAY):
        with october.services.store.write() as tx:
            usage_history.forget(tx, tx.info[DAYS].day(forget_at), 400, forget_at)
        content = october.services.usage_exports.month_file(LOCAL, "2026-10").content
        shown.append([row[:6] for row in sheet(content, "Clients")[1:]])
    assert shown[0] == shown[1] == [("Client A", 1, 2, 2, 0.5, 0.88), ("b.nl", 1, 0, 2, 0, 4)]


def today(app: App) -> None:
    now = app.services.clock.now()
    with app.services.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl", "b.nl"], now)
    listed(app, "a.nl", now, box("anna", 950.0), box("bo", 1.0))
    listed(app, "b.nl", now, box("dora", 1000.0, sent=90))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_the_overview_leaves_as_csv_and_excel(app: App, name: str) -> None:
    today(app)
    service = app.services.usage_exports
    book, text = (service.table_file(LOCAL, name, kind) for kind in ("xlsx", "csv"))
    (title,) = CalamineWorkbook.from_filelike(BytesIO(book.content)).sheet_names
    rows = sheet(book.content, title)
    lines = text.content.decode("utf-8-sig").split("\r\n")
    assert len(rows) == len(lines) - 1 > 1
    assert ",".join(map(str, rows[0])) == lines[0]
    assert ("export", f"overview: {name}", "local operator") in trail(app)


def test_the_tables_have_the_figures_of_the_page(app: App) -> None:
    today(app)
    service = app.services.usage_exports
    full = sheet(service.table_file(LOCAL, "full-soon", "xlsx").content, "Full soon")
    assert [row[0] for row in full[1:]] == ["dora@b.nl", "anna@a.nl"]
    assert full[2][1:] == ("collecting data, 0 of 7 days", "", 95, 950, 1000)
    last = sheet(service.table_file(LOCAL, "days", "xlsx").content, "Figures of the last 30 days")[-1]
    assert last[1:] == (3, 1951, 1, 0, 1)
    mine = sheet(service.table_file(AN_EXPORTER, "full-soon", "xlsx").content, "Full soon")
    assert [row[0] for row in mine[1:]] == ["anna@a.nl"]
    with pytest.raises(Forbidden):
        service.table_file(A_VIEWER, "full-soon", "csv")
    for name, kind in (("passwords", "csv"), ("full-soon", "pdf")):
        with pytest.raises(NotFound):
            service.table_file(LOCAL, name, kind)


def test_storage_of_the_account_leaves_for_the_agency_only(app: App) -> None:
    today(app)
    now, gb = app.services.clock.now(), 1024**3
    with app.services.store.write() as tx:
        figures = {"used": 9 * gb, "limit": 20 * gb, "reckoned_at": None, "read_at": now, "grace_until": ""}
        account_storage.keep(tx, figures)
        usage_history.note_account(tx, 8 * gb, 20 * gb, now - DAY)
    service = app.services.usage_exports
    rows = sheet(service.table_file(AN_EXPORTER, "account", "xlsx").content, "Storage of the account")
    assert [row[1:] for row in rows[1:]] == [(8, 20), (9, 20)]
    for refused in (A_VIEWER, replace(AN_EXPORTER, external=True)):
        with pytest.raises(Forbidden):
            service.table_file(refused, "account", "csv")


def mails(app: App, now: float, **settings: Any) -> MonthMails:
    clock = ShiftedClock()
    clock.ahead = now - clock.now()
    chosen = Settings(month_report_to="boss@agency.example, book@agency.example", **settings)
    return MonthMails(chosen, app.services.store, app.services.outbox, clock, 8501)


def queued(app: App) -> list[str]:
    return [each.to for each in app.services.outbox.list_all(LOCAL) if each.status is MailStatus.WAITING]


def test_the_mail_is_queued_once_on_the_first(october: App) -> None:
    early = datetime(2026, 11, 1, 5, 59, tzinfo=UTC).timestamp()
    assert mails(october, early).work().code is TaskCode.NOTHING_DUE
    work = mails(october, early + 120)
    assert work.work().figures == {"queued": 2}
    assert work.work().code is TaskCode.NOTHING_DUE
    assert mails(october, noon(2026, 11, 2)).work().code is TaskCode.NOTHING_DUE  # after a restart
    assert sorted(queued(october)) == ["book@agency.example", "boss@agency.example"]


def test_the_mail_has_an_address_that_opens_whatever_the_setting_ends_with(october: App) -> None:
    mails(october, noon(2026, 11, 2), public_url="https://mxm.agency.example/").work()
    october.services.outbox.send_due()
    number = october.services.outbox.list_all(LOCAL)[0].id
    assert "https://mxm.agency.example/?month=2026-10" in october.services.outbox.read(LOCAL, number).text


def test_a_server_that_was_off_on_the_first_mails_within_a_week(october: App) -> None:
    assert mails(october, noon(2026, 11, 8)).work().code is TaskCode.NOTHING_DUE
    assert mails(october, noon(2026, 11, 7)).work().code is TaskCode.DONE


def test_a_month_without_figures_is_not_mailed(october: App) -> None:
    assert mails(october, noon(2026, 9, 1)).work().code is TaskCode.NOTHING_DUE
    assert not queued(october)


def test_a_wrong_address_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="MXM_MONTH_REPORT_TO: boss is not"):
        Settings(month_report_to="boss")
    with pytest.raises(SettingsError, match="MXM_SMTP_URL"):
        Settings(month_report_to="boss@agency.example", server="s", user="u", api_key="k")  # type: ignore[arg-type]
