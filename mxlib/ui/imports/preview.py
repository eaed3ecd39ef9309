"""The rows of an import before they are sent. An edit draws this part of the page again, and nothing else."""

import streamlit as st

from mxlib.services.imports import counts
from mxlib.ui.imports import confirm, draft_copy, drafts, editor, file_changes, grid, problems
from mxlib.ui.imports.editor import OpenDraft
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped


def show(held: OpenDraft) -> None:
    """Draw the rows, what is wrong with them, and the footer."""

    def part() -> None:
        if actions.draws_a_part() and _needs_the_page(held):
            st.rerun()
        _part(held)

    st.fragment(part)()


def _needs_the_page(held: OpenDraft) -> bool:
    """Return whether more than the rows has changed: another draft, a refusal, lost permissions."""
    return editor.current() is not held or actions.has_to_say() or not drafts.may_see(held)


def _part(held: OpenDraft) -> None:
    validated = editor.validated_rows(held.editor)
    figures = counts(validated)
    trouble = st.empty()
    grid.show(held.editor, validated, figures)
    problems.show(held.editor, validated)
    file_changes.show(held)
    confirm.show(held, validated, figures)
    draft_copy.keep(held)  # now that the new counts are on their way
    if held.conflict:
        with trouble.container():
            drafts.offer_both(held)
    elif held.not_kept:
        trouble.warning(escaped(held.not_kept), icon=":material/save:")
