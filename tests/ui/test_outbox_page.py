"""The page *Outbox*: a test mail on the sandbox, what it says, and its text to read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.mails import MailCause, TrialMail
from mxlib.core.text import mails as texts
from mxlib.services import Services, build, install
from mxlib.services.outbox import QueuedMail, Recipient
from mxlib.settings import Settings
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
    app.switch_page(str(PAGES / "outbox.py")).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return (
        " ".join(each.value for kind in (app.success, app.error, app.info, app.markdown, app.caption) for each in kind)
        .replace("\\", "")
        .replace("\u2060", "")
    )


def test_a_test_mail_on_the_sandbox_is_there_to_read(page: AppTest, services: Services) -> None:
    assert "No mail yet." in said(page)
    assert "No mail leaves: the sandbox keeps" in said(page)
    page.text_input(key="outbox-test-to").input("nina@mail.example")
    page.button(key="outbox-test").click().run()
    assert "The test mail to nina@mail.example would have left." in said(page)
    assert "1 would have left" in said(page)
    services.outbox.send_test(LOCAL, "tess@mail.example")
    page.session_state["outbox-picked"] = services.outbox.list_all(LOCAL)[0].id
    page.run()  # with another mail, the table takes up what is selected
    assert "This is a test mail:" in page.code[0].value


def test_what_is_no_address_is_refused_and_stays_typed(page: AppTest) -> None:
    page.text_input(key="outbox-test-to").input("nobody")
    page.button(key="outbox-test").click().run()
    assert "nobody is not an email address." in said(page)
    assert page.text_input(key="outbox-test-to").value == "nobody"


def test_what_a_mail_is_about_is_not_cut_off(page: AppTest) -> None:
    page.text_input(key="outbox-test-to").input("nina@mail.example")
    page.button(key="outbox-test").click().run()
    columns = json.loads(page.dataframe[0].proto.columns)
    longest = max(map(len, texts.CAUSES.values()))
    assert columns["About"]["width"] >= 6 * longest


def test_a_waiting_mail_is_discarded(page: AppTest, services: Services) -> None:
    mail = QueuedMail(Recipient("nina@mail.example"), TrialMail("kim", ""), MailCause.TEST)
    with services.store.write() as tx:
        page.session_state["outbox-picked"] = services.outbox.queue(tx, mail, "kim")
    page.run()
    page.button(key="outbox-discard").click().run()
    assert "is discarded: it is not sent." in said(page)
    assert [mail.status.value for mail in services.outbox.list_all(LOCAL)] == ["discarded"]


def test_without_a_mail_server_the_page_says_what_to_set(
    page: AppTest, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.outbox._transport, "catches", False)
    page.run()
    assert "Set MXM_SMTP_URL and MXM_MAIL_FROM" in " ".join(each.value for each in page.warning).replace("\\", "")
    assert not any(button.key == "outbox-test" for button in page.button)
