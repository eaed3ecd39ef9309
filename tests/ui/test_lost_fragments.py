"""Requests of a tab for parts of a page that its session never drew, or drew no longer."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from mxlib.ui.app import lost_fragments


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of requests that reach Streamlit."""
    reached: list[Any] = []
    monkeypatch.setattr(AppSession, "request_rerun", lambda _session, state: reached.append(state))
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda _runner, rerun: reached.append(rerun))
    lost_fragments.install()
    return reached


def request(storage: MemoryFragmentStorage, *, drew: str = "jobs") -> None:
    """Press a button in a part of the page `jobs`, where the session `drew` this page last."""
    state = ClientState(fragment_id="of the session before", page_script_hash="jobs")
    state.widget_states.widgets.add(id="delete").trigger_value = True
    session = SimpleNamespace(_fragment_storage=storage, _pages_manager=SimpleNamespace(current_page_script_hash=drew))
    AppSession.request_rerun(session, state)  # type: ignore[arg-type]


def with_parts() -> MemoryFragmentStorage:
    """Return the parts of a page that was drawn."""
    storage = MemoryFragmentStorage()
    storage.register("here", lambda: None)
    return storage


def test_a_new_session_draws_its_whole_page_and_presses_nothing(asked: list[Any]) -> None:
    request(MemoryFragmentStorage())
    assert asked == [ClientState(page_script_hash="jobs")]


def test_a_part_is_asked_for_as_before_where_the_session_has_parts(asked: list[Any]) -> None:
    request(with_parts())
    assert asked[0].fragment_id == "of the session before"
    assert asked[0].widget_states.widgets


def test_a_part_of_another_page_than_the_one_drawn_last_is_not_asked_for(asked: list[Any]) -> None:
    request(with_parts(), drew="import")
    assert asked == []


@pytest.mark.parametrize(("drew", "parts", "runs"), [
    ("jobs", ["here"], True),
    ("", ["here"], True),
    ("import", ["here"], False),
    ("import", [], True),
])  # fmt: skip
def test_a_part_whose_page_has_changed_before_its_turn_is_not_drawn(
    asked: list[Any], drew: str, parts: list[str], runs: bool
) -> None:
    runner: Any = SimpleNamespace(_pages_manager=SimpleNamespace(current_page_script_hash=drew))
    ScriptRunner._run_script(runner, RerunData(page_script_hash="jobs", fragment_id_queue=parts))
    assert len(asked) == runs


def test_a_request_without_a_state_passes(asked: list[Any]) -> None:
    AppSession.request_rerun(SimpleNamespace(), None)  # type: ignore[arg-type]
    assert asked == [None]
