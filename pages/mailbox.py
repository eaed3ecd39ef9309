"""One mailbox: its figures, its past, and what can be done to it."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import messages as words
from mxlib.ui.app import layout as frame
from mxlib.ui.mailboxes import card as mailbox_card
from mxlib.ui.mailboxes import unconfirmed
from mxlib.ui.widgets import flash as told
from mxlib.ui.widgets import permissions as allowed
from mxlib.ui.widgets.format import escaped

domain = frame.domain()
address = st.query_params.get("address", "").strip().lower()
username, _, of = address.rpartition("@")
if not username or of != domain:
    frame.go("email_accounts")

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(escaped(address), anchor=False, width="stretch")
    may_view = frame.caller().may(Permission.VIEW, domain)
    refresh = may_view and st.button("Refresh", icon=":material/refresh:", key="refresh")
    if st.button("Email accounts", icon=":material/arrow_back:", type="tertiary", key="to_accounts"):
        frame.go("email_accounts")
told.show()
unconfirmed.show(domain, username)
if allowed.lacks(frame.caller(), Permission.VIEW, domain):
    frame.stop()
with st.spinner(f"Reading the mailboxes of {escaped(domain)} from MXroute…", show_time=True):
    mailboxes = services.current().lists.mailboxes(frame.caller(), domain, refresh=refresh)
if mailboxes.problem:
    st.warning(escaped(mailboxes.problem), icon=":material/cloud_off:")
st.caption(words.read_ago(mailboxes.read_at, services.current().clock.now()))

found = mailboxes.frame.loc[mailboxes.frame["address"] == address]
if found.empty:
    mailbox_card.show_gone(address, domain, mailboxes.problem)
else:
    mailbox_card.show(found.iloc[0])
mailbox_card.show_past(domain, username, there=not found.empty)
