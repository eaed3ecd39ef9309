"""Deletions that have a date: those that ask, those that wait, and the way to call each off."""

import streamlit as st

from mxlib import services
from mxlib.core.text import dated_deletions as texts
from mxlib.services.dated_deletions import DatedDeletion
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import change_dialogs
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Deletions that are shown one by one; the others come after those before them.
_SHOWN = 50


def asking() -> list[DatedDeletion]:
    """Return the dated deletions that ask the caller."""
    return [each for each in services.current().dated_deletions.every(layout.caller()) if each.why]


def show_asking(found: list[DatedDeletion]) -> None:
    """Show the dated deletions that ask."""
    if found:
        with st.container(border=True, key="dated-deletions"):
            _rows(found, "list")


def show_waiting() -> None:
    """Show the dated deletions that wait for their day."""
    dated = services.current().dated_deletions
    held = dated.on_hold(layout.caller())
    found = [each for each in dated.every(layout.caller()) if not each.why]
    if not found and not held:
        return
    st.header("Deletions that have a date", anchor=False)
    with st.container(border=True, key="dated-waiting"):
        if held:
            st.info(escaped(held), icon=":material/pause_circle:")
        _rows(found, "list")


def _rows(found: list[DatedDeletion], place: str) -> None:
    for deletion in found[:_SHOWN]:
        _row(deletion, place)
    if len(found) > _SHOWN:
        st.caption(f"{len(found) - _SHOWN:,} more follow.")


def show_one(deletion: DatedDeletion, place: str) -> None:
    """Show the dated deletion of one mailbox, in its drawer or on its card."""
    with st.container(border=True, key=f"dated-deletion-{place}"):
        _row(deletion, place)


def _row(deletion: DatedDeletion, place: str) -> None:
    """Show one deletion.

    `place` keeps its buttons apart: a drawer may lie over the list.
    """
    now = services.current().clock.now()
    asked = (deletion.who, deletion.asked_at, now)
    may = services.current().dated_deletions.may_call_off(layout.caller(), deletion)
    text, delete, off = st.columns([8, 2, 2], vertical_alignment="center")
    if deletion.why:
        text.warning(
            escaped(texts.asks(deletion.mailbox, texts.why(deletion.ask_reason), *asked)), icon=":material/help:"
        )
        if may and delete.button("Delete now", key=f"dated-delete-{place}-{deletion.mailbox}", width="stretch"):
            change_dialogs.forget()
            change_dialogs.delete([deletion.mailbox])
    else:
        text.markdown(escaped(texts.waits(deletion.mailbox, deletion.due_at, *asked)))
    if may:
        call_off = act(_call_off, deletion.domain, deletion.username)
        off.button("Call off", key=f"dated-off-{place}-{deletion.mailbox}", width="stretch", on_click=call_off)


def _call_off(domain: str, username: str) -> None:
    flash.set_next(services.current().dated_deletions.call_off(layout.caller(), domain, username))
