"""The parts of a preview, each drawn by itself: what an edit leaves as it was is not sent to the browser again."""

from collections.abc import Callable

import streamlit as st

from mxlib.ui.imports import drafts, editor
from mxlib.ui.imports.editor import OpenDraft
from mxlib.ui.widgets import actions


def draw(name: str, held: OpenDraft, content: Callable[[], None], look: Callable[[], object] | None = None) -> None:
    """Draw a part; `look` returns what it is drawn from, unless each edit draws it."""

    def part() -> None:
        if actions.draws_a_part() and _needs_the_page(held):
            st.rerun()
        if look is not None:
            held.looks[name] = (look, look())
        content()

    st.fragment(part, key=name)()


def _needs_the_page(held: OpenDraft) -> bool:
    """Return whether more than the rows has changed: another draft, a refusal, lost permissions."""
    return editor.current() is not held or actions.has_to_say() or not drafts.may_see(held)
