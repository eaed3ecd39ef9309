"""Drafts that wait to be continued."""

from collections.abc import Callable

import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.core.text import file_problems
from mxlib.services.drafts import DraftSummary
from mxlib.ui.app import layout
from mxlib.ui.imports import draft_copy, editor
from mxlib.ui.imports.editor import OpenDraft
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_MOST = 3


def offer() -> None:
    """Offer the latest drafts of the caller and, in permitted domains, of others.

    Domains count in which the caller may import.
    """
    for kept in services.current().drafts.offered(layout.caller())[:_MOST]:
        row(kept)


def row(kept: DraftSummary, on_opened: Callable[[], None] = lambda: None) -> None:
    """Show one draft with the ways to continue and to discard it.

    `on_opened` is called once it is open.
    """
    with st.container(border=True, key=f"draft-{kept.id}"):
        text, on, away = st.columns([7, 2, 2], vertical_alignment="center")
        age = services.current().clock.now() - kept.changed_at
        said = file_problems.draft(kept.file_name, kept.rows, kept.domains, kept.operator, age)
        what = "Unfinished import." if kept.run is None else escaped(file_problems.left_out(kept.rows, kept.run))
        text.markdown(f"**{what}** {escaped(said)}")
        go_on, forget = act(go_on_with, kept.id), act(_discard, kept.id)
        pressed = on.button("Continue", key=f"go-on-{kept.id}", type="primary", width="stretch", on_click=go_on)
        if pressed and editor.current() is not None:  # it was not refused
            on_opened()
        away.button("Discard", key=f"forget-{kept.id}", width="stretch", on_click=forget)


def offer_left_out(run: int) -> None:
    """Offer the rows that an ended run left out, if the caller may fix them."""
    kept = services.current().drafts.left_out_of(layout.caller(), run)
    if kept is None:
        return
    if st.button(f"Fix the {count(kept.rows, 'row')} left out", icon=":material/build:", key="fix_left_out"):
        try:
            go_on_with(kept.id)
        except actions.REFUSALS as refusal:
            actions.say(refusal)
            return
        layout.navigate("import_mailboxes")


def offer_both(held: OpenDraft) -> None:
    """Say that another tab changed the draft of this one, and offer both."""
    st.warning(file_problems.DRAFT_CHANGED_ELSEWHERE, icon=":material/tab:")
    with st.container(horizontal=True, key="draft-conflict"):
        st.button("Keep mine as a draft of its own", key="keep_mine", on_click=act(draft_copy.keep_as_own, held))
        st.button("Open the other tab's", key="take_theirs", on_click=act(_take_theirs, held))


def _take_theirs(held: OpenDraft) -> None:
    """Continue with the other tab's rows; this tab's rows are kept as a new draft."""
    number = held.number
    draft_copy.keep_as_own(held)
    if not held.not_kept:
        go_on_with(number)


def leave() -> None:
    """Forget this tab's preview; its draft stays."""
    st.session_state.pop("preview", None)


def may_see(current: editor.OpenDraft) -> bool:
    """Return whether the caller may still see these rows, which another user may have begun."""
    return services.current().drafts.may_go_on(layout.caller(), current.number)


def _discard(number: str) -> None:
    services.current().drafts.discard(layout.caller(), number)


def go_on_with(number: str) -> None:
    """Open a draft in this tab."""
    work = services.current().drafts.open(layout.caller(), number)
    if work is not None:
        editor.open_preview(work, number)
