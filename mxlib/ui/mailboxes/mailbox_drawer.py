"""The drawer of one mailbox: its use, what can be done to it, its settings and its history, over any page."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import list_ages
from mxlib.ui.app import layout
from mxlib.ui.links import of_mailbox
from mxlib.ui.mailboxes import card, change_dialogs, client_setup, trend, unconfirmed
from mxlib.ui.widgets import actions, dialogs, flash, permissions
from mxlib.ui.widgets.format import escaped

#: The actions that have a button of their own, in this order; the menu *More* has the others.
_FIRST = ("link", "password", "more", "lock", "unlock")


def open(address: str) -> None:
    """Open the drawer of a mailbox; the page that is drawn then shows it."""
    address = address.strip().lower()
    _show(address)
    dialogs.set_title(escaped(address))


@dialogs.dialog("Mailbox", drawer=True, icon=":material/mail:", forget=change_dialogs.forget)
def _show(address: str) -> None:
    """Show the mailbox, or the dialog that one of its buttons has opened."""
    if actions.draws_a_part():
        if actions.CALLBACK_TO_CONFIRM in st.session_state:
            st.rerun()
        actions.show_refused()
    with dialogs.hosting():
        if not dialogs.show_inner():
            _mailbox(address)
    dialogs.show_inner_next()


def _mailbox(address: str) -> None:
    username, _, domain = address.rpartition("@")
    caller, lists = layout.caller(), services.current().lists
    flash.show_here()
    unconfirmed.show(domain, username, place="-drawer")
    if permissions.lacks(caller, Permission.VIEW, domain):
        return
    if domain not in lists.domains(caller).names:
        card.show_gone(address, domain, card.NO_DOMAIN)
        return
    refresh = st.session_state.pop("drawer_read", False)
    mailboxes = lists.stored(caller, domain)
    if refresh or mailboxes.read_at is None:
        with st.spinner(f"Reading the mailboxes of {escaped(domain)} from MXroute…", show_time=True):
            mailboxes = lists.mailboxes(caller, domain, refresh=refresh)
    found = mailboxes.frame.loc[mailboxes.frame["address"] == address]
    if found.empty:
        card.show_gone(address, domain, mailboxes.problem)
    else:
        _there(found, domain)
    card.show_past(domain, username, there=not found.empty, key="drawer-history")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Open as a page", icon=":material/open_in_full:", type="tertiary", key="drawer_page"):
            layout.navigate("mailbox", address=address)
        st.button("Refresh", icon=":material/refresh:", type="tertiary", key="drawer_refresh", on_click=_read_again)
        if mailboxes.read_at is not None:
            st.caption(list_ages.read_ago(mailboxes.read_at, services.current().clock.now()))


def _read_again() -> None:
    st.session_state["drawer_read"] = True


def _there(found: pd.DataFrame, domain: str) -> None:
    """Show a mailbox that is in the list."""
    box = found.iloc[0]
    card.show_use(box)
    card.show_state(box, place="drawer")
    caller = layout.caller()
    offered = (*change_dialogs.actions(found), change_dialogs.later_deletion(found))
    may = {each.name: each for each in offered if each and caller.may(each.needs, domain)}
    _actions(may)
    card.show_stored(box, may)
    trend.show(box, place="drawer")
    of_mailbox.show(str(box["address"]), "drawer")
    card.show_resets(str(box["address"]), place="drawer")
    st.header("Mail app settings", anchor=False)
    client_setup.show_message(str(box["address"]))


def _actions(may: Mapping[str, change_dialogs.Action]) -> None:
    """Show what the caller may do; a click shows its dialog inside the drawer."""
    others, asked = dict(may), None
    with st.container(horizontal=True, key="drawer-actions"):
        for name in _FIRST:
            each = others.pop(name, None)
            if each and st.button(
                each.title, icon=each.icon, key=f"drawer_{each.name}", help=each.description,
                type="primary" if name == "link" else "secondary",
            ):  # fmt: skip
                asked = each
        if others:
            labels = {name: each.title for name, each in others.items()}
            chosen = st.menu_button("More", list(others), key="drawer_menu", format_func=lambda name: labels[name])
            asked = others.get(chosen or "") or asked
    if asked:
        change_dialogs.forget()
        asked.ask()
