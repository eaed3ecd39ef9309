"""What an operator should learn whatever page is open: a run goes on, or one ended while nobody looked."""

from collections.abc import Callable, Sequence

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Caller
from mxlib.core.text import run_status as run_status_text
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AT_AN_END, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services import run_status
from mxlib.ui.app import session
from mxlib.ui.widgets import actions, auto_refresh
from mxlib.ui.widgets.format import escaped

NAME = "MXM"

#: Seconds between two looks at a run for the tab's title.
PULSE = 5
_STILL = AT_AN_END | {RunStatus.PAUSED}


def tab_title(caller: Caller) -> str:
    """The tab's title; while a run goes on it starts with how far that is."""
    return _title(services.current().runs.all(caller, most=10))


def _title(views: Sequence[RunView]) -> str:
    for view in views:
        if view.status not in _STILL:
            return f"{view.decided:,}/{view.total:,} · {NAME}"
    return NAME


def pulse() -> None:
    """Keep the tab's title at how far the run is, on any page, as long as one goes on; nothing else is drawn anew."""
    if tab_title(session.caller()) != NAME:
        actions.live(_retitle, every=PULSE)


def _retitle() -> None:
    title = _title(services.current().run_watch.all(session.caller(), most=10))
    st.set_page_config(page_title=title)
    if title == NAME:
        auto_refresh.stop()


def show(show_run: Callable[[int], None]) -> None:
    """Say of each run that came to an end or paused unseen what came of it."""
    caller = session.caller()
    for view in services.current().runs.unseen(caller):
        with st.container(border=True, key=f"banner-{view.id}"):
            told, way = st.columns([10, 2], vertical_alignment="center")
            told.markdown(f"**Run {view.id}**: {escaped(run_status.state(view))}")
            if way.button("Show the run", key=f"banner-show-{view.id}", width="stretch"):
                show_run(view.id)
    _say_to_admins(caller)
    now = services.current().clock.now()
    for view in services.current().runs.ending_soon(caller):
        until = view.passwords_until or now
        st.warning(
            escaped(run_status_text.passwords_end_soon(view.id, view.file_name, until, now)), icon=":material/timer:"
        )


def seen(caller: Caller, view: RunView) -> None:
    """Somebody looks at this run's card now."""
    if view.status in _STILL:
        services.current().runs.seen(caller, view.id)


def _say_to_admins(caller: Caller) -> None:
    """Say to admins that the database is damaged, and that nothing is forgotten, with the way to confirm the time."""
    housekeeping = services.current().housekeeping
    for problem in housekeeping.damage() if caller.admin else ():
        st.error(escaped(problem), icon=":material/error:")
    if caller.admin and (problems := housekeeping.wrong_time()):
        with st.container(border=True, key="clock-jumped"):
            told, way = st.columns([10, 2], vertical_alignment="center")
            told.markdown(escaped(" ".join(problems)))
            confirm = actions.act(_confirm_time)
            way.button(store_problems.TIME_IS_RIGHT, key="confirm-time", width="stretch", on_click=confirm)


def _confirm_time() -> None:
    services.current().housekeeping.confirm_time(session.caller())
