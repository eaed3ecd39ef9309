"""Page of one mailbox: its figures, its history, and its actions."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import list_ages
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import card, unconfirmed
from mxlib.ui.widgets import flash, permissions
from mxlib.ui.widgets.format import escaped

address = st.query_params.get("address", "").strip().lower()
username, _, domain = address.rpartition("@")
if not username or not domain:
    layout.navigate("email_accounts")

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(escaped(address), anchor=False, width="stretch")
    may_view = layout.caller().may(Permission.VIEW, domain)
    refresh = may_view and st.button("Refresh", icon=":material/refresh:", key="refresh")
    if st.button("Email accounts", icon=":material/arrow_back:", type="tertiary", key="to_accounts"):
        layout.navigate("email_accounts", domain=domain)
flash.show()
unconfirmed.show(domain, username)
if permissions.lacks(layout.caller(), Permission.VIEW, domain):
    layout.stop()
if domain not in services.current().lists.domains(layout.caller()).names:
    card.show_gone(address, domain, card.NO_DOMAIN)
    layout.stop()
with st.spinner(f"Reading the mailboxes of {escaped(domain)} from MXroute…", show_time=True):
    mailboxes = services.current().lists.mailboxes(layout.caller(), domain, refresh=refresh)
if mailboxes.problem:
    st.warning(escaped(mailboxes.problem), icon=":material/cloud_off:")
st.caption(list_ages.read_ago(mailboxes.read_at, services.current().clock.now()))

found = mailboxes.frame.loc[mailboxes.frame["address"] == address]
if found.empty:
    card.show_gone(address, domain, mailboxes.problem)
else:
    card.show(found)
card.show_past(domain, username, there=not found.empty)
