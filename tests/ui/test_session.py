"""The caller of a page, and the sentence for users who may no longer see it."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Forbidden
from mxlib.services import Services
from mxlib.ui.app import errors
from tests.support import sign_in as people
from tests.support.pages import opened
from tests.support.sign_in import GOOD

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

#: Who looks at a page that is opened without a browser, as Streamlit's own tests have it.
OPERATOR = "test@example.com"


def alerts(tab: AppTest) -> str:
    return " ".join(alert.value for alert in tab.error).replace("\\", "")


def test_without_sign_in_the_caller_is_the_local_operator(services: Services) -> None:
    assert services.authenticator.caller(None, "") == LOCAL
    assert not alerts(opened())


def test_a_user_sees_pages_and_once_disabled_a_sentence_and_nothing_else(services: Services) -> None:
    services.users.add(LOCAL, "boss", GOOD, admin=True)
    number = services.users.add(LOCAL, OPERATOR, GOOD, permissions={"clienta.nl": ["view"]})
    tab = opened()
    assert len(tab.dataframe[0].value)
    services.users.disable(LOCAL, number)
    tab.run()
    assert not tab.exception
    assert alerts(tab) == f"The user {OPERATOR} is disabled. Ask an admin."
    assert not tab.dataframe
    assert "clienta.nl" not in str(tab.main)


def test_an_unknown_user_sees_a_sentence_and_nothing_else(services: Services) -> None:
    services.users.add(LOCAL, "boss", GOOD, admin=True)
    tab = opened()
    assert alerts(tab) == "You are no longer a user here. Sign in again."
    assert not tab.sidebar.selectbox


def test_a_refusal_in_the_middle_of_a_page_is_not_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(errors.st, "error", lambda text, icon: shown.append(text))
    assert errors.say_it_failed(Forbidden("You have no permission to view a.nl. Ask an admin for it."))
    assert shown == ["You have no permission to view a.nl. Ask an admin for it."]
    assert not caplog.records
