"""Deliveries of notices: queued with the notice, sent at least once under one id, tried for a day, kept for 90."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from mxlib.auth.permissions import LOCAL
from mxlib.core.background_tasks import TaskName
from mxlib.core.channels import ChannelKind, DeliveryStatus, Routes
from mxlib.core.events.notices import DueNotice
from mxlib.core.events.vocabulary import EventCode, Rule, Severity
from mxlib.core.vocabulary import AuditAction
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from mxlib.services.channels import Delivery, NewChannel
from mxlib.services.deliveries import KEPT_S, LEASE_S, Deliveries
from mxlib.store import background_tasks, channels, hold
from mxlib.store.encryption import ServerKey
from tests.support.app import App, opened, trail
from tests.support.http_host import HttpHost, http_host
from tests.support.notices import due, jump, noted
from tests.support.threaded_runs import ShiftedClock

DASHBOARD = "https://mxm.agency.example"


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock, public_url=DASHBOARD) as made:
        made.services.deliveries.catches = False
        made.services.deliveries.requests = Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5, whole=2.0)
        yield made


def add(app: App, url: str, kind: ChannelKind = ChannelKind.WEBHOOK, name: str = "Hook", **routes: Any) -> str:
    return app.services.channels.create(LOCAL, NewChannel(name, kind, url, Routes(**routes)))


def queue(app: App, notice: DueNotice | None = None) -> None:
    with app.services.store.write() as tx:
        app.services.deliveries.queue(tx, notice or due())


def log_of(app: App) -> list[Delivery]:
    return list(reversed(app.services.channels.deliveries(LOCAL)))


def statuses(app: App) -> list[DeliveryStatus]:
    return [each.status for each in log_of(app)]


def test_a_notice_arrives_with_its_text_its_figures_and_where_to_act(app: App, host: HttpHost) -> None:
    add(app, host.url("/hook"))
    queue(app, due(jump()))
    assert app.services.deliveries.send_due().sent == 1
    (request,) = host.received
    body = json.loads(request.body)
    assert body["type"] == "notice"
    (event,) = body["data"]["events"]
    assert (event["code"], event["figures"], event["domain"]) == ("sent_jump", {"sent": 2300, "usual": 40}, "a.nl")
    assert event["url"] == body["data"]["url"] == f"{DASHBOARD}/mailbox?address=nina%40a.nl"
    assert "lock it" in event["text"]
    assert statuses(app) == [DeliveryStatus.DELIVERED]
    assert app.services.deliveries.send_due().sent == 0


def test_a_chat_service_gets_the_sentences(app: App, host: HttpHost) -> None:
    add(app, f"ntfy://127.0.0.1:{host.port}/alerts", ChannelKind.CHAT)
    queue(app, due(jump()))
    app.services.deliveries.send_due()
    said = json.loads(host.received[0].body)
    assert said["title"] == "MXM: Sends far more than usual, nina@a.nl"
    assert "nina@a.nl sent 2,300 messages today, usually 40." in said["message"]
    assert said["message"].endswith(f"\n{DASHBOARD}/mailbox?address=nina%40a.nl")


def test_a_long_digest_keeps_its_link_and_the_count_of_what_it_leaves_out(app: App, host: HttpHost) -> None:
    add(app, f"ntfy://127.0.0.1:{host.port}/alerts", ChannelKind.CHAT)
    queue(app, due(*(noted(subject=f"{'n' * 60}{number}@a.nl", number=number) for number in range(140)), digest=True))
    app.services.deliveries.send_due()
    *shown, more, link = json.loads(host.received[0].body)["message"].split("\n")
    assert link == f"{DASHBOARD}/notices"
    assert more == f"{140 - len(shown)} more are on the page Notices."
    assert all(each.endswith("delete mail.") for each in shown)
    assert len(shown) > 5


def test_what_nobody_foresaw_ends_a_try_and_says_nothing_of_the_address(
    app: App, host: HttpHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, clock: ShiftedClock
) -> None:
    def fail(_requests: Requests, url: str, *_more: object) -> None:
        raise RuntimeError(url)

    add(app, host.url("/secret-path"))
    add(app, f"ntfy://127.0.0.1:{host.port}/alerts", ChannelKind.CHAT, "Chat")
    monkeypatch.setattr("mxlib.services.deliveries.webhook.send", fail)
    queue(app)
    done = app.services.deliveries.send_due()
    assert (done.sent, done.failed) == (1, 1)
    _, waiting = log_of(app)
    assert (waiting.status, waiting.tries) == (DeliveryStatus.WAITING, 1)
    assert waiting.happened.startswith("MXM could not send it: its log says where it failed.")
    assert "RuntimeError" in caplog.text
    assert "secret-path" not in caplog.text
    clock.ahead += 2 * 86_400
    app.services.deliveries.send_due()
    assert statuses(app) == [DeliveryStatus.DELIVERED, DeliveryStatus.GIVEN_UP]


def test_a_client_is_referred_to_no_page_that_they_do_not_have(app: App) -> None:
    client = app.ask("POST", "/clients", {"name": "Client A", "domains": ["a.nl"]}).json()["data"]["id"]
    add(app, "boss@clienta.example", ChannelKind.MAIL, "contact", client=client)
    add(app, "ops@agency.example", ChannelKind.MAIL, "ours")
    queue(app, due(*(noted(number=number) for number in range(130)), digest=True))
    app.services.outbox.send_due()
    outbox = app.services.outbox
    texts = {each.to: outbox.read(LOCAL, each.id).text for each in outbox.list_all(LOCAL)}
    contact = " ".join(texts["boss@clienta.example"].split())
    assert "30 more are not in this mail. Ask those who look after your mailboxes for them." in contact
    assert "page Notices" not in contact
    assert "30 more are on the page Notices." in texts["ops@agency.example"]


def test_a_notice_and_its_deliveries_are_stored_together_or_not_at_all(app: App, host: HttpHost) -> None:
    add(app, host.url())

    def fail() -> None:
        with app.services.store.write() as tx:
            app.services.deliveries.queue(tx, due())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert log_of(app) == []
    queue(app)
    with app.services.store.read() as tx:
        assert channels.next_due(tx) is not None


def test_each_channel_gets_only_its_events(app: App, host: HttpHost) -> None:
    client = app.ask("POST", "/clients", {"name": "Client A", "domains": ["a.nl"]}).json()["data"]["id"]
    add(app, host.url("/all"), name="all")
    add(app, host.url("/urgent"), name="urgent", least=Severity.URGENT)
    add(app, host.url("/b"), name="b", domains=frozenset({"b.nl"}))
    add(app, host.url("/off"), name="off")
    off = next(each for each in app.services.channels.list_all(LOCAL) if each.name == "off")
    app.services.channels.change(LOCAL, off.number, name="off", is_enabled=False, routes=Routes())
    add(app, "boss@clienta.example", ChannelKind.MAIL, "contact", client=client)
    account = noted(EventCode.ACCOUNT_BACK_TO_NORMAL, "", Rule.ACCOUNT_STORAGE, 2)
    queue(app, due(noted(), account, noted(subject="max@b.nl", number=3), digest=True))
    app.services.deliveries.send_due()
    app.services.outbox.send_due()
    got = {
        request.path: [each["subject"] for each in json.loads(request.body)["data"]["events"]]
        for request in host.received
    }
    assert got == {
        "/all": ["nina@a.nl", "", "max@b.nl"],
        "/urgent": ["nina@a.nl", "max@b.nl"],
        "/b": ["max@b.nl"],
    }
    (mail,) = app.services.outbox.list_all(LOCAL)
    words = app.services.outbox.read(LOCAL, mail.id)
    assert mail.to == "boss@clienta.example"
    assert "nina@a.nl is full" in words.text
    assert "b.nl" not in words.text + words.subject
    assert DASHBOARD not in words.text


def test_a_mail_goes_through_the_outbox_and_its_result_is_in_the_log(app: App) -> None:
    add(app, "ops@agency.example, kim@agency.example", ChannelKind.MAIL)
    queue(app)
    assert [each.happened for each in log_of(app)] == ["In the outbox."] * 2
    app.services.outbox.send_due()
    assert statuses(app) == [DeliveryStatus.CAUGHT] * 2
    mails = app.services.outbox.list_all(LOCAL)
    assert {mail.to for mail in mails} == {"ops@agency.example", "kim@agency.example"}
    assert {mail.about for mail in mails} == {"Notice about events"}
    assert f"{DASHBOARD}/mailbox?address=nina%40a.nl" in app.services.outbox.read(LOCAL, mails[0].id).text


def test_mail_without_a_server_is_in_the_log_and_keeps_no_other_channel_waiting(
    tmp_path: Path, clock: ShiftedClock, host: HttpHost
) -> None:
    account = {"server": "mail.example", "user": "agency", "api_key": SecretStr("geheim")}
    with opened(tmp_path, clock, **account) as app:
        app.services.deliveries.requests = Requests(Hosts(frozenset({"127.0.0.1"})))
        add(app, "ops@agency.example", ChannelKind.MAIL, "mail")
        add(app, host.url())
        queue(app)
        app.services.deliveries.send_due()
        assert sorted(statuses(app)) == [DeliveryStatus.DELIVERED, DeliveryStatus.GIVEN_UP]
        assert "No mail server is set" in " ".join(each.happened for each in log_of(app))


def test_a_receiver_that_fails_gets_the_same_message_again_until_it_accepts(
    app: App, host: HttpHost, clock: ShiftedClock
) -> None:
    secret = add(app, host.url("/hook"))
    host.answers += [500, "stall", host.url("/elsewhere"), 200]
    queue(app)
    for pause in (0, 10, 30, 120):
        clock.ahead += pause
        assert app.services.deliveries.send_due().sent == (1 if pause == 120 else 0)
        assert app.services.deliveries.send_due().failed == 0  # it waits for its pause
    assert {request.headers["webhook-id"] for request in host.received} == {host.received[0].headers["webhook-id"]}
    assert len({request.body for request in host.received}) == 1
    assert [request.path for request in host.received] == ["/hook"] * 4
    (done,) = log_of(app)
    assert (done.status, done.tries) == (DeliveryStatus.DELIVERED, 4)
    assert secret


def test_a_receiver_that_never_accepts_is_given_up_after_a_day(app: App, host: HttpHost, clock: ShiftedClock) -> None:
    add(app, host.url())
    host.usual = 503
    queue(app)
    for _ in range(120):
        if (found := app.services.deliveries.send_due()).next_at is None:
            break
        clock.ahead += max(0.0, found.next_at - clock.now()) + 0.01
    (ended,) = log_of(app)
    assert ended.status is DeliveryStatus.GIVEN_UP
    assert "The host answered with status 503." in ended.happened
    assert 90 < ended.tries == len(host.received) < 105


def test_what_waits_for_a_receiver_that_is_dead_for_a_day_is_not_tried_one_by_one(
    app: App, host: HttpHost, clock: ShiftedClock
) -> None:
    add(app, host.url())
    host.usual = 503
    for number in range(12):
        queue(app, due(number=number))
    late_at = clock.now() + 80_000
    is_late = False
    for _ in range(120):
        found = app.services.deliveries.send_due()
        if statuses(app)[0] is DeliveryStatus.GIVEN_UP:
            break
        clock.ahead += max(0.0, (found.next_at or 0.0) - clock.now()) + 0.01
        if not is_late and clock.now() > late_at:
            queue(app, due(number=99))
            is_late = True
    assert statuses(app) == [*[DeliveryStatus.GIVEN_UP] * 12, DeliveryStatus.WAITING]
    before = len(host.received)
    assert app.services.deliveries.send_due().failed == 0
    assert len(host.received) == before
    host.usual = 200
    clock.ahead += 901
    assert app.services.deliveries.send_due().sent == 1


def test_after_an_outage_of_this_server_one_failure_gives_up_nothing_else(
    app: App, host: HttpHost, clock: ShiftedClock
) -> None:
    add(app, host.url())
    for number in range(3):
        queue(app, due(number=number))
    clock.ahead += 2 * 86_400.0
    host.answers += [503]
    app.services.deliveries.send_due()
    clock.ahead += 901
    app.services.deliveries.send_due()
    assert statuses(app) == [DeliveryStatus.GIVEN_UP, DeliveryStatus.DELIVERED, DeliveryStatus.DELIVERED]


def test_a_channel_that_an_admin_disables_gets_nothing_that_waits(
    app: App, host: HttpHost, clock: ShiftedClock
) -> None:
    add(app, host.url())
    host.usual = 503
    queue(app)
    app.services.deliveries.send_due()
    (channel,) = app.services.channels.list_all(LOCAL)
    app.services.channels.change(LOCAL, channel.number, name="Hook", is_enabled=False, routes=Routes())
    clock.ahead += 11
    assert app.services.deliveries.send_due().failed == 0
    assert len(host.received) == 1
    (ended,) = log_of(app)
    assert ended.status is DeliveryStatus.GIVEN_UP
    assert ended.happened == "Given up after 1 try. An admin disabled the channel."


def test_a_receiver_that_is_gone_for_good_gets_nothing_more(app: App, host: HttpHost) -> None:
    add(app, host.url())
    host.usual = 410
    queue(app)
    queue(app, due(number=8))
    app.services.deliveries.send_due()
    assert len(host.received) == 1
    assert statuses(app) == [DeliveryStatus.REFUSED] * 2
    (channel,) = app.services.channels.list_all(LOCAL)
    assert (channel.is_enabled, channel.is_stopped) == (False, True)
    assert any("gone for good" in each for each in app.services.channels.problems(LOCAL))
    assert (AuditAction.CHANNEL_STOP, "Hook", "MXM") in trail(app)
    app.services.channels.change(LOCAL, channel.number, name="Hook", is_enabled=True, routes=Routes())
    assert not app.services.channels.list_all(LOCAL)[0].is_stopped


def test_one_that_stalls_does_not_keep_the_others_waiting(app: App, host: HttpHost) -> None:
    with http_host() as slow:
        slow.usual = "stall"
        add(app, slow.url(), name="slow")
        add(app, host.url(), name="quick")
        for number in range(4):
            queue(app, due(number=number))
        app.services.deliveries.send_due()
        assert len(slow.received) == 1
        assert len(host.received) == 4


def test_a_process_that_dies_while_sending_sends_again_under_the_same_id(
    app: App, host: HttpHost, clock: ShiftedClock
) -> None:
    add(app, host.url())
    queue(app)
    with app.services.store.write() as tx:
        taken = channels.claim(tx, clock.now(), LEASE_S)
    assert taken is not None
    assert app.services.deliveries._send(taken) is None  # it arrived, and nobody lived to note it
    assert app.services.deliveries.send_due().sent == 0  # its lease holds
    clock.ahead += LEASE_S + 1
    assert app.services.deliveries.send_due().sent == 1
    assert len({request.headers["webhook-id"] for request in host.received}) == 1
    assert len(host.received) == 2
    with app.services.store.write() as tx:  # the first one comes back to life
        assert not channels.end(tx, taken, DeliveryStatus.GIVEN_UP, clock.now())


def test_nothing_is_sent_after_a_restore_before_an_admin_continues(
    app: App, host: HttpHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, host.url())
    queue(app)
    monkeypatch.setattr(hold, "current", lambda _tx: hold.Hold)
    assert app.services.deliveries.send_due().sent == 0
    monkeypatch.undo()
    assert app.services.deliveries.send_due().sent == 1


def test_on_the_sandbox_a_notice_stays_here(app: App, host: HttpHost) -> None:
    app.services.deliveries.catches = True
    add(app, host.url())
    queue(app)
    app.services.deliveries.send_due()
    assert statuses(app) == [DeliveryStatus.CAUGHT]
    assert not host.received


def test_what_a_delivery_says_is_sealed_and_gone_once_it_has_ended(
    app: App, host: HttpHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    add(app, host.url("/tajna-cesta"))
    host.answers += [500]
    queue(app)
    app.services.deliveries.send_due()
    with app.services.store.read() as tx:
        (waiting,) = channels.newest(tx, 5)
    assert b"nina" in (channels.message(app.services.store.key, waiting) or b"")
    assert b"nina" not in (waiting.sealed_message or b"")
    assert "sealed" not in repr(waiting)
    app.services.deliveries.send(waiting)
    with app.services.store.read() as tx:
        (ended,) = channels.newest(tx, 5)
    assert (ended.sealed_message, ended.wrapped_key) == (None, None)
    assert "tajn" not in caplog.text
    assert "nina" not in caplog.text


def test_under_another_key_a_delivery_waits_and_says_why(app: App, host: HttpHost, clock: ShiftedClock) -> None:
    add(app, host.url())
    queue(app)
    own, app.services.store.key = app.services.store.key, ServerKey.make()
    assert app.services.deliveries.send_due().failed == 1
    assert "cannot be decrypted" in log_of(app)[0].happened
    app.services.store.key = own
    clock.ahead += 11
    assert app.services.deliveries.send_due().sent == 1


def test_the_log_is_kept_for_90_days(app: App, host: HttpHost, clock: ShiftedClock) -> None:
    add(app, host.url())
    queue(app)
    app.services.deliveries.send_due()
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE delivery SET ended_at = ended_at - ?", (KEPT_S - 60,))
    app.services.deliveries.send_due()
    assert len(log_of(app)) == 1
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE delivery SET ended_at = ended_at - 120")
    app.services.deliveries.send_due()
    assert log_of(app) == []


def test_where_a_notice_went_is_known_by_its_number(app: App, host: HttpHost) -> None:
    add(app, host.url())
    queue(app)
    queue(app, due(number=8))
    app.services.deliveries.send_due()
    found = app.services.channels.of_notices(LOCAL, [7, 8, 9])
    assert {number: [each.channel for each in went] for number, went in found.items()} == {
        7: ["Hook"],
        8: ["Hook"],
        9: [],
    }


def test_the_background_task_is_due_with_the_notice(app: App, host: HttpHost) -> None:
    add(app, host.url())
    with app.services.store.write() as tx:
        background_tasks.introduce(tx, TaskName.DELIVERIES, app.services.clock.now(), at_start=False)
    queue(app)
    with app.services.store.read() as tx:
        assert background_tasks.every(tx)[TaskName.DELIVERIES].requested_at is not None
    assert isinstance(app.services.deliveries, Deliveries)
