"""Take a run back: what would go and what is kept, the number that confirms it, and the way between both runs."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.core.text import labels
from mxlib.runs.run_view import RunView
from mxlib.services.undo import UndoPlan
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_HELD = "undo_plan"


def button(view: RunView) -> None:
    """Show the button that starts an undo, if permitted and anything can be undone."""
    if services.current().undo.possible(layout.caller(), view):
        label = "Undo the rest" if view.undone_by else f"Undo this {labels.run_kind(view.kind).lower()}"
        st.button(label, icon=":material/undo:", key="undo_look", on_click=act(_look, view.id))


def between(view: RunView) -> None:
    """From a run to those that take it back, and from them to it."""
    if view.undo_of is not None:
        _to(view.undo_of, f"Takes run {view.undo_of} back")
    for number in view.undone_by:
        _to(number, f"Undone by run {number}")


def show(view: RunView) -> None:
    """Show what would happen to each mailbox, and the number to type."""
    planned: UndoPlan | None = st.session_state.get(_HELD)
    if planned is None or planned.run != view.id:
        return
    try:
        planned = services.current().undo.still(layout.caller(), planned)
    except actions.REFUSALS as refusal:
        actions.say(refusal)
        return
    with st.container(border=True, key="undo-card"):
        st.markdown(f"**{escaped(planned.sentence)}**")
        st.caption(escaped(planned.note))
        _table(planned)
        with st.form("undo_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            if planned.typed:
                st.text_input(f"Type {planned.typed} to confirm", key="undo_typed", width=220, autocomplete="off")
                start = act(_start, view.id)
                st.form_submit_button(
                    _label(planned), type="primary", icon=":material/undo:", on_click=start, key="undo_do"
                )
            st.form_submit_button("Cancel", on_click=act(_forget), key="undo_leave")


def _label(planned: UndoPlan) -> str:
    if planned.to_delete:
        return f"Delete {count(len(planned.to_delete), 'mailbox', 'mailboxes')}"
    return f"Put {count(len(planned.to_restore), 'mailbox', 'mailboxes')} back"


def _table(planned: UndoPlan) -> None:
    rows = sorted(planned.plan.rows, key=lambda row: row.reason is not None)
    table = pd.DataFrame(
        {"Address": [row.address for row in rows], "What happens": [planned.what(row) for row in rows]}
    )
    st.dataframe(
        table,
        hide_index=True,
        key="undo_rows",
        alt="What happens to each mailbox of this run",
        column_config={
            "Address": st.column_config.TextColumn(width=280),
            "What happens": st.column_config.TextColumn(width=520),
        },
    )


def _to(number: int, label: str) -> None:
    def go() -> None:
        st.query_params["run"] = str(number)

    st.button(label, type="tertiary", icon=":material/link:", key=f"to-run-{number}", on_click=act(go))


def _look(run: int) -> None:
    st.session_state.pop("undo_typed", None)
    st.session_state[_HELD] = services.current().undo.look(layout.caller(), run)
    st.session_state["run-more"] = False  # the menu closes: the question is on the page


def _start(run: int) -> None:
    number = services.current().undo.start(layout.caller(), run, st.session_state.get("undo_typed", ""))
    _forget()
    st.query_params["run"] = str(number)


def _forget() -> None:
    st.session_state.pop(_HELD, None)
