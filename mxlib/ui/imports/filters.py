"""The view of a preview: filters with figures, search, order, and pages of a long table."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.editing.filters import ALL, CHANGED, LEFT_OUT, WARNINGS, SortOrder
from mxlib.core.format import count
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import KINDS, UNCHANGED, UPDATE
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports import parts
from mxlib.ui.imports.editor import FILTER, OpenDraft, change, is_drawn_again, set_value

EXCLUDED = "Excluded"
LABELS = (
    {ALL: "All"}
    | {kind: labels.kind(kind) for kind in KINDS}
    | {
        Verdict.INVALID: "Errors",
        Verdict.DUPLICATE: "Duplicates",
        UPDATE: "Updates",
        WARNINGS: "Warnings",
        LEFT_OUT: EXCLUDED,
        CHANGED: "Changed from the file",
    }
)
#: In the order of what has to be done.
_KINDS = (
    ALL,
    Verdict.INVALID,
    Verdict.DUPLICATE,
    Verdict.NEEDS_PASSWORD,
    Verdict.EXISTS,
    WARNINGS,
    Verdict.READY,
    UPDATE,
    UNCHANGED,
    LEFT_OUT,
)
_ORDERS = {
    SortOrder.LINE: "Sort by line",
    SortOrder.PROBLEMS: "Sort by problem",
    SortOrder.ADDRESS: "Sort by address",
}


def kinds(editor: Editor, figures: Mapping[str, int], rows: int) -> None:
    """Show the kinds of rows that there are, with their numbers. A click filters, and keeps a fixed row in view."""

    def choose() -> None:
        if not is_drawn_again():
            editor.filter_by(str(st.session_state[FILTER]))

    known = {ALL: rows, CHANGED: len(editor.in_view), **figures}
    offered = [kind for kind in _KINDS if known[kind] or kind in (ALL, editor.chosen)]
    offered += [CHANGED] * (editor.chosen == CHANGED)
    set_value(FILTER, editor.chosen)
    st.segmented_control(
        "Rows",
        [str(kind) for kind in offered],
        required=True,
        key="rows_filter",
        on_change=change(editor, choose),
        format_func=lambda kind: f"{LABELS[kind]} {known[kind]:,}",
        label_visibility="collapsed",
    )


def search(editor: Editor) -> None:
    """Show the search box, which applies at once."""

    def search_for() -> None:
        if not is_drawn_again():
            editor.search_for(str(st.session_state["search"]))

    set_value("search", editor.search)
    st.text_input(
        "Search",
        key="search",
        on_change=change(editor, search_for),
        icon=":material/search:",
        placeholder="Search",
        help="Address, name, email or problem",
        label_visibility="collapsed",
        width=160,
    )


def order(editor: Editor) -> None:
    """Show the order of the rows; a choice applies at once."""

    def sort() -> None:
        if not is_drawn_again():
            editor.sort_by(SortOrder(st.session_state["order"]))

    set_value("order", editor.order)
    st.selectbox(
        "Sort",
        list(SortOrder),
        key="order",
        on_change=change(editor, sort),
        format_func=lambda order: _ORDERS[order],
        label_visibility="collapsed",
    )


def show_view(editor: Editor, validated: pd.DataFrame) -> None:
    """Show how many rows are in view when not all are. It also counts those that stay though they are fixed."""
    if not editor.filtered:
        return
    stale, others = editor.outdated(validated)
    said = f"{len(editor.in_view):,} of {count(len(validated), 'row')}"
    said += f", {stale:,} fixed" * bool(stale) + f", {others:,} more match now" * bool(others)
    st.markdown(f"{said}.", width="content")
    if stale or others:
        label = "Hide fixed rows" if stale else "Show them too"
        st.button(label, icon=":material/filter_alt:", key="again", on_click=change(editor, editor.filter_again),
                  type="tertiary")  # fmt: skip
    every = change(editor, editor.show_all)
    st.button("Show all rows", icon=":material/filter_alt_off:", key="all_rows", on_click=every, type="tertiary")


def pages(held: OpenDraft) -> None:
    """Show which part of a long table this is, and the way to the others."""
    editor = held.editor
    parts.draw("preview-pages", held, lambda: _pages(editor), lambda: (editor.page, len(editor.shown), editor.in_view))


def _pages(editor: Editor) -> None:
    if editor.pages == 1:
        return

    def turn() -> None:
        if not is_drawn_again():
            editor.turn_to(int(st.session_state["page"]))

    if editor.page != 1 or "page" in st.session_state:  # Streamlit warns where a value of its own is set once more
        set_value("page", editor.page)
    first = (editor.page - 1) * editor.page_size
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        st.pagination(editor.pages, key="page", on_change=change(editor, turn))
        st.caption(
            f"Rows {first + 1:,} to {first + len(editor.shown):,} of {len(editor.in_view):,}. "
            "Filters, search, sorting and bulk edit are about all of them."
        )
