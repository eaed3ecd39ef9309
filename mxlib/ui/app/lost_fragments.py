"""Draw the whole page for a tab whose session never drew it."""

from typing import Any

from streamlit.runtime.app_session import AppSession


def install() -> None:
    """Answer with the whole page where a session has drawn nothing yet.

    A tab has such a session when it connects again as another user, or after a restart. Streamlit would drop the
    request and leave what the session before had drawn. Requests for parts that a drawn page lost stay dropped.
    """
    request_rerun = AppSession.request_rerun

    def requested(session: AppSession, client_state: Any) -> None:
        if client_state and client_state.fragment_id and not session._fragment_storage._fragments:  # type: ignore[attr-defined]
            client_state.ClearField("fragment_id")
            client_state.ClearField("widget_states")  # a press on what the session before had drawn
        request_rerun(session, client_state)

    AppSession.request_rerun = requested  # type: ignore[assignment,method-assign]
