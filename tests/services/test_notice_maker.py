"""The background task of notices: what its sources find, and that each notice is made once, with its deliveries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.auth.sign_in import ClientInfo
from mxlib.core.audit_verification import Break, BreakKind, Verification
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.events.conditions import Condition, ConditionRule
from mxlib.core.events.notices import DueNotice, Preferences, Way
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.core.host_status import HostState
from mxlib.core.mail_ports import MailPort, MailPorts, PortLook, PortProblem
from mxlib.core.vocabulary import PauseCode, RunStatus
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.event_sources import Source, all_sources
from mxlib.services.notice_maker import NoticeMaker
from mxlib.store import Tx, audit_check, background_tasks, events, hold, journal, mailbox_lists
from mxlib.store.background_tasks import LeaseLost
from mxlib.store.backup_record import BackupRecord
from mxlib.store.backup_record import write as write_backup
from mxlib.store.events import EventFilter, EventRecord
from mxlib.store.hold import Hold
from mxlib.tasks import Lease
from tests.support.app import GOOD, App, opened
from tests.support.threaded_runs import ShiftedClock

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
EVERYTHING = EventFilter(frozenset({"a.nl", "b.nl", "c.nl", ""}))


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


class Looks:
    """The task of a server whose runner is not started; deliveries are noted."""

    def __init__(self, app: App, clock: ShiftedClock) -> None:
        self.app, self.clock, self.store = app, clock, app.services.store
        self.host = HostState.ANSWERS
        self.queued: list[DueNotice] = []
        self.sources = [*all_sources(self.store, lambda: self.host, app.services.backups, clock.now())]
        with self.store.write() as tx:  # quiet hours are of no interest here
            background_tasks.introduce(tx, TaskName.NOTICES, clock.now(), at_start=False)
            events.put_preferences(tx, Preferences(None, 7, 8))

    def lease(self) -> Lease:
        now = self.clock.now()
        with self.store.write() as tx:
            lease = background_tasks.take(tx, background_tasks.every(tx)[TaskName.NOTICES], now, now)
        assert lease is not None
        return lease

    def look(self, later: float = 0.0) -> TaskResult:
        self.clock.ahead += later
        queue = [lambda _tx, notice: self.queued.append(notice)]
        lease = self.lease()
        result = NoticeMaker(self.store, self.clock, self.sources, queue).work(lease)
        with self.store.write() as tx:
            background_tasks.end(tx, lease, result, self.clock.now(), self.clock.now())
        return result

    def found(self, rule: Rule | None = None) -> list[EventRecord]:
        with self.store.read() as tx:
            return [each for each in events.find(tx, EVERYTHING, 1_000)[::-1] if rule in {None, each.event.rule}]

    def codes(self) -> list[str]:
        return [each.event.code.value for each in self.found()]


@pytest.fixture
def looks(app: App, clock: ShiftedClock) -> Looks:
    return Looks(app, clock)


def test_silence_of_ten_minutes_and_its_end(looks: Looks) -> None:
    looks.host = HostState.SILENT
    looks.look()
    looks.look(590)
    assert looks.codes() == []
    looks.look(10)
    looks.host = HostState.UNKNOWN  # as after a restart
    looks.look(MINUTE)
    assert looks.codes() == ["host_silent"]
    assert looks.queued[0].rule is Rule.HOST
    looks.host = HostState.ANSWERS
    looks.look(MINUTE)
    looks.look(MINUTE)
    assert looks.codes() == ["host_silent", "host_back"]


def test_a_refused_key_is_not_over_while_mxroute_is_silent(looks: Looks) -> None:
    for state in (HostState.KEY_REFUSED, HostState.SILENT, HostState.KEY_REFUSED, HostState.ANSWERS):
        looks.host = state
        looks.look(MINUTE)
    assert looks.codes() == ["key_refused", "key_accepted"]


def test_the_watch_fails_after_three_hours_in_which_this_process_could_read(looks: Looks) -> None:
    with looks.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl"], looks.clock.now() - 9 * HOUR)
        mailbox_lists.keep_mailboxes(tx, "a.nl", [], looks.clock.now() - 9 * HOUR)
    looks.look(3 * HOUR - 10)
    assert looks.codes() == []
    looks.look(20)
    assert looks.found()[0].event.figures["silent_s"] == pytest.approx(3 * HOUR + 10, abs=5)
    with looks.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "a.nl", [], looks.clock.now())
    looks.look()
    assert looks.codes() == ["watch_failed", "watch_back"]


def run_of(looks: Looks) -> int:
    """Return a run that made one mailbox, at its end."""
    rows = [{"username": "nina", "domain": "a.nl", "password": GOOD}]
    number = int(looks.app.ask("POST", "/imports", {"rows": rows}).json()["data"]["id"])
    looks.app.ended(number)
    return number


def change_run(looks: Looks, number: int, **values: object) -> None:
    with looks.store.write() as tx:
        journal.set_run(tx, number, **values)


def test_a_run_that_pauses_needs_someone_and_ends(looks: Looks) -> None:
    number = run_of(looks)
    change_run(looks, number, status=RunStatus.PAUSED, why_code=PauseCode.OPERATOR)
    looks.look()
    looks.look(MINUTE)
    change_run(looks, number, why_code=PauseCode.KEY_REFUSED)
    looks.look(MINUTE)
    change_run(looks, number, status=RunStatus.FINISHED, why_code="", finished_at=looks.clock.now())
    looks.look(MINUTE)
    looks.look(3 * DAY)
    assert [(each.event.code, each.event.subject) for each in looks.found(Rule.RUN)] == [
        (EventCode.RUN_PAUSED, str(number)), (EventCode.RUN_NEEDS_YOU, str(number)),
        (EventCode.RUN_FINISHED, str(number)),
    ]  # fmt: skip
    assert looks.found(Rule.RUN)[-1].event.figures["rows"] == 1


def test_passwords_that_nobody_took_are_an_event_two_days_before_they_go(looks: Looks) -> None:
    number = run_of(looks)
    change_run(looks, number, finished_at=1.0, passwords_until=looks.clock.now() + 3 * DAY)
    looks.look()
    assert looks.found(Rule.PASSWORDS) == []
    looks.look(DAY)
    (found,) = looks.found(Rule.PASSWORDS)
    assert (found.event.code, found.event.figures["people"]) == (EventCode.PASSWORDS_END_SOON, 1)


def test_an_old_backup(tmp_path: Path, clock: ShiftedClock) -> None:
    passphrase = "seven words that nobody would ever guess"
    folder = str(tmp_path / "backups")
    with opened(tmp_path, clock, backup_dir=folder, backup_passphrase=passphrase) as app:
        _let_a_backup_grow_old(Looks(app, clock))


def _let_a_backup_grow_old(looks: Looks) -> None:
    looks.look(2 * DAY - MINUTE)
    assert looks.codes() == []
    looks.look(2 * MINUTE)
    with looks.store.write() as tx:
        write_backup(tx, BackupRecord(looks.clock.now()))
    looks.look()
    assert looks.codes() == ["backup_old", "backup_made"]


def test_a_token_near_its_end_and_nearer(looks: Looks) -> None:
    looks.app.services.tokens.create(LOCAL, "nightly sync", days=30)
    looks.app.services.tokens.create(LOCAL, "for ever", days=None)
    for later in (0, 17 * DAY, DAY, 11 * DAY, DAY, 2 * DAY):
        looks.look(later)
    assert [(each.event.subject, each.event.level) for each in looks.found()] == [
        ("nightly sync (token 2)", 1), ("nightly sync (token 2)", 2),
    ]  # fmt: skip


def test_a_broken_audit_log(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    looks.look()
    broken = Verification(breaks=(Break(BreakKind.CHANGED, 1),))
    monkeypatch.setattr(audit_check, "latest", lambda _tx, _key: (0.0, broken))
    looks.look(MINUTE)
    looks.look(MINUTE)
    assert looks.codes() == ["audit_log_broken"]


def test_a_source_that_fails_holds_up_no_other(looks: Looks, caplog: pytest.LogCaptureFixture) -> None:
    def fails(_tx: Tx, _now: float) -> list[Condition]:
        raise ValueError("broken")

    looks.sources = [
        Source(ConditionRule(Rule.HOST), fails),
        Source(ConditionRule(Rule.BACKUP), lambda _tx, _now: [Condition(EventCode.BACKUP_OLD)]),
    ]
    assert looks.look().code is TaskCode.UNFORESEEN
    assert (looks.codes(), len(looks.queued)) == (["backup_old"], 1)
    assert "The source of events host failed" in caplog.text


def add(looks: Looks, *subjects: str) -> None:
    with looks.store.write() as tx:
        for subject in subjects:
            event = Event(Rule.MAILBOX_STORAGE, EventCode.MAILBOX_FULL, subject, 2)
            events.add(tx, event, "a.nl", looks.clock.now())


def test_a_notice_whose_deliveries_fail_is_made_again_and_then_once(looks: Looks) -> None:
    add(looks, "anna@a.nl")
    tries: list[int] = []

    def queue(_tx: Tx, notice: DueNotice) -> None:
        tries.append(notice.number)
        if len(tries) == 1:
            raise KeyboardInterrupt

    maker = NoticeMaker(looks.store, looks.clock, (), [queue])
    with pytest.raises(KeyboardInterrupt):
        maker.work(lease := looks.lease())
    assert looks.found()[0].notice is None
    assert maker.work(lease).figures == {"events": 0, "notices": 1}
    assert maker.work(lease).code is TaskCode.NOTHING_DUE
    assert (tries, looks.found()[0].notice) == ([1, 1], 1)


def test_a_process_that_lost_its_lease_makes_none(looks: Looks) -> None:
    add(looks, "anna@a.nl")
    late = looks.lease()
    looks.lease()
    with pytest.raises(LeaseLost):
        NoticeMaker(looks.store, looks.clock, (), ()).work(late)
    assert looks.found()[0].notice is None


def test_a_flood_is_one_notice_and_the_digest_waits_for_its_hour(looks: Looks) -> None:
    add(looks, *(f"full{number}@a.nl" for number in range(30)))
    with looks.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "b.nl", [], looks.clock.now())
        box = Mailbox("bert", "bert@b.nl", 100, 95.0, 100, 0, suspended=False)
        mailbox_lists.keep_mailboxes(tx, "b.nl", [box], looks.clock.now())
    result = looks.look()
    assert [(each.rule, len(each.events)) for each in looks.queued] == [(Rule.MAILBOX_STORAGE, 30)]
    assert result.again_at is not None
    assert looks.found()[-1].way is Way.DIGEST
    looks.look(result.again_at - looks.clock.now())
    assert [(each.rule, each.severity) for each in looks.queued[1:]] == [(None, Severity.WARNING)]
    assert {each.domain for each in looks.queued[1].events} == {"b.nl"}


def test_nothing_is_made_while_everything_waits_after_a_restore(looks: Looks) -> None:
    add(looks, "anna@a.nl")
    with looks.store.write() as tx:
        hold.begin(tx, Hold(looks.clock.now()))
    assert looks.look().code is TaskCode.ON_HOLD
    assert looks.queued == []


def test_an_admin_from_a_new_browser_or_network_is_an_event(app: App, looks: Looks) -> None:
    users, sign_in = app.services.users, app.services.authenticator
    users.add(LOCAL, "boss@agency.example", "a long sentence 2026", admin=True)
    users.add(LOCAL, "kim@agency.example", "a long sentence 2026")
    firefox, chrome = "Mozilla/5.0 (Windows NT 10.0) Firefox/{0}.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/140"
    for name, agent, address in (
        ("boss", firefox.format(131), "192.0.2.7"),
        ("boss", firefox.format(132), "192.0.2.7"),
        ("boss", chrome, "192.0.2.7"),
        ("boss", firefox.format(132), "198.51.100.7"),
        ("kim", firefox.format(131), "192.0.2.7"),
        ("kim", chrome, "192.0.2.9"),
    ):
        record = users.find(f"{name}@agency.example")
        assert record is not None
        sign_in.sign_in_with_provider(record, ClientInfo(address, agent))
    assert [(each.event.subject, each.event.figures["browser"], each.way) for each in looks.found()] == [
        ("boss@agency.example", "Chrome on Windows", Way.AT_ONCE),
        ("boss@agency.example", "Firefox on Windows", Way.AT_ONCE),
    ]


def test_mail_that_fails_at_two_looks_is_an_event_and_so_is_its_end(looks: Looks) -> None:
    seen: list[MailPorts | None] = [None]
    looks.sources = [
        *all_sources(
            looks.store, lambda: HostState.ANSWERS, looks.app.services.backups, looks.clock.now(), lambda: seen[0]
        )
    ]
    looks.look()

    def look_at(problem: PortProblem | None, days: float = 60) -> None:
        looks.clock.ahead += 2 * MINUTE
        now = looks.clock.now()
        found = tuple(PortLook(port, problem if port is MailPort.IMAP else None, now + days * DAY) for port in MailPort)
        seen[0] = (seen[0] or MailPorts(now, ())).after(found, now)
        looks.look()

    look_at(None)
    look_at(PortProblem.TIMEOUT)
    assert looks.codes() == []
    look_at(PortProblem.TIMEOUT)
    look_at(PortProblem.DISCONNECTED)
    assert [each.event.figures for each in looks.found()] == [{"ports": "IMAP"}]
    looks.look(HOUR)  # no look for an hour says nothing
    look_at(None)
    look_at(None, days=13)
    look_at(None, days=12)
    look_at(None, days=90)
    assert looks.codes() == ["mail_unreachable", "mail_reachable", "certificate_ends_soon", "certificate_renewed"]


def test_each_further_mail_port_that_fails_has_a_notice(looks: Looks) -> None:
    seen = MailPorts(looks.clock.now(), ())
    service = looks.app.services
    looks.sources = [*all_sources(looks.store, lambda: HostState.ANSWERS, service.backups, 0.0, lambda: seen)]
    for failing in ((MailPort.IMAP,), (MailPort.IMAP, MailPort.SMTP), (MailPort.IMAP,), (MailPort.IMAP, MailPort.SMTP)):
        for _ in range(2):
            looks.clock.ahead += 2 * MINUTE
            found = tuple(PortLook(port, PortProblem.TIMEOUT if port in failing else None) for port in MailPort)
            seen = seen.after(found, looks.clock.now())
            looks.look()
    found = [(each.event.figures["ports"], each.event.level, each.way) for each in looks.found()]
    assert found == [
        ("IMAP", 1, Way.AT_ONCE), ("IMAP and SMTP", 2, Way.AT_ONCE), ("IMAP and SMTP", 2, Way.REPEATED),
    ]  # fmt: skip
