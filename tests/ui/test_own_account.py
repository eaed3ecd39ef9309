"""The page of one's own account: where one is signed in, and the sign-in before."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.auth.tokens import digest
from mxlib.services import Services, build, install
from mxlib.settings import Settings
from mxlib.store.sessions import SignInBefore
from mxlib.ui.app import session
from tests.support import sign_in as people
from tests.support.pages import ENTRY, PAGES, plain, sent
from tests.support.sign_in import GOOD

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1"


@dataclass
class Kim:
    """A user who is signed in with three browsers; the first one is that of the tests."""

    services: Services
    number: int
    sessions: list[str] = field(default_factory=list)

    def start(self, address: str, agent: str, before: SignInBefore | None = None) -> None:
        with self.services.store.write() as tx:
            started = self.services.sessions.start(tx, self.number, address, agent, before)
        self.sessions.append(digest(started).hex())

    def alive(self) -> list[bool]:
        return [self.services.sessions.named(name) is not None for name in self.sessions]


@pytest.fixture
def kim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kim]:
    built = build(Settings(data_dir=tmp_path))
    install(built)
    built.users.add(LOCAL, "boss", GOOD, admin=True)
    made = Kim(built, built.users.add(LOCAL, "kim", GOOD, permissions={"clienta.nl": ["view"]}))
    made.start("10.0.0.1", FIREFOX, SignInBefore(built.clock.now() - 86_400.0, "10.0.0.7", 3))
    made.start("203.0.113.9", PHONE)
    made.start("198.51.100.4", "")
    monkeypatch.setattr(session, "known_as", lambda: made.sessions[0])
    yield made
    install(None)
    built.close()


def account() -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": "kim"}
    tab.run()
    tab.switch_page(str(PAGES / "access.py")).run()
    assert not tab.exception
    return tab


def words(tab: AppTest) -> str:
    return plain(" ".join(str(each.value) for each in tab.markdown))


@pytest.mark.usefixtures("kim")
def test_the_page_lists_where_one_is_signed_in_in_plain_words() -> None:
    text = words(account())
    assert "Firefox on Windows" in text
    assert "(this browser)" in text
    assert "Safari on iPhone" in text
    assert "203.0.113.9" in text
    assert "in use" in text


def test_another_browser_is_signed_out_and_leaves_the_list(kim: Kim) -> None:
    tab = account()
    tab.button(key=f"own-end-{kim.sessions[1][:16]}").click().run()
    assert kim.alive() == [True, False, True]
    assert "Safari on iPhone" not in words(tab)
    assert f"own-end-{kim.sessions[0][:16]}" not in {str(button.key) for button in tab.button}


def test_every_other_browser_is_signed_out_at_once(kim: Kim) -> None:
    tab = account()
    tab.button(key="own-sign-out-others").click().run()
    assert kim.alive() == [True, False, False]
    assert "own-sign-out-others" not in {str(button.key) for button in tab.button}


@pytest.mark.usefixtures("kim")
def test_the_sidebar_says_when_and_from_where_one_signed_in_last() -> None:
    said = sent(account())
    assert "Last sign-in: " in said
    assert "from 10.0.0.7. 3 refused tries since then." in said
