"""The tools of a preview: what changes the table as a whole, and what is shown of it."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.editing.editor import Editor
from mxlib.core.text import confirmations
from mxlib.core.vocabulary import OnExisting
from mxlib.ui.app import layout
from mxlib.ui.imports import bulk_edit, paste
from mxlib.ui.imports.editor import change, is_drawn_again
from mxlib.ui.imports.filters import search_and_order


def show(editor: Editor, validated: pd.DataFrame) -> None:
    """Show the tools for the view and for the rows."""
    _set("reveal", editor.passwords_shown)
    _set("show_changes", editor.changes_shown)
    _set("generate", editor.generate)
    _set("on_existing", editor.on_existing.value)
    with st.container(horizontal=True, vertical_alignment="center", key="view-tools", gap="xsmall"):
        search_and_order(editor)
        st.toggle("Show passwords", key="reveal", on_change=change(editor, _reveal, editor))
        if editor.file:
            st.toggle("Show changes", key="show_changes", on_change=change(editor, _show_changes, editor),
                      help="What each row was in the file.")  # fmt: skip
        st.button("Undo", icon=":material/undo:", key="undo", on_click=change(editor, editor.undo),
                  disabled=not editor.can_undo)  # fmt: skip
        st.button("Redo", icon=":material/redo:", key="redo", on_click=change(editor, editor.redo),
                  disabled=not editor.can_redo)  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="tools", gap="xsmall"):
        st.markdown("Existing mailboxes:", width="content", help=confirmations.UPDATING)
        st.segmented_control(
            "Existing mailboxes",
            [choice.value for choice in OnExisting],
            required=True,
            key="on_existing",
            on_change=change(editor, _choose, editor),
            label_visibility="collapsed",
        )
        st.toggle("Generate secure passwords", key="generate", on_change=change(editor, _generate, editor))
        st.button("Add row", icon=":material/add:", key="add", on_click=change(editor, editor.add_rows))
        paste.show(editor)
        bulk_edit.show(editor, validated)
        st.button("Re-check", icon=":material/sync:", key="recheck", on_click=change(editor, _recheck, editor),
                  help="Read the domains of these rows from MXroute again.")  # fmt: skip


def _set(key: str, value: object) -> None:
    """Let a widget show what the preview holds."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _generate(editor: Editor) -> None:
    if not is_drawn_again():
        editor.generate_passwords(bool(st.session_state["generate"]))


def _recheck(editor: Editor) -> None:
    editor.commit()
    editor.notice = services.current().imports.recheck(layout.caller(), editor.batch)


def _choose(editor: Editor) -> None:
    if not is_drawn_again():
        editor.choose_existing(OnExisting(st.session_state["on_existing"]))


def _reveal(editor: Editor) -> None:
    if not is_drawn_again():
        editor.show_passwords(bool(st.session_state["reveal"]))


def _show_changes(editor: Editor) -> None:
    if not is_drawn_again():
        editor.show_changes(bool(st.session_state["show_changes"]))
