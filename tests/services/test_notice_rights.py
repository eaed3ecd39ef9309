"""Events by the rights of each caller: who sees what, who snoozes, who sets preferences, and who gets mails."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.events.notices import DueNotice, NotedEvent, Preferences, Way
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.core.mail_contents import NoticeMail
from mxlib.services.exports import NotFound
from mxlib.services.notice_mails import NoticeMails
from mxlib.services.notices import EventQuery, InvalidChoice, NoticeService
from mxlib.services.outbox import MailNotSet, QueuedMail
from mxlib.store import Tx, events, mailbox_lists
from tests.support.app import GOOD, App, data, opened, refused, trail
from tests.support.threaded_runs import ShiftedClock

DAY = 86_400.0
VIEW, SUPPORT = frozenset({Permission.VIEW}), frozenset({Permission.VIEW, Permission.SUPPORT})
KIM = Caller("kim@agency.example", domains={"a.nl": SUPPORT})
VIEWER = Caller("vera@agency.example", domains={"a.nl": VIEW})
CLIENT = Caller("client@clienta.example", domains={"a.nl": SUPPORT}, external=True)
NOBODY = Caller("nobody")


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        with made.services.store.write() as tx:
            mailbox_lists.keep_domains(tx, ["a.nl", "b.nl"], clock.now())
        yield made


@pytest.fixture
def notices(app: App) -> NoticeService:
    return app.services.notices


def add(app: App, rule: Rule, code: EventCode, subject: str = "", domain: str = "", level: int = 1) -> int:
    with app.services.store.write() as tx:
        figures = {
            "used_kb": 1, "quota_mb": 1, "percent": 95, "used": 1, "limit": 1, "sent": 900, "usual": 40, "rows": 1,
            "failed": 0, "until": app.services.clock.now() + DAY,
        }  # fmt: skip
        events.add(tx, Event(rule, code, subject, level, figures), domain, app.services.clock.now())
        return events.find(tx, events.EventFilter(), 1)[0].number


@pytest.fixture
def everything(app: App) -> None:
    add(app, Rule.MAILBOX_STORAGE, EventCode.MAILBOX_FULL, "anna@a.nl", "a.nl", 2)
    add(app, Rule.MAILBOX_STORAGE, EventCode.MAILBOX_NEARLY_FULL, "bert@b.nl", "b.nl")
    add(app, Rule.ACCOUNT_STORAGE, EventCode.ACCOUNT_FULL, level=2)
    add(app, Rule.TOKEN, EventCode.TOKEN_ENDS_SOON, "sync (token 1)")
    add(app, Rule.RUN, EventCode.RUN_FINISHED, "999", level=3)


def seen(notices: NoticeService, caller: Caller, **query: object) -> list[str]:
    page = notices.events(caller, EventQuery(**query))  # type: ignore[arg-type]
    return [each.event.subject or each.event.rule for each in page.events[::-1]]


@pytest.mark.usefixtures("everything")
def test_each_caller_sees_events_of_their_domains_and_the_account_only_if_of_the_agency(notices: NoticeService) -> None:
    assert seen(notices, LOCAL) == ["anna@a.nl", "bert@b.nl", "account_storage", "sync (token 1)"]
    assert seen(notices, KIM) == ["anna@a.nl", "account_storage"]
    assert seen(notices, CLIENT) == ["anna@a.nl"]
    assert seen(notices, NOBODY) == []


@pytest.mark.usefixtures("everything")
def test_filters_and_pages(notices: NoticeService) -> None:
    assert seen(notices, LOCAL, rule=Rule.TOKEN) == ["sync (token 1)"]
    assert seen(notices, KIM, rule=Rule.TOKEN) == []
    assert seen(notices, KIM, severity=Severity.URGENT, domain="a.nl") == ["anna@a.nl"]
    with pytest.raises(Forbidden):
        seen(notices, KIM, domain="b.nl")
    first = notices.events(LOCAL, most=3)
    assert (len(first.events), first.older) == (3, first.events[-1].number)
    second = notices.events(LOCAL, before=first.older, most=3)
    assert [each.event.subject for each in second.events] == ["anna@a.nl"]
    assert second.older is None


def run_of(app: App, token: str) -> int:
    rows = [{"username": "nina", "domain": "a.nl", "password": GOOD}]
    number = int(data(app.ask("POST", "/imports", {"rows": rows}, token=token), 202)["id"])
    app.ended(number)
    return number


def test_events_of_a_run_are_for_those_who_may_see_the_run(app: App, notices: NoticeService) -> None:
    number = run_of(app, app.token(a_nl="view import"))
    add(app, Rule.RUN, EventCode.RUN_FINISHED, str(number), level=3)
    importer = Caller("ina", domains={"a.nl": frozenset({Permission.VIEW, Permission.IMPORT})})
    assert seen(notices, LOCAL) == seen(notices, importer) == [str(number)]
    assert seen(notices, VIEWER) == seen(notices, replace(importer, external=True)) == []


@pytest.mark.usefixtures("everything")
def test_a_snooze_is_for_helpdesk_of_the_agency_and_of_the_account_for_admins(app: App, notices: NoticeService) -> None:
    until = app.services.clock.now() + 3 * DAY
    of_anna, of_bert, of_account, _, _ = (each.number for each in reversed(_all(app)))
    for caller, number, error in (
        (VIEWER, of_anna, Forbidden), (CLIENT, of_anna, Forbidden), (KIM, of_account, Forbidden),
        (KIM, of_bert, NotFound), (LOCAL, 10_000, NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            notices.snooze(caller, number, until)
    for wrong in (until - 4 * DAY, until + 400 * DAY):
        with pytest.raises(InvalidChoice):
            notices.snooze(KIM, of_anna, wrong)
    assert "anna@a.nl" in notices.snooze(KIM, of_anna, until)
    notices.snooze(LOCAL, of_account, until)
    assert [each.subject for each in notices.snoozed(KIM)] == ["", "anna@a.nl"]
    assert [each.subject for each in notices.snoozed(CLIENT)] == ["anna@a.nl"]
    add(app, Rule.MAILBOX_STORAGE, EventCode.MAILBOX_FULL, "anna@a.nl", "a.nl", 2)
    assert notices.events(KIM).events[0].way is Way.SNOOZED
    with pytest.raises(Forbidden):
        notices.end_snooze(CLIENT, Rule.MAILBOX_STORAGE, "anna@a.nl")
    with pytest.raises(NotFound):
        notices.end_snooze(KIM, Rule.SEND_LIMIT, "anna@a.nl")
    notices.end_snooze(KIM, Rule.MAILBOX_STORAGE, "anna@a.nl")
    assert [each.subject for each in notices.snoozed(KIM)] == [""]
    assert trail(app)[-3:] == [
        ("event.snooze", "anna@a.nl", KIM.name), ("event.snooze", "the account", LOCAL.name),
        ("event.snooze_end", "anna@a.nl", KIM.name),
    ]  # fmt: skip


def _all(app: App) -> list[events.EventRecord]:
    with app.services.store.read() as tx:
        return events.find(tx, events.EventFilter(), 100)


def test_what_is_open_is_shown_by_rights(app: App, notices: NoticeService, clock: ShiftedClock) -> None:
    with app.services.store.write() as tx:
        for domain in ("a.nl", "b.nl"):
            of = mailbox_lists.Mailbox("full", f"full@{domain}", 100, 100.0, 100, 0, suspended=False)
            mailbox_lists.keep_mailboxes(tx, domain, [of], clock.now())
    assert [each.event.subject for each in notices.open(LOCAL)] == ["full@b.nl", "full@a.nl"]
    assert [each.event.subject for each in notices.open(VIEWER)] == ["full@a.nl"]


def test_preferences_are_for_admins_and_audited_once(app: App, notices: NoticeService) -> None:
    chosen = Preferences(22, 6, 9, {Rule.MAILBOX_MADE: Severity.URGENT})
    for act in (lambda: notices.preferences(KIM), lambda: notices.set_preferences(KIM, chosen)):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(InvalidChoice):
        notices.set_preferences(LOCAL, Preferences(22, 24, 9))
    notices.set_preferences(LOCAL, chosen)
    notices.set_preferences(LOCAL, chosen)
    assert notices.preferences(LOCAL) == chosen
    assert [each for each in trail(app) if each[0] == "event.preferences"] == [
        ("event.preferences", "notices", LOCAL.name)
    ]


def notice(*noted: NotedEvent) -> DueNotice:
    return DueNotice(1, 0.0, None, Severity.URGENT, noted)


def test_people_get_mails_of_what_they_may_see_and_chose(
    app: App, notices: NoticeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = app.services
    here.users.add(LOCAL, "boss", "a long sentence 2026", admin=True)
    for name, rights in (
        ("kim", {"a.nl": ["view", "support"]}),
        ("lee", {"b.nl": ["view"]}),
        ("max", {"a.nl": ["view"]}),
    ):
        here.users.add(LOCAL, f"{name}@agency.example", "a long sentence 2026", permissions=rights)
    kim, lee = (here.users.caller(f"{name}@agency.example") for name in ("kim", "lee"))
    notices.set_mails(kim, Severity.WARNING)
    notices.set_mails(lee, Severity.INFO)
    assert (notices.mails(kim), notices.mails(here.users.caller("max@agency.example"))) == (Severity.WARNING, None)
    with pytest.raises(InvalidChoice):
        notices.set_mails(LOCAL, Severity.INFO)
    queued: list[tuple[str, list[str]]] = []

    def queue(_tx: Tx, mail: QueuedMail, _who: str) -> None:
        assert isinstance(mail.content, NoticeMail)
        queued.append((str(mail.to.address), [each.event.subject for each in mail.content.notice.events]))

    monkeypatch.setattr(here.outbox, "queue", queue)
    figures = {"used_kb": 1, "quota_mb": 1, "percent": 95}
    full = Event(Rule.MAILBOX_STORAGE, EventCode.MAILBOX_FULL, "anna@a.nl", 2, figures)
    made = Event(Rule.MAILBOX_MADE, EventCode.MAILBOX_MADE_OUTSIDE, "new@a.nl", 1)
    of_b = Event(Rule.MAILBOX_MADE, EventCode.MAILBOX_MADE_OUTSIDE, "new@b.nl", 1)
    mails = NoticeMails(here.store, here.outbox, here.clock, "")
    with here.store.write() as tx:
        noted = (NotedEvent(1, 0.0, "a.nl", full), NotedEvent(2, 0.0, "a.nl", made), NotedEvent(3, 0.0, "b.nl", of_b))
        mails.queue(tx, notice(*noted))
        mails.queue(tx, notice(NotedEvent(4, 0.0, "", Event(Rule.BACKUP, EventCode.BACKUP_OLD, "", 1))))
    assert queued == [("kim@agency.example", ["anna@a.nl"]), ("lee@agency.example", ["new@b.nl"])]
    notices.set_mails(kim, None)
    assert notices.mails(kim) is None


def test_a_notice_goes_out_though_no_mail_server_is_set(
    app: App, notices: NoticeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.services.users.add(LOCAL, "kim@agency.example", "a long sentence 2026", admin=True)
    notices.set_mails(app.services.users.caller("kim@agency.example"), Severity.INFO)
    made = Event(Rule.MAILBOX_MADE, EventCode.MAILBOX_MADE_OUTSIDE, "new@a.nl", 1)

    def refuse(*_given: object) -> None:
        raise MailNotSet

    monkeypatch.setattr(app.services.outbox, "queue", refuse)
    with app.services.store.write() as tx:
        NoticeMails(app.services.store, app.services.outbox, app.services.clock, "").queue(
            tx, notice(NotedEvent(2, 0.0, "a.nl", made))
        )
    assert app.services.outbox.list_all(LOCAL) == ()


@pytest.mark.usefixtures("everything")
def test_the_api_lists_events_by_the_rights_of_the_token(app: App) -> None:
    token = app.token(a_nl="view")
    listed = data(app.ask("GET", "/events", token=token))
    assert [each["subject"] for each in listed["events"]] == ["", "anna@a.nl"]
    assert listed["older"] is None
    assert listed["events"][1]["code"] == "mailbox_full"
    assert listed["events"][1]["text"].startswith("anna@a.nl is full: 0 MB of 1 MB, 95 %.")
    page = data(app.ask("GET", "/events?most=1&rule=mailbox_storage"))
    assert [each["subject"] for each in page["events"]] == ["bert@b.nl"]
    older = data(app.ask("GET", f"/events?most=1&rule=mailbox_storage&before={page['older']}"))
    assert [each["subject"] for each in older["events"]] == ["anna@a.nl"]
    assert data(app.ask("GET", "/events?since=2100-01-01"))["events"] == []
    assert data(app.ask("GET", "/events?domain=A.NL&severity=urgent"))["events"][0]["domain"] == "a.nl"
    refused(app.ask("GET", "/events?since=tomorrow"), 400, "since must be a date", "since")
    refused(app.ask("GET", "/events?domain=b.nl", token=token), 403, "b.nl")
    assert app.ask("GET", "/events?rule=none").status_code == 400
