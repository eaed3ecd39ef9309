"""The outbox: queued with its cause, sent by lease and within a pace, tried again, and gone once it has ended."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.headerregistry import Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.core.background_tasks import TaskName
from mxlib.core.mails import (
    PAUSES,
    MailCause,
    MailProblem,
    MailStatus,
    Refused,
    SendResult,
    Sent,
    TrialMail,
    TryLater,
    retry_pause,
)
from mxlib.core.vocabulary import AuditAction
from mxlib.mail.message import Message
from mxlib.mail.smtp import SmtpTransport
from mxlib.mail.transport import Catcher, Transport
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.services.outbox import (
    KEPT_S,
    LEASE_S,
    InvalidRecipient,
    MailNotSet,
    NotDelivered,
    OutboxService,
    QueuedMail,
    Recipient,
)
from mxlib.settings import MailSecurity, MailServer, Settings
from mxlib.store import FILE, Store, background_tasks, clock_guard, hold, outbox
from tests.support.audit_entries import audit_entries
from tests.support.mail_server import mail_host
from tests.support.threaded_runs import ShiftedClock

GREYLISTED = TryLater(MailProblem.ANSWERED, 451, "greylisted")
NO_SUCH_USER = Refused(MailProblem.ANSWERED, 550, "no such user nina@mail.example")
DOWN = TryLater(MailProblem.NOT_CONNECTED)
PASSWORD = "Mail-that-nobody-may-see-5.x"
SECRET_WORDS = b"kim asked MXM"


@dataclass
class Scripted:
    """A transport that answers as a test says, then well."""

    results: list[SendResult] = field(default_factory=list)
    seen: list[Message] = field(default_factory=list)
    catches: bool = False

    def send(self, message: Message) -> SendResult:
        self.seen.append(message)
        return self.results.pop(0) if self.results else Sent(250, "queued")


@pytest.fixture
def transport() -> Scripted:
    return Scripted()


@pytest.fixture
def store(tmp_path: Path, clock: ShiftedClock) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, clock)
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store, clock: ShiftedClock, transport: Scripted) -> OutboxService:
    return made(store, clock, transport)


def made(store: Store, clock: ShiftedClock, transport: Transport, per_hour: int = 100) -> OutboxService:
    given = Settings(
        smtp_url=f"smtps://mxm:{PASSWORD}@mail.example", mail_from="mxm@agency.example", mails_per_hour=per_hour
    )
    return OutboxService(given, store, clock, transport)


def queue(service: OutboxService, number: int = 1, to: str = "nina@mail.example") -> list[int]:
    with service._store.write() as tx:
        mail = QueuedMail(Recipient(to), TrialMail("kim", ""), MailCause.TEST, "7")
        return [service.queue(tx, mail, "kim") for _ in range(number)]


def status(service: OutboxService) -> list[str]:
    return [mail.status.value for mail in service.list_all(LOCAL)]


def record(store: Store, number: int) -> outbox.MailRecord:
    with store.read() as tx:
        found = outbox.get(tx, number)
    assert found
    return found


def test_a_mail_is_queued_only_if_what_causes_it_is_stored(service: OutboxService, transport: Scripted) -> None:
    mail = QueuedMail(Recipient("nina@mail.example"), TrialMail("kim", ""), MailCause.TEST)
    with suppress(ZeroDivisionError), service._store.write() as tx:
        service.queue(tx, mail, "kim")
        raise ZeroDivisionError
    assert service.send_due().sent == 0
    assert status(service) == transport.seen == []


def test_a_sent_mail_leaves_no_content(service: OutboxService, store: Store, tmp_path: Path) -> None:
    (number,) = queue(service)
    assert record(store, number).sealed_message
    done = service.send_due()
    assert (done.sent, done.ended, done.failed, done.next_at) == (1, 0, 0, None)
    left = record(store, number)
    assert (left.status, left.sealed_message, left.wrapped_key, left.tries) == (MailStatus.SENT, None, None, 1)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert SECRET_WORDS not in files
    assert PASSWORD.encode() not in files


def test_a_greylisted_mail_is_tried_again_with_the_same_message_id(
    service: OutboxService, store: Store, clock: ShiftedClock, transport: Scripted
) -> None:
    transport.results = [GREYLISTED]
    (number,) = queue(service)
    done = service.send_due()
    assert done.failed == 1
    assert done.next_at == pytest.approx(clock.now() + 60, abs=5)
    assert "The server answered: 451 greylisted" in service.list_all(LOCAL)[0].happened
    assert service.send_due().sent == 0
    clock.ahead += 61
    assert service.send_due().sent == 1
    first, second = (message_from_bytes(message.content) for message in transport.seen)
    assert first["Message-ID"] == second["Message-ID"] == record(store, number).message_id


def test_a_refused_mail_ends_with_the_words_of_the_server(
    service: OutboxService, store: Store, transport: Scripted
) -> None:
    transport.results = [NO_SUCH_USER]
    (number,) = queue(service)
    assert service.send_due().ended == 1
    assert record(store, number).sealed_message is None
    shown = service.list_all(LOCAL)[0]
    assert shown.status is MailStatus.REFUSED
    assert "550 no such user nina@mail.example" in shown.happened
    assert service.problems() == []


def test_a_mail_is_given_up_after_two_days(service: OutboxService, clock: ShiftedClock, transport: Scripted) -> None:
    transport.results = [GREYLISTED] * 50
    queue(service)
    begin = clock.now()
    for pause in PAUSES:
        assert service.send_due().failed == 1
        clock.ahead += pause + 1
    assert status(service) == ["waiting"]
    service.send_due()
    assert status(service) == ["not_delivered"]
    assert 47 * 3600 < clock.now() - begin < 49 * 3600
    assert "Given up after 12 tries." in service.list_all(LOCAL)[0].happened
    assert len(transport.seen) == 12


def test_pauses_grow_and_end() -> None:
    pauses = [retry_pause(number) for number in range(1, len(PAUSES) + 2)]
    assert pauses[:4] == [60, 300, 900, 3600]
    assert pauses[-1] is None
    assert pauses[:-1] == sorted(pause for pause in pauses if pause)


def test_a_server_that_is_down_is_asked_once_a_minute_and_health_says_so(
    service: OutboxService, clock: ShiftedClock, transport: Scripted
) -> None:
    transport.results = [DOWN] * 62
    queue(service, 5)
    for _ in range(61):
        service.send_due()
        service.send_due()
        clock.ahead += 60
    assert len(transport.seen) <= 61
    (problem,) = service.problems()
    assert "5 mails have not left for 61 minutes" in problem or "mails have not left for" in problem
    assert "accepts no connection" in problem
    transport.results = []
    for _ in range(200):
        service.send_due()
        clock.ahead += 60
    assert status(service) == ["sent"] * 5
    assert service.problems() == []


def test_a_real_server_that_is_down_for_an_hour_gets_every_mail(store: Store, clock: ShiftedClock) -> None:
    with mail_host() as gone:
        port = gone.port
    service = made(store, clock, SmtpTransport(MailServer(MailSecurity.NONE, "127.0.0.1", port), step=2, whole=4))
    queue(service, 4)
    for _ in range(6):
        service.send_due()
        clock.ahead += 600
    assert status(service) == ["waiting"] * 4
    with mail_host(port=port) as host:
        for _ in range(8):
            service.send_due()
            clock.ahead += 1800
        assert len({message_from_bytes(each)["Message-ID"] for each in host.received}) == len(host.received) == 4
    assert status(service) == ["sent"] * 4


def test_the_pace_holds_across_a_restart(store: Store, clock: ShiftedClock, transport: Scripted) -> None:
    service = made(store, clock, transport, per_hour=3)
    queue(service, 7)
    assert service.send_due().sent == 3
    again = made(store, clock, transport, per_hour=3)
    done = again.send_due()
    assert done.sent == 0
    assert done.next_at == pytest.approx(clock.now() + 3600, abs=5)
    assert again.problems() == []
    clock.ahead += 3601
    assert again.send_due().sent == 3
    clock.ahead += 3601
    assert again.send_due().sent == 1
    assert again.problems() == []


@settings(max_examples=25, deadline=None)
@given(
    per_hour=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.sampled_from([0, 70, 1000, 3700]), st.sampled_from([None, GREYLISTED, NO_SUCH_USER])), max_size=12
    ),
)
def test_never_more_than_the_pace_leave_in_any_hour(per_hour: int, steps: list[tuple[int, SendResult | None]]) -> None:
    clock, transport, times = ShiftedClock(), Scripted(), list[float]()
    store = Store.open(":memory:", clock)
    service = made(store, clock, transport, per_hour)
    queue(service, 8)
    for seconds, result in steps:
        clock.ahead += seconds
        transport.results = [result] if result else []
        before = len(transport.seen)
        service.send_due()
        times += [clock.now()] * (len(transport.seen) - before)
    for at in times:
        assert sum(at - 3600 < other <= at for other in times) <= per_hour
    store.close()


def test_a_mail_whose_sender_died_is_sent_once_its_lease_ends(
    service: OutboxService, store: Store, clock: ShiftedClock, transport: Scripted
) -> None:
    queue(service)
    with store.write() as tx:
        assert outbox.claim(tx, clock.now(), LEASE_S)
    assert service.send_due().sent == 0
    clock.ahead += LEASE_S + 1
    assert service.send_due().sent == 1
    assert len(transport.seen) == 1


def test_a_mail_that_is_being_sent_keeps_no_other_waiting(
    service: OutboxService, store: Store, clock: ShiftedClock, transport: Scripted
) -> None:
    first, second = queue(service, 2)
    with store.write() as tx:
        assert outbox.claim(tx, clock.now(), LEASE_S, number=first)
    assert service.send_due().sent == 1
    assert [mail.message_id for mail in transport.seen] == [record(store, second).message_id]


@pytest.mark.parametrize("how", ["sent", "refused", "tried again", "discarded"])
def test_no_file_keeps_the_sealed_content_of_a_mail_that_ended(
    service: OutboxService, store: Store, transport: Scripted, tmp_path: Path, how: str
) -> None:
    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    (number,) = queue(service)
    sealed = record(store, number).sealed_message
    assert sealed is not None
    assert sealed[-32:] in files()
    if how == "discarded":
        service.discard(LOCAL, number)
    elif how == "tried again":
        service.try_again(LOCAL, number)
    else:
        transport.results = [NO_SUCH_USER] if how == "refused" else []
        service.send_due()
    assert sealed[-32:] not in files()


def test_a_server_that_just_failed_gets_no_other_mail_within_the_minute(
    service: OutboxService, transport: Scripted
) -> None:
    transport.results = [DOWN]
    queue(service, 2)
    for _ in range(2):
        service.send_due()
    assert len(transport.seen) == 1


def test_the_pace_counts_what_left_an_hour_ago_at_most(store: Store, clock: ShiftedClock, transport: Scripted) -> None:
    service = made(store, clock, transport, per_hour=2)
    queue(service, 3)
    sent = []
    for minutes in (0, 40, 10, 11):
        clock.ahead += minutes * 60
        sent.append(service.send_due(lambda: len(transport.seen) == sum(sent)).sent)
    assert sent == [1, 1, 0, 1]


def test_a_round_ends_after_some_mails(service: OutboxService) -> None:
    queue(service, 51)
    assert [service.send_due().sent for _ in range(2)] == [50, 1]


def test_a_queued_mail_makes_the_task_that_sends_it_due(service: OutboxService, store: Store) -> None:
    with store.write() as tx:
        background_tasks.introduce(tx, TaskName.MAIL, 1.0, at_start=False)
    queue(service)
    with store.read() as tx:
        assert background_tasks.every(tx)[TaskName.MAIL].requested_at is not None


def test_a_late_failure_leaves_a_mail_to_the_next_sender_and_a_late_success_ends_it(
    service: OutboxService, store: Store, clock: ShiftedClock
) -> None:
    (number,) = queue(service)

    def claimed() -> outbox.MailRecord:
        with store.write() as tx:
            found = outbox.claim(tx, clock.now(), LEASE_S)
        assert found is not None
        return found

    late = claimed()
    clock.ahead += LEASE_S + 1
    next_one = claimed()
    for result in (NO_SUCH_USER, GREYLISTED):
        service._settle(late, result)
        assert record(store, number) == next_one
    service._settle(late, Sent(250, "queued"))
    assert status(service) == [MailStatus.SENT]


def test_no_mail_is_sent_by_two_at_once(store: Store, clock: ShiftedClock) -> None:
    entered, go = threading.Event(), threading.Event()

    class Slow(Scripted):
        def send(self, message: Message) -> SendResult:
            entered.set()
            assert go.wait(60)
            return super().send(message)

    slow, other = Slow(), Scripted()
    (number,) = queue(made(store, clock, slow))
    sending = threading.Thread(target=made(store, clock, slow).send_due)
    sending.start()
    assert entered.wait(60)
    second = made(store, clock, other)
    assert second.send_due().sent == 0
    with pytest.raises(InvalidState, match="being sent right now"):
        second.discard(LOCAL, number)
    go.set()
    sending.join(60)
    assert (len(slow.seen), len(other.seen)) == (1, 0)
    assert status(second) == ["sent"]


def test_a_clock_that_was_set_back_delays_no_mail_for_long(
    service: OutboxService, clock: ShiftedClock, transport: Scripted
) -> None:
    transport.results = [GREYLISTED]
    clock.ahead = 10 * 86_400
    queue(service)
    service.send_due()
    clock.ahead = 0
    assert service.send_due().sent == 1


def test_after_a_restore_nothing_leaves_before_an_admin_continues(
    service: OutboxService, store: Store, clock: ShiftedClock
) -> None:
    queue(service)
    with store.write() as tx:
        hold.begin(tx, hold.Hold(1.0))
    assert service.send_due().sent == 0
    with store.write() as tx:
        hold.end(tx, LOCAL, clock.now())
    assert service.send_due().sent == 1


def test_ended_mails_are_forgotten_after_a_month(
    service: OutboxService, store: Store, clock: ShiftedClock, transport: Scripted
) -> None:
    transport.results = [NO_SUCH_USER]
    queue(service, 2)
    service.send_due()
    with store.write() as tx:
        clock_guard.observe(tx, clock.now())
    clock.ahead += KEPT_S + 10
    service.send_due()
    assert len(status(service)) == 2, "The clock may be wrong."
    with store.write() as tx:
        clock_guard.confirm(tx, LOCAL, clock.now())
    service.send_due()
    assert status(service) == []


def test_a_test_mail_says_what_happened_and_is_audited(
    service: OutboxService, store: Store, transport: Scripted
) -> None:
    transport.results = [Sent(), NO_SUCH_USER, TryLater(MailProblem.CERTIFICATE)]
    said = service.send_test(LOCAL, " Nina@Mail.example ")
    assert said.startswith("The server accepted the test mail to nina@mail.example.")
    for why in (
        "was not sent. The server answered: 550 no such user",
        "has not left yet. The mail server's certificate is not valid for its name",
    ):
        with pytest.raises(NotDelivered, match=why):
            service.send_test(LOCAL, "nina@mail.example")
    with store.read() as tx:
        noted = [(entry["what"], entry["on"]) for entry in audit_entries(tx)]
    assert noted == [(AuditAction.MAIL_TEST, "nina@mail.example")] * 3


def test_a_test_mail_needs_an_address_and_a_server(store: Store, clock: ShiftedClock, service: OutboxService) -> None:
    with pytest.raises(InvalidRecipient, match="nobody is not an email address"):
        service.send_test(LOCAL, "nobody")
    with pytest.raises(MailNotSet, match="Set MXM_SMTP_URL and MXM_MAIL_FROM"):
        OutboxService(Settings(), store, clock, Scripted()).send_test(LOCAL, "nina@mail.example")
    assert status(service) == []


def test_a_waiting_mail_is_tried_again_at_once_or_discarded(
    service: OutboxService, store: Store, transport: Scripted
) -> None:
    transport.results = [DOWN, DOWN, Sent()]
    one, two = queue(service, 2)
    service.send_due()
    with pytest.raises(NotDelivered, match=r"nina@mail\.example: .*Next try"):
        service.try_again(LOCAL, one)
    assert "Accepted by the server" in service.try_again(LOCAL, one)
    assert service.discard(LOCAL, two) == "The mail to nina@mail.example is discarded: it is not sent."
    assert record(store, two).sealed_message is None
    for act in (service.try_again, service.discard):
        with pytest.raises(InvalidState, match="does not wait any more"):
            act(LOCAL, two)
    with store.read() as tx:
        noted = [entry["what"] for entry in audit_entries(tx)]
    assert sorted(noted) == [AuditAction.MAIL_DISCARD, AuditAction.MAIL_TRY, AuditAction.MAIL_TRY]


def test_only_admins_see_and_steer_the_outbox(service: OutboxService) -> None:
    (number,) = queue(service)
    stranger = Caller("jo")
    for act in (
        lambda: service.list_all(stranger),
        lambda: service.counts(stranger),
        lambda: service.read(stranger, number),
        lambda: service.send_test(stranger, "a@b.nl"),
        lambda: service.try_again(stranger, number),
        lambda: service.discard(stranger, number),
    ):
        with pytest.raises(Forbidden, match="Only admins"):
            act()
    assert status(service) == ["waiting"]


def test_the_sandbox_catches_mail_to_read_and_nothing_else_is_readable(
    store: Store, clock: ShiftedClock, service: OutboxService
) -> None:
    sandbox = OutboxService(Settings(), store, clock, Catcher())
    assert sandbox.is_set
    assert "would have left" in sandbox.send_test(LOCAL, "nina@mail.example")
    caught = sandbox.list_all(LOCAL)[0]
    assert caught.is_readable
    assert "asked MXM to send it." in sandbox.read(LOCAL, caught.id).text
    (number,) = queue(service)
    with pytest.raises(NotFound):
        service.read(LOCAL, number)


def test_a_mail_under_another_key_waits_and_says_why(service: OutboxService, store: Store, transport: Scripted) -> None:
    (number,) = queue(service)
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE outbox_mail SET wrapped_key = zeroblob(60)")
    service.send_due()
    assert record(store, number).status == MailStatus.WAITING
    assert "cannot be decrypted" in service.list_all(LOCAL)[0].happened
    assert transport.seen == []


def test_no_log_shows_a_recipient_or_a_secret(
    service: OutboxService, transport: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    transport.results = [NO_SUCH_USER, DOWN]
    queue(service, 2)
    service.send_due()
    assert len(caplog.records) == 2
    for secret in (PASSWORD, "nina", "kim"):
        assert secret not in caplog.text
    assert PASSWORD not in repr(service.__dict__)


def test_the_sender_of_the_envelope_is_the_one_of_the_settings(service: OutboxService, transport: Scripted) -> None:
    queue(service)
    service.send_due()
    assert transport.seen[0].sender == Address(addr_spec="mxm@agency.example").addr_spec
