"""Ended runs as a table: what they were, whose, and their result."""

from collections.abc import Callable
from datetime import datetime

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.text import labels
from mxlib.core.vocabulary import RunKind, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services.runs import RunFilter
from mxlib.ui.app import layout
from mxlib.ui.widgets.actions import act

#: Runs on one page of the table.
MOST = 50
_NONE = (
    "No run yet. *Import* creates mailboxes from a spreadsheet, and every change of several mailboxes is a run, too."
)
_NONE_TO_SEE = "No run that you may see. Your own are shown here, and those in domains that you may work with."
_NO_MATCH = "No run matches. Change the filter."
_ASKED, _BEFORE = "jobs-asked", "jobs-before"


def show(open_run: Callable[[int], None], *, alone: bool) -> None:
    """Show the ended runs, newest first, a page at a time.

    A click on one calls `open_run`. `alone`: the page has no other run; then a sentence fills it.
    """
    app, caller = services.current(), layout.caller()
    any_run = bool(app.runs.ended(caller, RunFilter(), most=1)[0])
    if not any_run:
        if alone:
            st.info(_NONE if caller.admin else _NONE_TO_SEE, icon=":material/play_circle:")
        return
    st.header("Earlier", anchor=False)
    asked = _filter(external=caller.external)
    if st.session_state.get(_ASKED) != asked:
        st.session_state[_ASKED], st.session_state[_BEFORE] = asked, []
    before: list[int] = st.session_state[_BEFORE]
    views, further = app.runs.ended(caller, asked, before=before[-1] if before else None, most=MOST)
    if views:
        _table(views, open_run)
    else:
        st.info(_NO_MATCH, icon=":material/search_off:")
    with st.container(horizontal=True, horizontal_alignment="right", key="jobs-pages"):
        if before:
            st.button("Newer", icon=":material/chevron_left:", key="newer", on_click=act(before.pop))
        if further is not None:
            older = act(before.append, further)
            st.button("Older", icon=":material/chevron_right:", key="older", on_click=older)


def _filter(*, external: bool) -> RunFilter:
    """Let the user choose which runs to list. People of a client see their own alone."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="jobs-filter"):
        text = st.text_input(
            "Search", key="jobs-search", placeholder="File, domain or number", icon=":material/search:", width=280
        )
        kind = st.selectbox(
            "Kind", ["", *RunKind], key="jobs-kind", width=150,
            format_func=lambda it: labels.run_kind(it) if it else "All kinds",
        )  # fmt: skip
        person = "" if external else st.text_input("Person", key="jobs-person", placeholder="Everyone", width=170)
    return RunFilter(str(kind), person, text)


def _table(views: tuple[RunView, ...], open_run: Callable[[int], None]) -> None:
    key = f"jobs-{views[0].id}-{views[-1].id}"

    def clicked() -> None:
        click = st.session_state.get(key)
        if click is not None and click.row < len(views):
            open_run(views[click.row].id)

    st.dataframe(
        pd.DataFrame([_row(view) for view in views]),
        hide_index=True,
        alt="Earlier runs, newest first",
        column_config={
            "Job": st.column_config.ButtonColumn(
                width=270, type="tertiary", alignment="left", key=key, on_click=act(clicked)
            ),
            "Result": st.column_config.TextColumn(width=230),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=135),
            "Person": st.column_config.TextColumn(width=110),
            "Domains": st.column_config.TextColumn(width=100),
            "Run": st.column_config.NumberColumn(width=50, format="%d"),
        },
    )


def _row(view: RunView) -> dict[str, object]:
    stopped = "Stopped. " if view.status == RunStatus.STOPPED else ""
    return {
        "Job": view.title,
        "Result": stopped + view.result_text,
        "Person": view.operator,
        "Started": datetime.fromtimestamp(view.created_at),
        "Domains": ", ".join(view.domains),
        "Run": view.id,
    }
