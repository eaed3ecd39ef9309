"""The dialog to disable a user, which shows what happens to that user's tokens."""

import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.services.access import REFUSALS, TokenRecord
from mxlib.ui.admin import permissions
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs
from mxlib.ui.widgets.format import escaped


@dialogs.dialog("Disable a person", width="large", icon=":material/block:")
def ask(number: int, name: str) -> None:
    """Ask in a dialog."""
    show(number, name)


def show(number: int, name: str) -> None:
    """List the tokens with a tick each to hand them over, and disable the user."""
    access, caller = services.current().access, layout.caller()
    try:
        tokens, admins = access.tokens_of(caller, number), access.admins(caller, besides=number)
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    st.markdown(
        f"**{escaped(name)}** is signed out everywhere and cannot sign in again. Their runs continue."
        + (f" They answer for {count(len(tokens), 'token')}:" if tokens else "")
    )
    keep = [token.id for token in tokens if st.checkbox(_label(token), key=f"keep-token-{token.id}")]
    if tokens:
        st.caption("Ticked tokens are handed over. All others are revoked, and enabling the user brings none back.")
    to = st.selectbox("Admin who answers for them from now on", admins, key="keep-to") if keep else ""
    revoked = len(tokens) - len(keep)
    label = f"Disable, and revoke {count(revoked, 'token')}" if revoked else "Disable"
    if not st.button(label, type="primary", icon=":material/block:", key="disable-now"):
        return
    try:
        access.disable(caller, number, hand_over=keep, to=to or "")
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    dialogs.leave()


def _label(token: TokenRecord) -> str:
    may = permissions.describe(token.admin, token.permissions)
    return f"Hand over {escaped(f'{token.name} (token {token.id})')}: {escaped(may)}"
