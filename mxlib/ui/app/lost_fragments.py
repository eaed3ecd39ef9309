"""Requests for parts of a page that a session has not drawn, or has left.

They cross what the server sends, the more often the busier it is. A tab that gets a part of another page takes that for
a change of the page: it would drop what it shows, and the next part that refreshes itself would be an error.
"""

from typing import Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData


def install() -> None:
    """Keep a tab from getting parts of a page that its session does not have.

    A session that has drawn nothing draws its whole page: a tab has one when it connects again as another user, or
    after a restart. Streamlit would drop the request and leave what the session before had drawn. Requests for parts
    that a drawn page lost stay dropped, and so do those of another page. The page may change after a request has
    arrived, so it is looked up again when its turn comes.
    """
    request_rerun, run_script = AppSession.request_rerun, ScriptRunner._run_script

    def requested(session: AppSession, client_state: Any) -> None:
        if client_state and client_state.fragment_id:
            if not session._fragment_storage._fragments:  # type: ignore[attr-defined]
                client_state.ClearField("fragment_id")
                client_state.ClearField("widget_states")  # a press on what the session before had drawn
            elif _has_another_page(session._pages_manager, client_state.page_script_hash):
                return
        request_rerun(session, client_state)

    def run(runner: ScriptRunner, rerun_data: RerunData) -> None:
        if rerun_data.fragment_id_queue and _has_another_page(runner._pages_manager, rerun_data.page_script_hash):
            return
        run_script(runner, rerun_data)

    AppSession.request_rerun = requested  # type: ignore[assignment,method-assign]
    ScriptRunner._run_script = run  # type: ignore[assignment,method-assign]


def _has_another_page(pages: PagesManager, asked: str) -> bool:
    """Return whether a session drew another page last than `asked` for."""
    return pages.current_page_script_hash not in {"", asked}
