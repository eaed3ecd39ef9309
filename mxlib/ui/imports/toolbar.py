"""The tools of a preview: what changes the table as a whole, and what is shown of it."""

from functools import partial

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.filters import ALL
from mxlib.core.text import confirmations
from mxlib.core.vocabulary import OnExisting
from mxlib.ui.app import layout
from mxlib.ui.imports import bulk_edit, paste
from mxlib.ui.imports.editor import EditorState, commit_edits, in_bulk, pending, redo, undo
from mxlib.ui.imports.filters import search_and_order
from mxlib.ui.widgets.actions import act


def show(preview: EditorState, judged: pd.DataFrame) -> None:
    """What is looked at, and what is done with it."""
    _set("reveal", preview.passwords_shown)
    _set("show_changes", preview.changes_shown)
    _set("generate", preview.generate)
    _set("on_existing", preview.on_existing.value)
    typed = pending(preview)
    with st.container(horizontal=True, vertical_alignment="center", key="view-tools", gap="xsmall"):
        search_and_order(preview)
        st.toggle("Show passwords", key="reveal", on_change=act(_reveal, preview))
        if preview.reading:
            st.toggle("Show changes", key="show_changes", on_change=act(_show_changes, preview),
                      help="What each row was in the file.")  # fmt: skip
        st.button("Undo", icon=":material/undo:", key="undo", on_click=act(undo, preview),
                  disabled=not (preview.past or typed))  # fmt: skip
        st.button("Redo", icon=":material/redo:", key="redo", on_click=act(redo, preview),
                  disabled=not preview.future or typed)  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="tools", gap="xsmall"):
        st.markdown("Existing mailboxes:", width="content", help=confirmations.UPDATING)
        st.segmented_control(
            "Existing mailboxes",
            [choice.value for choice in OnExisting],
            required=True,
            key="on_existing",
            on_change=act(_choose, preview),
            label_visibility="collapsed",
        )
        st.toggle("Generate secure passwords", key="generate", on_change=act(_generate, preview))
        st.button("Add row", icon=":material/add:", key="add", on_click=act(commit_edits, preview, Draft.added))
        paste.show(preview)
        bulk_edit.show(preview.in_view, judged, partial(in_bulk, preview))
        st.button("Re-check", icon=":material/sync:", key="recheck", on_click=act(_recheck, preview),
                  help="Read the domains of these rows from MXroute again.")  # fmt: skip


def _set(key: str, value: object) -> None:
    """Let a widget show what the preview holds."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _generate(preview: EditorState) -> None:
    preview.generate = bool(st.session_state["generate"])
    commit_edits(preview, None if preview.generate else Draft.without_generated)


def _recheck(preview: EditorState) -> None:
    commit_edits(preview)
    previews, rows = services.current().imports, preview.draft.rows
    preview.said = previews.recheck(layout.caller(), rows, preview.domain, preview.on_existing)


def _choose(preview: EditorState) -> None:
    if st.session_state["on_existing"] is None:  # so a browser tells of buttons that it draws anew
        return
    preview.on_existing = OnExisting(st.session_state["on_existing"])
    preview.chosen = ALL
    commit_edits(preview, anew=True)


def _reveal(preview: EditorState) -> None:
    preview.passwords_shown = bool(st.session_state["reveal"])
    commit_edits(preview)


def _show_changes(preview: EditorState) -> None:
    preview.changes_shown = bool(st.session_state["show_changes"])
    commit_edits(preview)
