"""A box for further rows: what is pasted into it joins an open preview."""

import streamlit as st

from mxlib import services
from mxlib.core.editing.editor import Editor
from mxlib.core.editing.file_diff import NAMES
from mxlib.core.files.reader import FileRefused
from mxlib.core.schema import COLUMNS
from mxlib.core.text import file_problems
from mxlib.ui.app import layout
from mxlib.ui.imports.editor import change
from mxlib.ui.widgets.format import escaped

_HEIGHT = 160
_HOW = (
    "With a header, or without one: then the columns are those of {file}, from the first one; one column is usernames."
)


def show(editor: Editor) -> None:
    """Show the box, closed until it is needed."""
    with st.expander("Paste rows", icon=":material/content_paste:", key="paste"):
        st.text_area("Further rows, from a spreadsheet or a list of addresses", key="further", height=_HEIGHT)
        st.caption(escaped(_HOW.format(file=editor.file.sheet.name if editor.file else "the file")))
        st.button("Add these rows", type="primary", key="add_further", on_click=change(editor, _add, editor))
        if refused := st.session_state.get("further_refused"):
            st.error(escaped(refused), icon=":material/block:")


def _add(editor: Editor) -> None:
    text = str(st.session_state.get("further") or "")
    st.session_state["further_refused"] = ""
    if not text.strip():
        return
    app = services.current()
    try:
        reading = app.files.further(layout.caller(), text, editor.domain, editor.file)
        total, most = len(editor.draft) + len(reading.rows), app.settings.max_rows
        if total > most:
            raise FileRefused(file_problems.too_many_rows(total, most))
    except FileRefused as refusal:
        st.session_state["further_refused"] = str(refusal)
        return
    editor.add_rows(reading.rows, reading.made_usernames)
    filled = [NAMES[name] for name in NAMES if name in COLUMNS and (reading.rows[name] != "").any()]
    pasted = file_problems.rows_pasted(len(reading.rows), filled)
    editor.notice = " ".join(filter(None, [pasted, editor.notice]))
    st.session_state["further"] = ""
