"""Requests of a tab for parts of a page that its session never drew."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.fragment import MemoryFragmentStorage

from mxlib.ui.app import lost_fragments


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of requests that reach Streamlit."""
    reached: list[Any] = []
    monkeypatch.setattr(AppSession, "request_rerun", lambda _session, state: reached.append(state))
    lost_fragments.install()
    return reached


def request(storage: MemoryFragmentStorage) -> None:
    """Press a button in a part of the page."""
    state = ClientState(fragment_id="of the session before")
    state.widget_states.widgets.add(id="delete").trigger_value = True
    AppSession.request_rerun(SimpleNamespace(_fragment_storage=storage), state)  # type: ignore[arg-type]


def test_a_new_session_draws_its_whole_page_and_presses_nothing(asked: list[Any]) -> None:
    request(MemoryFragmentStorage())
    assert asked == [ClientState()]


def test_a_part_is_asked_for_as_before_where_the_session_has_parts(asked: list[Any]) -> None:
    storage = MemoryFragmentStorage()
    storage.register("here", lambda: None)
    request(storage)
    assert asked[0].fragment_id == "of the session before"
    assert asked[0].widget_states.widgets


def test_a_request_without_a_state_passes(asked: list[Any]) -> None:
    AppSession.request_rerun(SimpleNamespace(), None)  # type: ignore[arg-type]
    assert asked == [None]
