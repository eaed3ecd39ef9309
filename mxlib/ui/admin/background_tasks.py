"""Background tasks, for admins: a row for each, with its last result, its next time and a button to run it now."""

import streamlit as st

from mxlib import services
from mxlib.core.format import moment
from mxlib.core.text import background_tasks as texts
from mxlib.services.background_tasks import TaskState
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions, flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two looks for a change: while a task runs or is about to, and otherwise.
_FOLLOW_EVERY, _LOOK_EVERY = 2.0, 30.0

#: Widths of a row: the task and its last result, its last time, its next one, and the button.
_WIDTHS = (6, 2, 2, 2)


def show() -> None:
    """Show each task, and draw the page again when one of them changed."""
    app = services.current()
    states, now = app.background_tasks.every(layout.caller()), app.clock.now()
    with st.container(border=True, key="background-tasks"):
        for state in states:
            _row(state, now)
    moves = any(state.moves(now) for state in states)
    actions.live(lambda: _redraw_if_changed(states), every=_FOLLOW_EVERY if moves else _LOOK_EVERY)


def _redraw_if_changed(shown: tuple[TaskState, ...]) -> None:
    if actions.draws_a_part() and services.current().background_tasks.every(layout.caller()) != shown:
        st.rerun()


def _row(state: TaskState, now: float) -> None:
    what, last, following, button = st.columns(_WIDTHS, vertical_alignment="center")
    with what.container(gap="xxsmall"):
        st.markdown(f"**{escaped(texts.LABELS[state.name])}**")
        if problem := _problem(state, now):
            st.badge(escaped(problem), icon=":material/warning:", color="red")
        if text := texts.result(state.code, state.figures or {}):
            st.caption(escaped(text))
    last.markdown(_time("Last", "Never" if state.ended_at is None else moment(state.ended_at, now)))
    following.markdown(_time("Next", _following(state, now)))
    button.button(
        "Run now", key=f"run-task-{state.name}", icon=":material/play_arrow:", width="stretch",
        on_click=act(_run, state),
    )  # fmt: skip


def _problem(state: TaskState, now: float) -> str:
    if state.is_stuck and state.running_since is not None:
        return f"Does not end, since {moment(state.running_since, now)}"
    if state.is_overdue and state.due_at is not None:
        return f"Overdue since {moment(state.due_at, now)}"
    return "" if state.failing_since is None else f"Failing since {moment(state.failing_since, now)}"


def _time(label: str, text: str) -> str:
    return f":small[:gray[{label}]]  \n{escaped(text)}"


def _following(state: TaskState, now: float) -> str:
    if state.running_since is not None:
        return f"Running since {moment(state.running_since, now)}"
    if state.due_at is None:
        return "Not yet"
    return "Now" if state.due_at <= now else moment(state.due_at, now)


def _run(state: TaskState) -> None:
    services.current().background_tasks.run_now(layout.caller(), state.name)
    flash.set_next(texts.started(state.name))
