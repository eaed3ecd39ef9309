"""The bulk tools of the preview: one change for many rows."""

import pandas as pd
import streamlit as st

from mxlib.core.editing import bulk_edit
from mxlib.core.editing.bulk_edit import Tool
from mxlib.core.editing.editor import Editor
from mxlib.core.editing.file_diff import NAMES
from mxlib.core.format import count
from mxlib.core.text import labels
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports.editor import change

IN_VIEW, TICKED = "in view", "ticked"

_PUT = {"Set quota (MB)": "quota", "Set daily limit": "limit", "Set domain": "domain"}
_AFFIX = "Prefix or suffix usernames"
_REPLACE = "Replace text"
_GENERATE = "Generate passwords"
_LEAVE_OUT = "Exclude rows"
_TAKE_IN = "Include rows"
_DELETE = "Delete excluded rows"
_TOOLS = [*_PUT, _AFFIX, _REPLACE, _GENERATE, _LEAVE_OUT, _TAKE_IN, _DELETE]
_KINDS = (Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE, Verdict.NEEDS_PASSWORD)


def look(editor: Editor, validated: pd.DataFrame) -> tuple[object, ...]:
    """Return what the tools are drawn from: the chosen one, and the numbers of rows that it shows."""
    here, choice = _here(editor, validated), st.session_state.get("bulk_tool")
    return choice, len(here), int(here["ticked"].sum()), _excludable(here) if choice == _LEAVE_OUT else None


def _here(editor: Editor, validated: pd.DataFrame) -> pd.DataFrame:
    return validated[["ticked", "verdict"]].iloc[editor.in_view]


def _excludable(here: pd.DataFrame) -> dict[Verdict, int]:
    """Return how many included rows there are of each kind that can be excluded."""
    found = here.loc[here["ticked"], "verdict"].value_counts()
    return {kind: int(found.get(kind, 0)) for kind in _KINDS}


def show(editor: Editor, validated: pd.DataFrame) -> None:
    """Show a popover with the tools, and the button that applies one."""
    here = _here(editor, validated)
    with st.popover("Bulk edit", icon=":material/edit_note:", key="bulk"):
        choice = str(st.selectbox("Change", _TOOLS, key="bulk_tool"))
        figures = {IN_VIEW: len(here), TICKED: int(here["ticked"].sum())}
        ready = _ask(choice, here)
        if choice in (_TAKE_IN, _DELETE):
            st.caption("Of the rows in view: a filter or a search narrows them down.")
        else:
            st.radio(
                "In which rows",
                [IN_VIEW, TICKED],
                key="bulk_for",
                format_func=lambda scope: _scope(scope, figures[scope]),
            )
        st.button(
            "Apply",
            key="bulk_apply",
            disabled=not ready or here.empty,
            on_click=change(editor, lambda: editor.apply(_scoped(choice))),
        )
        st.caption("You can undo this.")


def _scope(scope: str, rows: int) -> str:
    return f"The {count(rows, 'row')} in view" if scope == IN_VIEW else f"Only those of them that are ticked: {rows:,}"


def _ask(choice: str, here: pd.DataFrame) -> bool:
    """Ask for what the tool needs; return whether it can be applied."""
    if choice in _PUT:
        st.text_input(
            "Value",
            key="bulk_value",
            max_chars=bulk_edit.MAX_TYPED_LENGTH,
            help="As in the table: 1024, 2 GB, or blank for the standard.",
        )
    elif choice == _AFFIX:
        st.text_input("Before the name", key="bulk_before", max_chars=bulk_edit.MAX_TYPED_LENGTH)
        st.text_input("After the name", key="bulk_after", max_chars=bulk_edit.MAX_TYPED_LENGTH)
    elif choice == _REPLACE:
        st.selectbox("In", list(bulk_edit.REPLACEABLE), key="bulk_column", format_func=NAMES.__getitem__)
        st.text_input("Text", key="bulk_old")
        st.text_input("Replace with", key="bulk_new", max_chars=bulk_edit.MAX_TYPED_LENGTH)
    elif choice == _GENERATE:
        st.checkbox("Replace those that are there, too", key="bulk_overwrite", help="Mailboxes that exist keep theirs.")
    elif choice == _LEAVE_OUT:
        chosen = [
            st.checkbox(
                f"{labels.verdict(kind)} ({rows:,})",
                value=kind is not Verdict.NEEDS_PASSWORD,
                key=f"bulk_leave_{kind}",
            )
            for kind, rows in _excludable(here).items()
        ]
        return any(chosen)
    return True


def _scoped(choice: str) -> Tool:
    """Return the tool for the chosen rows."""
    tool = _tool(choice)
    every = choice in (_TAKE_IN, _DELETE) or st.session_state.get("bulk_for") != TICKED
    return tool if every else bulk_edit.only_ticked(tool)


def _tool(choice: str) -> Tool:
    """Return the tool as it is set."""
    said = {
        name: str(st.session_state.get(f"bulk_{name}") or "") for name in ("value", "before", "after", "old", "new")
    }
    column = str(st.session_state.get("bulk_column") or "username")
    if choice in _PUT:
        return lambda draft, rows, _: bulk_edit.put(draft, rows, _PUT[choice], said["value"])
    if choice == _AFFIX:
        return lambda draft, rows, _: bulk_edit.affix(draft, rows, before=said["before"], after=said["after"])
    if choice == _REPLACE:
        return lambda draft, rows, _: bulk_edit.replace(draft, rows, column, said["old"], said["new"])
    if choice == _GENERATE:
        overwrite = bool(st.session_state.get("bulk_overwrite"))
        return lambda draft, rows, validated: bulk_edit.generate(draft, rows, validated, overwrite=overwrite)
    if choice == _TAKE_IN:
        return lambda draft, rows, _: draft.ticked(rows, True)
    if choice == _DELETE:
        return lambda draft, rows, _: bulk_edit.delete_left_out(draft, rows)
    kinds = [kind for kind in _KINDS if st.session_state.get(f"bulk_leave_{kind}")]
    return lambda draft, rows, validated: bulk_edit.leave_out(draft, rows, validated, *kinds)
