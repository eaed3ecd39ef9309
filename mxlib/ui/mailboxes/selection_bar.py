"""The actions on selected mailboxes: one line below the table, where it never moves the table."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Caller, Permission
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import change_dialogs, client_setup, selection
from mxlib.ui.widgets import actions, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import megabytes


def show(boxes: pd.DataFrame, domains: Sequence[str]) -> None:
    """Show how many are selected, how much mail they hold, and the permitted actions."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="selection"):
        if boxes.empty:
            st.caption(_hint(layout.caller(), domains))
            return
        st.markdown(f"**{len(boxes):,} selected**, {megabytes(boxes['usage'].sum())}", width="content")
        buttons(boxes)
        if _may(Permission.EXPORT, boxes):
            number = services.current().exports.keep_selection(layout.caller(), boxes["address"].tolist())
            with st.popover("Export", icon=":material/download:", key="do_export"):
                links.download("As CSV", f"/export/selection/{number}.csv", key="selection-csv")
                links.download("As Excel", f"/export/selection/{number}.xlsx", key="selection-xlsx")
        st.button("Clear", type="tertiary", key="select_none", on_click=act(_clear))


def _clear() -> None:
    """Deselect all. The table shows it, so the whole page is drawn."""
    selection.put(())
    st.rerun()


def _hint(caller: Caller, domains: Sequence[str]) -> str:
    """Say what ticking is good for, for this caller."""
    may = (Permission.SUPPORT, "edit"), (Permission.EXPORT, "export"), (Permission.DELETE, "delete")
    *verbs, last = [verb for right, verb in may if any(caller.may(right, domain) for domain in domains)] or [""]
    if not last:
        return "Select a mailbox to open it, or for its mail app settings."
    return f"Select mailboxes to {', '.join(verbs)}{' or ' if verbs else ''}{last} them."


def _may(right: Permission, boxes: pd.DataFrame) -> bool:
    """Return whether the caller has a permission in every domain of these mailboxes."""
    caller = layout.caller()
    return all(caller.may(right, domain) for domain in boxes["domain"].unique())


def buttons(boxes: pd.DataFrame) -> None:
    """Show the actions that are permitted on all of these mailboxes."""
    if len(boxes) == 1:
        address = str(boxes.iloc[0]["address"])
        if st.button("Open", icon=":material/open_in_full:", key="do_open", help="Figures, history and all actions."):
            layout.navigate("mailbox", address=address)
        if st.button(
            "Setup", icon=":material/devices:", key="do_setup", help="Mail app settings: what goes into a mail program."
        ):
            client_setup.ask(address)
            _draw_dialog()
    for action in change_dialogs.actions(boxes):
        if _may(action.needs, boxes) and st.button(
            action.label, icon=action.icon, key=f"do_{action.name}", help=action.description
        ):
            change_dialogs.forget()
            action.ask()
            _draw_dialog()


def _draw_dialog() -> None:
    """Draw the whole page, which draws the dialog that was opened."""
    if actions.draws_a_part():
        st.rerun()
