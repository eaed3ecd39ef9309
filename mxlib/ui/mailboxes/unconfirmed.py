"""Changes by hand that got no response: what they did, and the passwords that they may have set."""

from collections.abc import Collection

import streamlit as st

from mxlib import services
from mxlib.core import format
from mxlib.core.plans import change_text
from mxlib.services.unconfirmed import Unconfirmed
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped

_SHOWN = "unconfirmed_shown"


def show(domain: str, username: str = "", *, place: str = "") -> None:
    """Show unconfirmed writes of the caller, in a domain or for one mailbox. An admin sees those of everyone.

    `place` keeps the buttons of a drawer apart from those of the page below it.
    """
    for write in services.current().unconfirmed.kept(layout.caller(), domain, username):
        with st.container(border=True, key=f"unconfirmed-{write.id}{place}"):
            _show(write, place)


def show_all(domains: Collection[str]) -> None:
    """Show the unconfirmed writes of the caller in these domains."""
    caller = layout.caller()
    for name in sorted({write.mailbox.rpartition("@")[2] for write in services.current().unconfirmed.every(caller)}):
        if name in domains:
            show(name)


def _show(write: Unconfirmed, place: str) -> None:
    app = services.current()
    at = format.moment(write.at, app.clock.now())
    text = change_text.unconfirmed(write.action.value, write.mailbox, write.who, at, write.outcome)
    st.warning(escaped(text), icon=":material/help:")
    if not write.has_password:
        return
    password = st.session_state.get(_SHOWN, {}).get(write.id)
    if password:
        st.code(password, language=None)
    with st.container(horizontal=True):
        show = not password and st.button("Show the password", key=f"unconfirmed_show_{write.id}{place}")
        forget = bool(write.outcome) and st.button("Forget it", key=f"unconfirmed_forget_{write.id}{place}")
    try:
        if show:
            found = app.unconfirmed.password(layout.caller(), write.id)
            st.session_state[_SHOWN] = {**st.session_state.get(_SHOWN, {}), write.id: found}
            st.rerun()
        if forget:
            app.unconfirmed.forget(layout.caller(), write.id)
            st.session_state.pop(_SHOWN, None)
            st.rerun()
    except (*actions.REFUSALS, services.DecryptionFailed) as refusal:
        st.error(escaped(str(refusal)), icon=":material/block:")
