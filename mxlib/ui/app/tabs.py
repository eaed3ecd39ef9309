"""Open tabs, by the name that their connection has: drawn again when what their operator may do has changed."""

from streamlit import runtime

from mxlib.auth.websocket import TAB


def redraw(tab: str) -> bool:
    """Draw that tab's page again, keeping what is typed; return False while its script runs.

    A script is not interrupted: it may be about to show a password that is shown once.
    """
    if not runtime.exists():
        return True
    # Streamlit has no public way to draw a page again from outside; this is what it does itself when a source changes.
    for opened in runtime.get_instance()._session_mgr.list_active_sessions():
        context = opened.client.client_context
        if context is None or (TAB.decode(), tab) not in {(name.lower(), value) for name, value in context.headers}:
            continue
        if opened.session._scriptrunner is not None:
            return False
        opened.session.request_rerun(opened.session._client_state)
    return True
