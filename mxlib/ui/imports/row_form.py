"""One row in a form: fixed, left out or deleted by keyboard alone."""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.editing.file_diff import NAMES
from mxlib.core.fixes import groups
from mxlib.core.fixes.groups import FixKind
from mxlib.core.text import labels
from mxlib.ui.imports.editor import change
from mxlib.ui.widgets.format import escaped

#: Fields next to each other.
_BESIDE = 3


def show(editor: Editor, rows: pd.DataFrame) -> None:
    """Show the form for one of `rows`, all of which have a problem.

    The rows are validated, and have their `kind`.
    """
    origins = rows["origin"].tolist()
    places = {row.origin: place(row) for row in rows[["origin", "line", "username"]].itertuples()}
    if st.session_state.get("fix_row") not in origins:
        st.session_state["fix_row"] = origins[0]
    chosen = st.selectbox("Fix a row here", origins, key="fix_row", format_func=lambda at: places.get(at, ""))
    at = origins.index(chosen)
    row = rows.iloc[at]
    st.markdown(f"{labels.kind(row['kind'])}. {escaped(said(row['reasons'], row['warnings']))}")
    _suggestions(editor, rows.iloc[[at]])
    with st.form(f"fix-{chosen}-{editor.generation}", enter_to_submit=True):
        names = list(NAMES)
        for start in range(0, len(names), _BESIDE):
            for box, name in zip(st.columns(_BESIDE), names[start : start + _BESIDE], strict=False):
                key = _key(editor, chosen, name)
                if name == "password":
                    box.text_input(NAMES[name], key=key, type="password", placeholder="Blank: stays as it is")
                else:
                    box.text_input(NAMES[name], value=row[name], key=key)
        with st.container(horizontal=True):
            st.form_submit_button("Save this row", type="primary", on_click=change(editor, _save, editor, chosen))
            st.form_submit_button("Leave it out", on_click=change(editor, editor.edit_row, chosen, {"ticked": False}))
            st.form_submit_button("Delete it", on_click=change(editor, editor.delete_row, chosen))


def _suggestions(editor: Editor, row: pd.DataFrame) -> None:
    """Offer the suggestion of each problem of one row."""
    found = [group for group in groups.find(row) if FixKind.SUGGESTED in group.fixes and group.samples]
    if not found:
        return
    with st.container(horizontal=True, gap="small"):
        for group in found:
            st.button(
                f"Use {escaped(group.samples[0])}", key=f"use-{group.problem}", icon=":material/auto_fix_high:",
                on_click=change(editor, editor.fix, group, FixKind.SUGGESTED),
            )  # fmt: skip


def place(row: Any) -> str:
    """Return which row it is: `Line 4, jan jansen`."""
    where = f"Line {row.line}" if row.line else "Added row"
    return f"{where}, {row.username}" if row.username else where


def said(reasons: str, warnings: str) -> str:
    """Return the problems and warnings of a row, on one line."""
    return " ".join(filter(None, (reasons, warnings))).replace("\n", " ")


def _key(editor: Editor, origin: int, name: str) -> str:
    return f"fix-{origin}-{name}-{editor.generation}"


def _save(editor: Editor, origin: int) -> None:
    typed = {name: str(st.session_state.get(_key(editor, origin, name)) or "") for name in NAMES}
    if not typed["password"]:
        del typed["password"]
    editor.edit_row(origin, typed)
