"""The rows of an import before they are sent. An edit draws what it changes of them, and nothing else of the page."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mxlib.ui.imports import confirm, draft_copy, drafts, editor, file_changes, filters, grid, parts, problems, toolbar
from mxlib.ui.imports.editor import ROWS, WHOLE, OpenDraft
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped


def show(held: OpenDraft) -> None:
    """Draw the rows, what is wrong with them, and the footer."""
    parts.draw(WHOLE, held, lambda: _whole(held))


def _whole(held: OpenDraft) -> None:
    editor.validate(held)
    held.looks.clear()
    trouble = st.empty()
    kinds = toolbar.show(held)
    above = st.container()
    filters.pages(held)
    problems.show(held)
    file_changes.show(held)
    footer = confirm.room()
    with above:
        parts.draw(ROWS, held, lambda: _rows(held, kinds, footer))
    if held.conflict:
        with trouble.container():
            drafts.offer_both(held)
    elif held.not_kept:
        trouble.warning(escaped(held.not_kept), icon=":material/save:")


def _rows(held: OpenDraft, kinds: DeltaGenerator, footer: DeltaGenerator) -> None:
    """Draw what each edit changes, the counts first, and keep the draft after that."""
    rows, notice = editor.validated(held), held.editor.notice
    with kinds:
        filters.kinds(held.editor, rows.figures, len(rows.table))
    if notice:
        st.markdown(f":material/info: {escaped(notice)}")
    problems.show_groups(held)
    grid.show(held)
    with footer:
        confirm.show(held)
    before = held.conflict, held.not_kept
    draft_copy.keep(held)
    if actions.draws_a_part() and (held.conflict, held.not_kept) != before:
        st.rerun()
