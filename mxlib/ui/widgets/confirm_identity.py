"""Ask people to confirm who they are, and then do what they asked for.

Nothing that was typed is lost.
"""

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from mxlib import services
from mxlib.auth.account_pages import confirm_address
from mxlib.auth.permissions import NotRecent
from mxlib.auth.sign_in_pages import CONFIRMED
from mxlib.services.access import WayToConfirm
from mxlib.ui.app import session
from mxlib.ui.widgets import actions, dialogs
from mxlib.ui.widgets.format import escaped

#: The act that was confirmed a moment ago, and why a confirmation was refused.
_CONFIRMED, _PROBLEM = "confirmed-act", "confirm-problem"
_PASSWORD, _CODE = "confirm-password", "confirm-code"


def carried_out(key: str, pressed: bool, do: Callable[[], object]) -> bool:
    """Do it in a dialog when its button was pressed; return whether it was done.

    When the person has to confirm first, the fields for that appear here, and after them it is done. `key` names the
    act.
    """
    if pressed or st.session_state.pop(_CONFIRMED, "") == key:
        st.session_state.pop(dialogs.ACT_TO_CONFIRM, None)
        try:
            do()
        except NotRecent:
            st.session_state[dialogs.ACT_TO_CONFIRM] = key
        else:
            return True
    if st.session_state.get(dialogs.ACT_TO_CONFIRM) == key:
        _fields(lambda: st.session_state.update({_CONFIRMED: key}))
    return False


def show_asked() -> None:
    """Open the dialog for a callback that could not be carried out before a confirmation."""
    if waiting := st.session_state.pop(actions.CALLBACK_TO_CONFIRM, None):
        with dialogs.hosting():
            _ask(*waiting)


@dialogs.dialog("Confirm who you are", width="small", icon=":material/verified_user:")
def _ask(do: Callable[..., object], given: tuple[Any, ...]) -> None:
    def go_on() -> None:
        dialogs.end()
        do(*given)

    _fields(go_on)


def _fields(go_on: Callable[[], object]) -> None:
    """Show the fields to fill in.

    `go_on` is called as a callback once they are right.
    """
    access, opened_in = services.current().access, session.known_as()
    way = access.way_to_confirm(opened_in)
    with st.container(border=True, key="confirm-identity"):
        st.markdown("**Confirm who you are**: this needs a sign-in within the last 15 minutes.")
        if way is WayToConfirm.PROVIDER:
            st.html(
                f'<a class="mxm-download" href="{escape(confirm_address(CONFIRMED))}" target="_blank">'
                "Sign in at the provider once more</a>"
            )
            st.button("Go on", type="primary", key="confirm-go", on_click=actions.act(go_on))
            return
        with st.form("confirm", border=False):
            st.text_input("Your password", type="password", key=_PASSWORD, autocomplete="current-password")
            if way is WayToConfirm.CODE:
                label = "Code from your authenticator app, or a recovery code"
                st.text_input(label, key=_CODE, autocomplete="one-time-code")
            actions.notice(st.session_state.pop(_PROBLEM, ""))
            st.form_submit_button(
                "Confirm and go on", type="primary", key="confirm-go", on_click=actions.act(_confirm, go_on)
            )


def _confirm(go_on: Callable[[], object]) -> None:
    access, caller = services.current().access, session.caller()
    password, code = (str(st.session_state.get(key, "")) for key in (_PASSWORD, _CODE))
    try:
        access.confirm(caller, session.known_as(), password, code)
    except actions.REFUSALS as refusal:
        st.session_state[_PROBLEM] = escaped(str(refusal))
        return
    for key in (_PASSWORD, _CODE):
        st.session_state.pop(key, None)
    go_on()
