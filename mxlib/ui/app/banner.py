"""Notices on every page: runs that ended or paused while nobody watched, and what admins must know."""

from collections.abc import Callable

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Caller
from mxlib.core.text import run_status, store_problems
from mxlib.core.text.backups import CONTINUE
from mxlib.core.vocabulary import AT_AN_END, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.ui.app import session
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped

_STILL = AT_AN_END | {RunStatus.PAUSED}


def show(show_run: Callable[[int], None]) -> None:
    """Report each run that ended or paused unseen."""
    caller = session.caller()
    for view in services.current().runs.unseen(caller):
        with st.container(border=True, key=f"banner-{view.id}"):
            text, way = st.columns([10, 2], vertical_alignment="center")
            text.markdown(f"**Run {view.id}**: {escaped(view.status_text)}")
            if way.button("Show the run", key=f"banner-show-{view.id}", width="stretch"):
                show_run(view.id)
    _say_to_admins(caller)
    now = services.current().clock.now()
    for view in services.current().runs.ending_soon(caller):
        until = view.passwords_until or now
        st.warning(escaped(run_status.passwords_end_soon(view.id, view.file_name, until, now)), icon=":material/timer:")


def seen(caller: Caller, view: RunView) -> None:
    """Note that this run's card is open now."""
    if view.status in _STILL:
        services.current().runs.seen(caller, view.id)


def _say_to_admins(caller: Caller) -> None:
    """Warn admins of damage, of failed backups, and that deletion waits for a confirmed time."""
    housekeeping, backups = services.current().housekeeping, services.current().backups
    for problem in backups.problems() if caller.admin else ():
        st.warning(escaped(problem), icon=":material/backup:")
    for problem in housekeeping.damage() if caller.admin else ():
        st.error(escaped(problem), icon=":material/error:")
    if caller.admin and (problems := housekeeping.wrong_time()):
        with st.container(border=True, key="clock-jumped"):
            text, way = st.columns([10, 2], vertical_alignment="center")
            text.markdown(escaped(" ".join(problems)))
            confirm = actions.act(_confirm_time)
            way.button(store_problems.TIME_IS_RIGHT, key="confirm-time", width="stretch", on_click=confirm)


def show_hold() -> None:
    """Say on every page that runs wait after a restore.

    An admin lets them go on.
    """
    caller, backups = session.caller(), services.current().backups
    if caller.admin and (advice := backups.advice()):
        with st.container(border=True, key="restored"):
            text, way = st.columns([10, 2], vertical_alignment="center")
            text.markdown(escaped(advice))
            way.button(CONTINUE, key="continue-restored", width="stretch", on_click=actions.act(_continue))
    for waiting in () if caller.admin else backups.waits():
        st.info(escaped(waiting), icon=":material/pause_circle:")


def _continue() -> None:
    services.current().backups.end_hold(session.caller())


def _confirm_time() -> None:
    services.current().housekeeping.confirm_time(session.caller())
