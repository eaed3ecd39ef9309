"""The view of a preview: badges that filter, search, order, and pages of a long table."""

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.editing.filters import ALL, CHANGED, LEFT_OUT, WARNINGS, SortOrder
from mxlib.core.format import count, quoted
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import KINDS, UNCHANGED, UPDATE
from mxlib.core.vocabulary import Verdict
from mxlib.services.imports import counts
from mxlib.ui.imports.editor import change, is_drawn_again
from mxlib.ui.widgets.format import escaped

LABELS = {
    ALL: "All rows",
    WARNINGS: "Warnings",
    LEFT_OUT: "Left out",
    CHANGED: "Changed from the file",
} | {kind: labels.kind(kind) for kind in KINDS}
ICONS = {
    ALL: ":material/list:",
    Verdict.READY: ":material/check_circle:",
    UPDATE: ":material/edit:",
    UNCHANGED: ":material/check:",
    WARNINGS: ":material/warning:",
    Verdict.NEEDS_PASSWORD: ":material/key:",
    Verdict.DUPLICATE: ":material/content_copy:",
    Verdict.EXISTS: ":material/person_check:",
    Verdict.INVALID: ":material/error:",
    LEFT_OUT: ":material/check_box_outline_blank:",
}
_ORDERS = {SortOrder.LINE: "Sort: line", SortOrder.PROBLEMS: "Sort: problems first", SortOrder.ADDRESS: "Sort: address"}


def badges(editor: Editor, validated: pd.DataFrame) -> None:
    """Show the number of rows of each kind. A click filters, and keeps a fixed row in view."""
    figures = {ALL: len(validated)} | counts(validated)
    order = [
        ALL,
        Verdict.READY,
        *[UPDATE, UNCHANGED] * editor.updates,
        WARNINGS,
        Verdict.NEEDS_PASSWORD,
        Verdict.DUPLICATE,
        *[Verdict.EXISTS] * (not editor.updates),
        Verdict.INVALID,
    ]
    if figures[LEFT_OUT] or editor.chosen == LEFT_OUT:
        order.append(LEFT_OUT)
    with st.container(horizontal=True, key="badges", gap="xsmall"):
        for kind in order:
            st.button(
                f"{LABELS[kind]} **{figures[kind]:,}**",
                icon=ICONS[kind],
                key=f"badge-{kind}",
                type="primary" if editor.chosen == kind else "secondary",
                on_click=change(editor, editor.filter_by, str(kind)),
            )


def search_and_order(editor: Editor) -> None:
    """Show the search box and the order; both apply at once."""

    def search() -> None:
        if not is_drawn_again():
            editor.search_for(str(st.session_state["search"]))

    def order() -> None:
        if not is_drawn_again():
            editor.sort_by(SortOrder(st.session_state["order"]))

    for key, value in (("search", editor.search), ("order", editor.order)):
        if st.session_state.get(key) != value:
            st.session_state[key] = value
    st.text_input(
        "Search",
        key="search",
        on_change=change(editor, search),
        icon=":material/search:",
        placeholder="Address, name, email, reason",
        label_visibility="collapsed",
        width=250,
    )
    st.selectbox(
        "Sort",
        list(SortOrder),
        key="order",
        on_change=change(editor, order),
        format_func=lambda order: _ORDERS[order],
        label_visibility="collapsed",
        width=170,
    )


def show_view(editor: Editor, validated: pd.DataFrame) -> None:
    """Show which rows are in view when not all are. It also counts those that stay though they no longer match."""
    if not editor.filtered:
        return
    parts = [f"**{LABELS[editor.chosen]}**"] * (editor.chosen != ALL)
    parts += [f"with {escaped(quoted(editor.search))}"] * bool(editor.search)
    said = f"In view: {count(len(editor.in_view), 'row')} of {len(validated):,}, {' '.join(parts)}."
    stale, others = editor.outdated(validated)
    if stale:
        verb = "no longer matches, and stays" if stale == 1 else "no longer match, and stay"
        said += f" {stale:,} of them {verb} until you filter again."
    if others:
        said += f" {others:,} {'other matches' if others == 1 else 'others match'} now."
    with st.container(horizontal=True, vertical_alignment="center", key="in-view", gap="small"):
        st.markdown(said, width="content")
        if stale or others:
            again = change(editor, editor.filter_again)
            st.button("Filter again", icon=":material/filter_alt:", key="again", on_click=again, type="tertiary")
        every = change(editor, editor.show_all)
        st.button("Show all rows", icon=":material/filter_alt_off:", key="all_rows", on_click=every, type="tertiary")


def pages(editor: Editor) -> None:
    """Show which part of a long table this is, and the way to the others."""
    if editor.pages == 1:
        return

    def turn() -> None:
        if not is_drawn_again():
            editor.turn_to(int(st.session_state["page"]))

    if st.session_state.get("page") != editor.page:
        st.session_state["page"] = editor.page
    first = (editor.page - 1) * editor.page_size
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        st.pagination(editor.pages, key="page", on_change=change(editor, turn))
        st.caption(
            f"Rows {first + 1:,} to {first + len(editor.shown):,} of {len(editor.in_view):,}. "
            "Badges, search, sorting and bulk edit are about all of them."
        )
