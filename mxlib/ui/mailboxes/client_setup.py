"""Mail app settings: what a person types into a mail program, each value with a copy button."""

import streamlit as st

from mxlib import services
from mxlib.core import client_setup
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs


def show(address: str, password: str = "") -> None:
    """Show server, user name and ports, and the message for the owner."""
    server = services.current().settings.server
    # A dialog with a password may lie over a card that shows the setup, too.
    with st.container(key="client-setup-password" if password else "client-setup"):
        name, host = st.columns([3, 2])
        with name:
            _value("User name", address)
        with host:
            _value("Server", server)
        for column, each in zip(st.columns(3), client_setup.SERVICES, strict=True):
            with column:
                _value(f"{each.name} port ({client_setup.SECURITY})", str(each.port))
                st.caption(each.use)
        label = "Message for the owner, with the password" if password else "Message for the owner"
        with st.expander(label, icon=":material/forward_to_inbox:", expanded=bool(password)):
            st.code(_message(address, password), language=None, wrap_lines=True)


def show_message(address: str, password: str = "") -> None:
    """Show the whole message for the owner, with one button that copies it."""
    show_text(_message(address, password))


def show_text(text: str) -> None:
    """Show a message with one button that copies it."""
    with st.container(key="message"):
        st.code(text, language=None, wrap_lines=True)


@dialogs.dialog("Mail app settings", width="medium", icon=":material/devices:")
def ask(address: str) -> None:
    """Show the settings in a dialog."""
    show(address)


def _message(address: str, password: str) -> str:
    return services.current().handover_texts.message(layout.caller(), address, password=password)


def _value(label: str, value: str) -> None:
    st.caption(label)
    st.code(value, language=None, wrap_lines=True)
