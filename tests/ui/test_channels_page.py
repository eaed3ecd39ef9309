"""Channels on the page *Notices*: they are added, tested, changed and deleted, and a secret is shown once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.channels import ChannelKind
from mxlib.core.clients import ClientDetails
from mxlib.core.text import channels as texts
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from mxlib.services import Services, build, install
from mxlib.services.channels import NewChannel
from mxlib.settings import Settings
from tests.support.http_host import http_host
from tests.support.notices import due
from tests.support.pages import ENTRY, PAGES


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = build(Settings(data_dir=tmp_path))
    install(built)
    yield built
    install(None)
    built.close()


@pytest.fixture
def page(services: Services) -> AppTest:
    app = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    app.switch_page(str(PAGES / "notices.py")).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    kinds = (app.success, app.error, app.info, app.warning, app.markdown, app.caption)
    return " ".join(each.value for kind in kinds for each in kind).replace("\\", "").replace("\u2060", "")


def test_a_webhook_is_added_and_its_secret_shown_until_it_is_copied(page: AppTest, services: Services) -> None:
    assert texts.NO_CHANNEL in said(page)
    page.button_group(key="channel-new-kind").set_value(ChannelKind.WEBHOOK).run()
    page.text_input(key="channel-new-name").input("Hook")
    page.text_input(key="channel-new-address").input("https://hook.agency.example/tajna")
    page.button(key="channel-add").click().run()
    assert not page.exception
    assert "Hook is added." in said(page)
    assert page.code[0].value.startswith("whsec_")
    assert "tajna" not in said(page)
    assert page.text_input(key="channel-new-address").value == ""
    page.button(key="channel-secret-done").click().run()
    assert not page.code
    assert [each.place for each in services.channels.list_all(LOCAL)] == ["hook.agency.example"]


def test_what_cannot_work_is_refused_and_stays_typed(page: AppTest, services: Services) -> None:
    page.text_input(key="channel-new-name").input("Chat")
    page.text_input(key="channel-new-address").input("json://hook.example/x")
    page.button(key="channel-add").click().run()
    assert "This is no address of Slack" in said(page)
    assert page.text_input(key="channel-new-address").value == "json://hook.example/x"
    assert services.channels.list_all(LOCAL) == ()


def test_a_channel_is_tested_changed_and_deleted(page: AppTest, services: Services) -> None:
    with http_host() as host:
        services.deliveries.requests = Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5)
        services.channels.create(LOCAL, NewChannel("Hook", ChannelKind.WEBHOOK, host.url()))
        number = services.channels.list_all(LOCAL)[0].number
        with services.store.write() as tx:
            services.deliveries.queue(tx, due())
        page.session_state["channels-picked"] = number
        page.run()
        page.button(key="channel-test").click().run()
        assert "The test of Hook was accepted." in said(page)
        assert page.success
        assert not page.error
        rows = next(each.value for each in page.dataframe if "Result" in each.value)
        assert list(rows["About"]) == ["Test", "Notice 7: 1 event"]
        assert list(rows["State"]) == ["Delivered", "Would have left"]
        page.text_input(key=f"channel-{number}-name").input("Night")
        page.toggle(key=f"channel-{number}-enabled").set_value(v=False)
        page.button(key="channel-save").click().run()
        assert "Night is saved." in said(page)
        shown = services.channels.list_all(LOCAL)[0]
        assert (shown.name, shown.is_enabled) == ("Night", False)
        page.button(key="channel-delete").click().run()
        assert "Night is deleted" in said(page)
        assert services.channels.list_all(LOCAL) == ()


def test_a_test_that_fails_is_not_shown_as_a_success(page: AppTest, services: Services) -> None:
    with http_host() as host:
        services.deliveries.requests = Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5)
        services.channels.create(LOCAL, NewChannel("Hook", ChannelKind.WEBHOOK, host.url()))
        host.usual = 503
        page.session_state["channels-picked"] = services.channels.list_all(LOCAL)[0].number
        page.run()
        page.button(key="channel-test").click().run()
    assert not page.exception
    assert not page.success
    assert "The test of Hook did not arrive." in page.error[0].value


def test_a_mail_channel_can_be_for_the_contact_of_a_client(page: AppTest, services: Services) -> None:
    services.clients.add(LOCAL, ClientDetails("Client A", ("clienta.nl",)))
    number = services.clients.list_all(LOCAL)[0].id
    page.button_group(key="channel-new-kind").set_value(ChannelKind.MAIL).run()
    for name, client in (("Contact", number), ("Ours", 0)):
        page.text_input(key="channel-new-name").input(name)
        page.text_input(key="channel-new-address").input("boss@client.example")
        page.selectbox(key="channel-new-client").set_value(client)
        page.button(key="channel-add").click().run()
        assert not page.exception
    shown = {each.name: (each.kind, each.routes.client) for each in services.channels.list_all(LOCAL)}
    assert shown == {"Contact": (ChannelKind.MAIL, number), "Ours": (ChannelKind.MAIL, None)}
