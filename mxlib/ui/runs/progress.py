"""The progress of a run: a bar with its counts, and the line that says what happens now."""

from typing import Literal

import streamlit as st

from mxlib import services
from mxlib.core.text import labels, run_status
from mxlib.core.vocabulary import AT_AN_END, Outcome, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped

_COLOURS: dict[Outcome, Literal["green", "red", "orange"]] = {
    Outcome.CREATED: "green",
    Outcome.UPDATED: "green",
    Outcome.DELETED: "green",
    Outcome.FAILED: "red",
    Outcome.NOT_ATTEMPTED: "orange",
}


def live(view: RunView, *, every: float) -> None:
    """Show the progress of a run; draw the page again when its status changes."""
    drawn = [view]

    def part() -> None:
        now = drawn.pop() if drawn else services.current().run_watch.run(layout.caller(), view.id)
        if now is None:
            st.rerun()
        show(now)
        if now.status != view.status:
            st.rerun()

    actions.live(part, every=every if is_moving(view) else None)


def is_moving(view: RunView) -> bool:
    """Return whether the run is at no end, and not paused to stay so."""
    return view.status not in AT_AN_END and (view.status != RunStatus.PAUSED or view.wish is not None)


def show(view: RunView) -> None:
    """Show the bar of an open run, and why it waits."""
    now = services.current().clock.now()
    st.progress(view.decided / view.total if view.total else 1.0, text=escaped(view.progress_text(now)))
    if view.hidden:
        st.caption(run_status.hidden_rows(view.hidden))
    sentence = escaped(view.status_text)
    if view.status == RunStatus.PAUSED:
        st.warning(sentence, icon=":material/pause_circle:")
        return
    if view.silent_since is not None or view.unanswered_seconds:
        st.warning(sentence, icon=":material/cloud_off:")
    elif sentence:
        st.info(sentence, icon=":material/hourglass_top:")
    if services.current().on_loopback:
        st.caption(run_status.LIVES_HERE)


def figures(view: RunView) -> None:
    """Show how many rows have each outcome, without zeros."""
    with st.container(horizontal=True, key="run-figures"):
        for outcome in Outcome:
            if rows := view.counts.get(outcome, 0):
                st.badge(f"{rows:,} {labels.outcome(outcome).lower()}", color=_COLOURS.get(outcome, "grey"))
