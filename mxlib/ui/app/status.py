"""The line about MXroute and the runs, and the title of the tab."""

import streamlit as st
from streamlit.navigation.page import Page

from mxlib import services
from mxlib.core.host_status import HostState, HostStatus
from mxlib.core.text import host_status as texts
from mxlib.core.text import mail_ports as mail_texts
from mxlib.ui.app import session
from mxlib.ui.widgets import actions, auto_refresh
from mxlib.ui.widgets.format import escaped

NAME = "MXM"

#: Seconds between two looks: as a rule, and while a run moves.
LOOK_EVERY, FOLLOW_EVERY = 15, 2

#: Key of the title of the tab as it was last shown.
TITLE = "tab-title"


def title(page: str) -> str:
    """Return the title of the tab: the page and, before it, the progress of a run."""
    return _title(services.current().host_status.status(session.caller()), page)


def _title(status: HostStatus, page: str) -> str:
    run = status.moving
    return f"{run.decided:,}/{run.total:,} · {page} · {NAME}" if run else f"{page} · {NAME}"


def show(page: str, jobs: Page) -> None:
    """Show the line, which renews itself; `jobs` is the page that it links to."""

    def look() -> None:
        moves = services.current().host_status.status(session.caller()).moving is not None
        actions.live(lambda: _draw(page, jobs), every=FOLLOW_EVERY if moves else None)

    actions.live(look, every=LOOK_EVERY)


def _draw(page: str, jobs: Page) -> None:
    status = services.current().host_status.status(session.caller())
    if st.session_state.get(TITLE) != (now := _title(status, page)):
        st.session_state[TITLE] = now
        st.set_page_config(page_title=now)
    if status.moving is None:
        auto_refresh.stop()
    run = status.paused[0] if status.paused else status.moving.number if status.moving else None
    with st.container(key="host-status"):
        st.page_link(
            jobs, label=escaped(texts.line(status)), icon=_icon(status), query_params={"run": str(run)} if run else None
        )
        _draw_mail()


def _draw_mail() -> None:
    """Show whether mail itself is reachable: the API may answer while no mail program gets through."""
    app = services.current()
    if not app.mail_ports.is_set:
        st.caption(f":material/mail: {mail_texts.SANDBOX}")
        return
    now, state = app.clock.now(), app.mail_ports.state()
    text, details = mail_texts.line(state, now), mail_texts.details(state, app.mail_ports.server, now)
    is_well = state is not None and not state.silent and state.ends_soon(now) is None
    icon = ":material/mark_email_read:" if is_well else ":material/mail:" if state is None else ":material/mail_off:"
    st.caption(f"{icon} {escaped(text)}", help=escaped(details))


def _icon(status: HostStatus) -> str:
    if status.state in {HostState.SILENT, HostState.KEY_REFUSED}:
        return ":material/cloud_off:"
    if status.paused:
        return ":material/pause_circle:"
    return ":material/sync:" if status.moving else ":material/cloud_done:"
