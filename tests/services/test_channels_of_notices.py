"""Channels of notices: who manages them, what is refused, what is audited, and that no secret gets out."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.channels import ChannelKind, Routes
from mxlib.core.events.vocabulary import Rule, Severity
from mxlib.core.text import channels as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from mxlib.services.channels import Channel, InvalidChannel, NewChannel
from mxlib.services.exports import NotFound
from mxlib.services.outbox import NotDelivered
from mxlib.store import FILE, mailbox_lists
from tests.support.app import App, opened, trail
from tests.support.http_host import HttpHost, http_host

KIM = Caller("kim", domains={"a.nl": frozenset(Permission)})
EXTERNAL = replace(KIM, external=True)
HOOK = "https://hook.agency.example/tajna-cesta"


def mail(*to: str, routes: Routes | None = None, name: str = "Mail to us") -> NewChannel:
    return NewChannel(name, ChannelKind.MAIL, ", ".join(to or ("ops@agency.example",)), routes or Routes())


def hook(url: str = HOOK, routes: Routes | None = None, name: str = "Hook") -> NewChannel:
    return NewChannel(name, ChannelKind.WEBHOOK, url, routes or Routes())


def only(app: App) -> Channel:
    (found,) = app.services.channels.list_all(LOCAL)
    return found


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


def test_only_admins_see_or_change_anything(app: App) -> None:
    service = app.services.channels
    service.create(LOCAL, hook())
    number = only(app).number
    for caller in (KIM, EXTERNAL):
        for attempt in (
            lambda: service.list_all(caller),  # noqa: B023
            lambda: service.deliveries(caller),  # noqa: B023
            lambda: service.of_notices(caller, [1]),  # noqa: B023
            lambda: service.problems(caller),  # noqa: B023
            lambda: service.create(caller, mail()),  # noqa: B023
            lambda: service.change(caller, number, name="x", is_enabled=False, routes=Routes()),  # noqa: B023
            lambda: service.test(caller, number),  # noqa: B023
            lambda: service.delete(caller, number),  # noqa: B023
        ):
            with pytest.raises(Forbidden, match="Only admins"):
                attempt()
    assert only(app).is_enabled


def test_what_is_done_to_a_channel_is_in_the_audit_log(app: App) -> None:
    service = app.services.channels
    service.create(LOCAL, mail())
    number = only(app).number
    service.change(LOCAL, number, name="Night", is_enabled=False, routes=Routes(least=Severity.URGENT))
    shown = only(app)
    assert (shown.name, shown.is_enabled, shown.routes.least) == ("Night", False, Severity.URGENT)
    assert "ops@agency.example" in service.test(LOCAL, number)
    assert service.delete(LOCAL, number) == texts.deleted("Night")
    assert not service.list_all(LOCAL)
    noted = [(action, on) for action, on, _ in trail(app) if action.startswith("channel.")]
    assert noted == [
        (AuditAction.CHANNEL_CREATE, "Mail to us"), (AuditAction.CHANNEL_CHANGE, "Night"),
        (AuditAction.CHANNEL_TEST, "Night"), (AuditAction.CHANNEL_DELETE, "Night"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (mail(name=" "), texts.NAME_MISSING),
        (mail(name="x" * 61), texts.NAME_TOO_LONG),
        (mail(name="two\nlines"), texts.NAME_TOO_LONG),
        (mail(" , "), texts.NO_RECIPIENT),
        (mail("ops@agency.example", "no address"), "no address is not an email address."),
        (mail(*(f"m{each}@agency.example" for each in range(21))), texts.TOO_MANY_RECIPIENTS),
        (mail(routes=Routes(client=99)), texts.no_client(99)),
        (hook(routes=Routes(client=99)), texts.CLIENT_ONLY_MAIL),
        (hook("http://hook.agency.example/x"), "The address is http://"),
        (hook("ftp://hook"), "no address"),
        (hook(""), "no address"),
        (NewChannel("Chat", ChannelKind.CHAT, "json://tajna.example/x"), texts.NOT_A_SERVICE),
        (NewChannel("Chat", ChannelKind.CHAT, "ntfy://topic?attach=/etc/passwd"), texts.NOT_A_SERVICE),
    ],
)
def test_a_channel_that_cannot_work_is_refused_with_one_sentence(app: App, new: NewChannel, message: str) -> None:
    with pytest.raises(InvalidChannel) as refused:
        app.services.channels.create(LOCAL, new)
    assert message in str(refused.value)
    assert "tajn" not in str(refused.value)
    assert not app.services.channels.list_all(LOCAL)


def test_a_channel_that_is_gone_says_so(app: App) -> None:
    service = app.services.channels
    with pytest.raises(NotFound, match="channel 5"):
        service.test(LOCAL, 5)
    with pytest.raises(NotFound):
        service.delete(LOCAL, 5)
    with pytest.raises(NotFound):
        service.change(LOCAL, 5, name="x", is_enabled=True, routes=Routes())
    service.create(LOCAL, hook())
    with pytest.raises(InvalidChannel, match="Only a mail channel"):
        service.change(LOCAL, only(app).number, name="x", is_enabled=True, routes=Routes(client=1))


def test_a_contact_of_a_client_has_its_name(app: App) -> None:
    client = app.ask("POST", "/clients", {"name": "Client A", "domains": ["a.nl"]}).json()["data"]["id"]
    app.services.channels.create(LOCAL, mail(routes=Routes(client=client)))
    assert only(app).client == "Client A"
    app.ask("DELETE", f"/clients/{client}")
    assert only(app).client == ""


def test_the_secret_is_shown_once_and_nothing_secret_is_stored_in_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with opened(tmp_path) as app:
        secret = app.services.channels.create(LOCAL, hook())
        assert secret.startswith("whsec_")
        chat = NewChannel("Chat", ChannelKind.CHAT, "ntfys://user:tajne-heslo@ntfy.agency.example/tajna-tema")
        assert app.services.channels.create(LOCAL, chat) == ""
        shown = repr(app.services.channels.list_all(LOCAL)) + repr(chat) + repr(hook())
        with app.services.store.read() as tx:
            from mxlib.store import channels

            shown += repr(channels.every(tx)) + repr(
                [channels.secrets(app.services.store.key, each) for each in channels.every(tx)]
            )
        app.services.store.scrub()
    content = b"".join(each.read_bytes() for each in tmp_path.glob(f"{FILE}*"))
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        dump = "\n".join(database.iterdump())
    for hidden in ("tajn", secret, secret.removeprefix("whsec_")):
        assert hidden not in shown
        assert hidden not in dump
        assert hidden.encode() not in content
        assert hidden not in caplog.text
    assert "hook.agency.example" in shown


def test_a_test_says_what_happened_and_leaves_on_the_sandbox_too(app: App, host: HttpHost) -> None:
    app.services.deliveries.requests = Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5)
    service = app.services.channels
    service.create(LOCAL, hook(host.url("/hook")))
    service.create(LOCAL, NewChannel("Chat", ChannelKind.CHAT, f"ntfy://127.0.0.1:{host.port}/alerts"))
    chat, web = service.list_all(LOCAL)
    assert (chat.place, web.place) == ("ntfy · 127.0.0.1", "127.0.0.1")
    assert service.test(LOCAL, web.number) == "The test of Hook was accepted. Look whether it has arrived."
    assert service.test(LOCAL, chat.number).startswith("The test of Chat was accepted.")
    host.answers.append(503)
    with pytest.raises(NotDelivered) as failed:
        service.test(LOCAL, web.number)
    assert str(failed.value) == (
        "The test of Hook did not arrive. Given up after 1 try. The host answered with status 503."
    )
    assert len(host.received) == 3
    assert b"Nothing happened" in host.received[0].body
    assert [each.notice for each in service.deliveries(LOCAL)] == [None] * 3


def test_a_test_by_mail_that_fails_for_one_recipient_goes_to_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.services.channels.create(LOCAL, mail("one@agency.example", "two@agency.example"))

    def send(_caller: Caller, to: str, _content: object) -> str:
        if to.startswith("one"):
            raise NotDelivered("one: refused.")
        return "two: accepted."

    monkeypatch.setattr(app.services.outbox, "send_sample", send)
    with pytest.raises(NotDelivered, match=r"^one: refused\. two: accepted\.$"):
        app.services.channels.test(LOCAL, only(app).number)


def test_a_channel_whose_only_recipient_was_erased_has_nobody_to_test(app: App) -> None:
    app.services.channels.create(LOCAL, mail())
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE channel SET place = ''")
    with pytest.raises(NotDelivered, match="no recipient any more"):
        app.services.channels.test(LOCAL, only(app).number)


def test_urgent_events_need_a_way_that_works_without_mxroute(tmp_path: Path) -> None:
    account = {
        "server": "mail.mxrouting.net", "user": "agency", "api_key": SecretStr("geheim"),
        "smtp_url": SecretStr("smtps://mxm%40agency.example:geheim@mail.mxrouting.net"),
        "mail_from": "MXM <mxm@agency.example>",
    }  # fmt: skip
    with opened(tmp_path, **account) as app:
        service = app.services.channels
        assert service.problems(LOCAL) == [texts.NO_CHANNEL]
        service.create(LOCAL, mail())
        assert service.problems(LOCAL) == [texts.NO_OTHER_WAY]
        service.create(LOCAL, hook(routes=Routes(rules=frozenset({Rule.BACKUP}))))
        assert service.problems(LOCAL) == [texts.NO_OTHER_WAY]
        service.create(LOCAL, hook(routes=Routes(least=Severity.URGENT), name="All"))
        assert service.problems(LOCAL) == []
        number = service.list_all(LOCAL)[0].number
        service.change(LOCAL, number, name="All", is_enabled=False, routes=Routes())
        assert service.problems(LOCAL) == [texts.NO_OTHER_WAY]


def test_a_mail_channel_by_another_server_works_without_mxroute(tmp_path: Path) -> None:
    account = {
        "server": "mail.mxrouting.net", "user": "agency", "api_key": SecretStr("geheim"),
        "smtp_url": SecretStr("smtps://mxm:geheim@smtp.other.example"), "mail_from": "mxm@agency.example",
    }  # fmt: skip
    with opened(tmp_path, **account) as app:
        app.services.channels.create(LOCAL, mail())
        assert app.services.channels.problems(LOCAL) == []


def test_mail_to_mailboxes_of_the_account_does_not_work_without_mxroute(tmp_path: Path) -> None:
    account = {
        "server": "mail.mxrouting.net", "user": "agency", "api_key": SecretStr("geheim"),
        "smtp_url": SecretStr("smtps://mxm:geheim@smtp.other.example"), "mail_from": "mxm@agency.example",
    }  # fmt: skip
    with opened(tmp_path, **account) as app:
        service = app.services.channels
        with app.services.store.write() as tx:
            mailbox_lists.keep_domains(tx, ["agency.example", "a.nl"], app.services.clock.now())
        service.create(LOCAL, mail("ops@agency.example", "Kim@A.NL"))
        assert service.problems(LOCAL) == [texts.NO_OTHER_WAY]
        service.create(LOCAL, mail("ops@agency.example", "kim@elsewhere.example", name="Two"))
        assert service.problems(LOCAL) == []


def test_mail_without_a_server_is_a_problem(tmp_path: Path) -> None:
    with opened(tmp_path, server="mail.example", user="agency", api_key=SecretStr("geheim")) as app:
        app.services.channels.create(LOCAL, mail())
        assert app.services.channels.problems(LOCAL) == [texts.MAIL_NOT_SET, texts.NO_OTHER_WAY]
