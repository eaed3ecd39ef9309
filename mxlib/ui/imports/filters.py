"""What is in view of a preview: badges that filter, search, order, and the pages of a long table."""

import pandas as pd
import streamlit as st

from mxlib.core.editing.filters import ALL, CHANGED, LEFT_OUT, WARNINGS, SortOrder
from mxlib.core.format import count, quoted
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import KINDS, UNCHANGED, UPDATE
from mxlib.core.vocabulary import Verdict
from mxlib.services.imports import counts
from mxlib.ui.imports.editor import ROWS_A_PAGE, EditorState, commit_edits, matching
from mxlib.ui.widgets.actions import act
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


def badges(preview: EditorState, judged: pd.DataFrame) -> None:
    """How many rows are of each kind; a click shows only those, and keeps a mended one in view."""
    figures = {ALL: len(judged)} | counts(judged)
    order = [
        ALL,
        Verdict.READY,
        *[UPDATE, UNCHANGED] * preview.updates,
        WARNINGS,
        Verdict.NEEDS_PASSWORD,
        Verdict.DUPLICATE,
        *[Verdict.EXISTS] * (not preview.updates),
        Verdict.INVALID,
    ]
    if figures[LEFT_OUT] or preview.chosen == LEFT_OUT:
        order.append(LEFT_OUT)
    with st.container(horizontal=True, key="badges", gap="xsmall"):
        for kind in order:
            st.button(
                f"{LABELS[kind]} **{figures[kind]:,}**",
                icon=ICONS[kind],
                key=f"badge-{kind}",
                type="primary" if preview.chosen == kind else "secondary",
                on_click=act(choose, preview, str(kind)),
            )


def choose(preview: EditorState, kind: str) -> None:
    """Show the rows of one kind, as they are now."""
    preview.chosen = kind
    commit_edits(preview, anew=True)


def search_and_order(preview: EditorState) -> None:
    """The two boxes; what is typed or chosen counts at once."""

    def search() -> None:
        preview.search = str(st.session_state["search"]).strip()
        commit_edits(preview, anew=True)

    def order() -> None:
        preview.order = SortOrder(st.session_state["order"])
        commit_edits(preview, anew=True)

    for key, value in (("search", preview.search), ("order", preview.order)):
        if st.session_state.get(key) != value:
            st.session_state[key] = value
    st.text_input(
        "Search",
        key="search",
        on_change=act(search),
        icon=":material/search:",
        placeholder="Address, name, email, reason",
        label_visibility="collapsed",
        width=250,
    )
    st.selectbox(
        "Sort",
        list(SortOrder),
        key="order",
        on_change=act(order),
        format_func=lambda order: _ORDERS[order],
        label_visibility="collapsed",
        width=170,
    )


def told(preview: EditorState, judged: pd.DataFrame) -> None:
    """What of the rows is in view, when that is not all; and how many stay though they match no more."""
    if not preview.sifted:
        return
    parts = [f"**{LABELS[preview.chosen]}**"] * (preview.chosen != ALL)
    parts += [f"with {escaped(quoted(preview.search))}"] * bool(preview.search)
    said = f"In view: {count(len(preview.in_view), 'row')} of {len(judged):,}, {' '.join(parts)}."
    still = matching(preview, judged)
    mended = sum(not still[at] for at in preview.in_view)
    others = int(still.sum()) - len(preview.in_view) + mended
    if mended:
        no_more = "matches no more, and stays" if mended == 1 else "match no more, and stay"
        said += f" {mended:,} of them {no_more} until you filter again."
    if others:
        said += f" {others:,} {'other matches' if others == 1 else 'others match'} now."
    with st.container(horizontal=True, vertical_alignment="center", key="in-view", gap="small"):
        st.markdown(said, width="content")
        if mended or others:
            st.button("Filter again", icon=":material/filter_alt:", key="again", on_click=act(_again, preview),
                      type="tertiary")  # fmt: skip
        st.button("Show all rows", icon=":material/filter_alt_off:", key="all_rows", on_click=act(_everything, preview),
                  type="tertiary")  # fmt: skip


def pages(preview: EditorState) -> None:
    """Which part of a long table this is, and the way to the others."""
    if preview.pages == 1:
        return

    def turn() -> None:
        commit_edits(preview, page=int(st.session_state["page"]))

    if st.session_state.get("page") != preview.page:
        st.session_state["page"] = preview.page
    first = (preview.page - 1) * ROWS_A_PAGE
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        st.pagination(preview.pages, key="page", on_change=act(turn))
        st.caption(
            f"Rows {first + 1:,} to {first + len(preview.shown):,} of {len(preview.in_view):,}. "
            "Badges, search, sorting and bulk edit are about all of them."
        )


def _again(preview: EditorState) -> None:
    commit_edits(preview, anew=True)


def _everything(preview: EditorState) -> None:
    preview.chosen, preview.search = ALL, ""
    commit_edits(preview, anew=True)
