"""The toolbar of a preview: the filters, and what changes the table as a whole."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mxlib import services
from mxlib.core.editing.editor import Editor
from mxlib.core.text import confirmations
from mxlib.core.validation.row_kinds import UNCHANGED, UPDATE
from mxlib.core.vocabulary import OnExisting, Verdict
from mxlib.ui.app import layout
from mxlib.ui.imports import bulk_edit, filters, parts, paste
from mxlib.ui.imports.editor import OpenDraft, change, is_drawn_again, set_value, validated

_ON_EXISTING = {OnExisting.SKIP.value: "Skip existing", OnExisting.UPDATE.value: "Update existing"}


def show(held: OpenDraft) -> DeltaGenerator:
    """Show what changes the table as a whole, on one line.

    Return the room for the kinds of rows at its beginning.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="tools", gap="xsmall"):
        kinds = st.container(key="tools-kinds")
        parts.draw("preview-tools", held, lambda: _tools(held), lambda: _look(held))
    return kinds


def _look(held: OpenDraft) -> object:
    editor = held.editor
    toggles = editor.generate, editor.passwords_shown, editor.every_column, editor.changes_shown
    table = bulk_edit.look(editor, validated(held).table)
    return editor.can_undo, editor.can_redo, editor.search, editor.order, toggles, _asks_for_existing(held), table


def _asks_for_existing(held: OpenDraft) -> bool:
    figures = validated(held).figures
    return held.editor.updates or any(figures[kind] for kind in (Verdict.EXISTS, UPDATE, UNCHANGED))


def _tools(held: OpenDraft) -> None:
    editor = held.editor
    filters.search(editor)
    if _asks_for_existing(held):
        set_value("on_existing", editor.on_existing.value)
        st.segmented_control(
            "Existing mailboxes",
            list(_ON_EXISTING),
            required=True,
            key="on_existing",
            on_change=change(editor, _choose, editor),
            format_func=_ON_EXISTING.__getitem__,
            help=confirmations.UPDATING,
            label_visibility="collapsed",
        )
    st.button("Undo", icon=":material/undo:", key="undo", on_click=change(editor, editor.undo),
              disabled=not editor.can_undo)  # fmt: skip
    bulk_edit.show(editor, validated(held).table)
    with st.popover("More", icon=":material/more_horiz:", key="more"):
        _menu(editor)


def _menu(editor: Editor) -> None:
    """Show what is needed less often."""
    st.button("Redo", icon=":material/redo:", key="redo", on_click=change(editor, editor.redo),
              disabled=not editor.can_redo)  # fmt: skip
    st.button("Add row", icon=":material/add:", key="add", on_click=change(editor, editor.add_rows))
    st.button("Check again", icon=":material/sync:", key="recheck", on_click=change(editor, _recheck, editor),
              help="Read the domains of these rows from MXroute again.")  # fmt: skip
    filters.order(editor)
    set_value("generate", editor.generate)
    st.toggle("Generate secure passwords", key="generate", on_change=change(editor, _generate, editor))
    set_value("reveal", editor.passwords_shown)
    st.toggle("Show passwords", key="reveal", on_change=change(editor, _reveal, editor))
    set_value("every_column", editor.every_column)
    st.toggle("Show empty columns", key="every_column", on_change=change(editor, _show_columns, editor))
    if editor.file:
        set_value("show_changes", editor.changes_shown)
        st.toggle("Show changes", key="show_changes", on_change=change(editor, _show_changes, editor),
                  help="What each row was in the file.")  # fmt: skip
    paste.show(editor)


def _generate(editor: Editor) -> None:
    if not is_drawn_again():
        editor.generate_passwords(bool(st.session_state["generate"]))


def _recheck(editor: Editor) -> None:
    editor.commit()
    editor.notice = services.current().imports.recheck(layout.caller(), editor.batch)


def _choose(editor: Editor) -> None:
    if not is_drawn_again() and st.session_state.get("on_existing") is not None:
        editor.choose_existing(OnExisting(st.session_state["on_existing"]))


def _reveal(editor: Editor) -> None:
    if not is_drawn_again():
        editor.show_passwords(bool(st.session_state["reveal"]))


def _show_columns(editor: Editor) -> None:
    if not is_drawn_again():
        editor.show_columns(bool(st.session_state["every_column"]))


def _show_changes(editor: Editor) -> None:
    if not is_drawn_again():
        editor.show_changes(bool(st.session_state["show_changes"]))
