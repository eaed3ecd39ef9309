"""The offer to send links to the people of a finished run."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import links as texts
from mxlib.core.vocabulary import AT_AN_END, Outcome, RunKind
from mxlib.runs.run_view import RunView
from mxlib.ui.app import layout
from mxlib.ui.links import send
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped


def show(view: RunView) -> None:
    """Show the offer by itself for a run whose passwords MXM does not have."""
    if view.has_passwords or not is_for(view):
        return
    with st.container(border=True, key="links-of-run-alone"):
        offer(view)


def is_for(view: RunView) -> bool:
    """Return whether the people of a run may get links from the caller."""
    caller = layout.caller()
    made = view.counts.get(Outcome.CREATED, 0) > 0 if view.kind is RunKind.IMPORT else view.has_passwords
    kinds = {RunKind.IMPORT, RunKind.CHANGE}
    may = any(caller.may(Permission.SUPPORT, domain) for domain in view.domains)
    return view.status in AT_AN_END and view.kind in kinds and made and may


def offer(view: RunView) -> None:
    """Show what links are for or how far they are, and the button."""
    board = services.current().sent_links.board(layout.caller(), view.id)
    with st.container(horizontal=True, vertical_alignment="center", key="links-of-run"):
        with st.container(gap="xxsmall"):
            st.markdown("**Links to set a password**")
            st.caption(escaped(texts.OFFER if not board.people else board.text))
        runs = sorted({each.run for each in board.people if each.run is not None})
        if runs:
            st.page_link(layout.page("jobs"), label="Who has set theirs", query_params={"run": str(runs[-1])})
        if not board.people or board.left:
            st.button(
                texts.SEND, type="primary" if not board.people else "secondary", icon=":material/link:",
                key="send_links", on_click=act(_ask, view.id),
            )  # fmt: skip


def _ask(run: int) -> None:
    send.ask((), run)
