"""The dialog that shows a link once, to be passed on by hand."""

import streamlit as st

from mxlib import services
from mxlib.core.text import links as texts
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions, confirm_identity, dialogs
from mxlib.ui.widgets.format import escaped

_LINK = "copied-link"


def _forget() -> None:
    st.session_state.pop(_LINK, None)


@dialogs.dialog(
    "Copy link", width="medium", icon=":material/content_copy:", forget=_forget,
    must_stay=lambda: _LINK in st.session_state,
)  # fmt: skip
def ask(number: int, address: str) -> None:
    """Say what a link can do, then show it until *Done* is pressed."""
    if link := st.session_state.get(_LINK):
        st.markdown(f"**{escaped(texts.COPIED.format(address=address))}**")
        with st.container(key="copied-link"):
            st.code(link, language=None, wrap_lines=True)
        if st.button("Done", type="primary", key="link_copied"):
            dialogs.leave()
        return
    st.markdown(escaped(texts.COPY_WARNING.format(address=address)))
    with st.container(horizontal=True):
        pressed = st.button("Show the link", type="primary", key="link_show")
        if st.button("Cancel", key="link_copy_cancel"):
            dialogs.leave()

    def show() -> None:
        st.session_state[_LINK] = services.current().sent_links.copy_link(layout.caller(), number)

    try:
        if confirm_identity.carried_out("copy-link", pressed, show):
            st.rerun()  # the whole page, so that the dialog stays
    except actions.REFUSALS as refusal:
        actions.say(refusal)
