"""The dialog to disable a user, with what happens to their tokens and unfinished runs."""

import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.services import changes
from mxlib.services.access import REFUSALS, TokenRecord
from mxlib.ui.admin import departure, permissions
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs
from mxlib.ui.widgets.format import escaped


def begin(number: int, name: str) -> None:
    """Open the dialog."""
    departure.forget()
    ask(number, name)


@dialogs.dialog("Disable a person", width="large", icon=":material/block:", forget=departure.forget)
def ask(number: int, name: str) -> None:
    """Ask in a dialog."""
    show(number, name)


def show(number: int, name: str) -> None:
    """Ask what becomes of tokens and unfinished runs, and disable the user.

    The passwords that they could have read follow in a dialog of their own.
    """
    app, caller = services.current(), layout.caller()
    try:
        tokens, admins = app.access.tokens_of(caller, number), app.access.admins(caller, besides=number)
        left = departure.of(number)
        st.markdown(
            f"**{escaped(name)}** is signed out everywhere and cannot sign in again."
            + (f" They answer for {count(len(tokens), 'token')}:" if tokens else "")
        )
        keep = [token.id for token in tokens if st.checkbox(_label(token), key=f"keep-token-{token.id}")]
        if tokens:
            st.caption("Ticked tokens are handed over. All others are revoked, and enabling the user brings none back.")
        to = st.selectbox("Admin who answers for them from now on", admins, key="keep-to") if keep else ""
        successor, end = departure.ask_about(number, left.unfinished)
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    departure.show_dated(left.dated)
    departure.show_passwords(left.passwords)
    if left.passwords.unchanged:
        st.caption("The next step offers to reset them.")
    revoked = len(tokens) - len(keep)
    label = f"Disable, and revoke {count(revoked, 'token')}" if revoked else "Disable"
    if not st.button(label, type="primary", icon=":material/block:", key="disable-now"):
        return
    try:
        app.departures.disable(caller, number, hand_over=keep, to=to or "", successor=successor, end=end)
    except (*REFUSALS, *changes.REFUSALS) as refusal:
        st.error(escaped(str(refusal)))
        return
    departure.forget()
    if left.passwords.unchanged or left.passwords.open_runs:
        departure.passwords(number, name)
        st.rerun()
    dialogs.leave()


def _label(token: TokenRecord) -> str:
    may = permissions.describe(token.admin, token.permissions)
    return f"Hand over {escaped(f'{token.name} (token {token.id})')}: {escaped(may)}"
