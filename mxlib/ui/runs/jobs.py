"""The page Jobs: what runs, what needs the caller, and what was."""

import streamlit as st

from mxlib import services
from mxlib.core.text import handover
from mxlib.core.vocabulary import RunStatus
from mxlib.runs.run_view import RunView
from mxlib.ui.app import layout
from mxlib.ui.imports import drafts
from mxlib.ui.runs import dated, earlier, progress
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two updates of a run in the list.
LOOK_EVERY = 4
#: Digits of the largest possible run number; a longer number names no run.
_LONGEST_NUMBER = 18
#: Jobs of a kind that are shown one by one.
_SHOWN = 10


def chosen() -> int | None:
    """Return the run named in the address (`?run=`), else None."""
    asked = st.query_params.get("run", "")
    return int(asked[:_LONGEST_NUMBER]) if asked.isascii() and asked.isdecimal() else None


def open_run(number: int) -> None:
    """Show one run instead of the list."""
    st.query_params["run"] = str(number)


def leave_run() -> None:
    """Show the list again."""
    st.query_params.pop("run", None)


def show() -> None:
    """Show the groups of the page; empty ones are left out."""
    st.title("Jobs", anchor=False)
    flash.show()
    unended = services.current().runs.unended(layout.caller())
    _running([view for view in unended if view.status != RunStatus.PAUSED])
    _needs_you([view for view in unended if view.status == RunStatus.PAUSED])
    dated.show_waiting()
    earlier.show(open_run, alone=not unended)


def _running(views: list[RunView]) -> None:
    if not views:
        return
    st.header("Running", anchor=False)
    for view in views[:_SHOWN]:
        with st.container(border=True, key=f"running-{view.id}"):
            _title(view)
            progress.live(view, every=LOOK_EVERY)
    _more(len(views))


def _needs_you(paused: list[RunView]) -> None:
    app, caller = services.current(), layout.caller()
    passwords, unfinished = app.runs.to_hand_over(caller), app.drafts.offered(caller)
    asking = dated.asking()
    if not (paused or passwords or unfinished or asking):
        return
    st.header("Needs you", anchor=False)
    for view in paused[:_SHOWN]:
        _paused(view)
    _more(len(paused))
    for view in passwords[:_SHOWN]:
        _with_passwords(view)
    _more(len(passwords))
    for kept in unfinished[:_SHOWN]:
        drafts.row(kept, on_opened=lambda: layout.navigate("import_mailboxes"))
    _more(len(unfinished))
    dated.show_asking(asking)


def _paused(view: RunView) -> None:
    with st.container(border=True, key=f"paused-{view.id}"):
        text, way = st.columns([9, 2], vertical_alignment="center")
        with text:
            _title(view)
            st.warning(escaped(view.status_text), icon=":material/pause_circle:")
        if services.current().runs.may_control(layout.caller(), view):
            go_on = act(_resume, view.id)
            way.button("Resume", type="primary", key=f"resume-{view.id}", width="stretch", on_click=go_on)
        else:
            way.button("Open", key=f"show-run-{view.id}", width="stretch", on_click=act(open_run, view.id))


def _resume(run: int) -> None:
    services.current().runs.resume(layout.caller(), run)


def _with_passwords(view: RunView) -> None:
    now = services.current().clock.now()
    with st.container(border=True, key=f"passwords-{view.id}"):
        text, way = st.columns([9, 2], vertical_alignment="center")
        with text.container(gap="xsmall"):
            _title(view)
            progress = services.current().handover.progress(layout.caller(), view.id)
            until = view.passwords_until or now
            st.caption(escaped(handover.kept_for(progress.done, progress.to_have, until, now)))
        way.button("Hand over", key=f"show-run-{view.id}", width="stretch", on_click=act(open_run, view.id))


def _title(view: RunView) -> None:
    """Show the title of a run, which opens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"**{escaped(view.title)}**", type="tertiary", key=f"open-run-{view.id}", on_click=act(open_run, view.id)
        )
        st.caption(escaped(f"Run {view.id} by {view.operator}"))


def _more(number: int) -> None:
    if number > _SHOWN:
        st.caption(f"{number - _SHOWN:,} more.")
