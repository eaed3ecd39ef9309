"""The bulk tools of the preview: one change for all rows in view."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from mxlib.mailboxes import bulk
from mxlib.mailboxes.columns import Verdict
from mxlib.mailboxes.draft import Draft
from mxlib.mailboxes.phrases import count

#: What a tool does to the rows at some positions of a draft, given the verdicts.
Tool = Callable[[Draft, Sequence[int], pd.DataFrame], Draft]

_PUT = {"Set quota (MB)": "quota", "Set limit a day": "limit", "Set domain": "domain"}
_AFFIX = "Prefix or suffix usernames"
_REPLACE = "Replace text"
_LEAVE_OUT = "Leave out invalid, existing and duplicate rows"
_NAMES = {
    "username": "Username",
    "domain": "Domain",
    "quota": "Quota (MB)",
    "limit": "Limit a day",
    "recovery_email": "Recovery email",
}


def show(rows: int, change: Callable[[Tool], None]) -> None:
    """A popover with the tools; `change` is called with the one that was applied."""
    with st.popover("Bulk edit", icon=":material/edit_note:", key="bulk"):
        choice = st.selectbox(
            f"For the {count(rows, 'row')} in view", [*_PUT, _AFFIX, _REPLACE, _LEAVE_OUT], key="bulk_tool"
        )
        ready = True
        if choice in _PUT:
            st.text_input("Value", key="bulk_value", help="As in the table: 1024, 2 GB, or blank for the standard.")
        elif choice == _AFFIX:
            st.text_input("Before the name", key="bulk_before")
            st.text_input("After the name", key="bulk_after")
        elif choice == _REPLACE:
            st.selectbox("In", list(bulk.REPLACEABLE), key="bulk_column", format_func=_NAMES.__getitem__)
            ready = bool(st.text_input("Text", key="bulk_old"))
            st.text_input("Replace with", key="bulk_new")
        st.button(
            "Apply",
            type="primary",
            key="bulk_apply",
            disabled=not ready or not rows,
            on_click=lambda: change(_tool(str(choice))),
        )
        st.caption("Undo takes it back.")


def _tool(choice: str) -> Tool:
    """The tool as it was set; read when it is applied, so that nothing typed last is missed."""
    said = {
        name: str(st.session_state.get(f"bulk_{name}") or "") for name in ("value", "before", "after", "old", "new")
    }
    column = str(st.session_state.get("bulk_column") or "username")
    if choice in _PUT:
        return lambda draft, rows, _: bulk.put(draft, rows, _PUT[choice], said["value"])
    if choice == _AFFIX:
        return lambda draft, rows, _: bulk.affix(draft, rows, before=said["before"], after=said["after"])
    if choice == _REPLACE:
        return lambda draft, rows, _: bulk.replace(draft, rows, column, said["old"], said["new"])
    return lambda draft, rows, judged: bulk.leave_out(
        draft, rows, judged, Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE
    )
