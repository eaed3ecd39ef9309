"""All mailboxes of the active domain, and the ways in and out of it."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import messages as words
from mxlib.ui.app import layout as frame
from mxlib.ui.mailboxes import export_all, new_mailbox, unconfirmed
from mxlib.ui.mailboxes import table as accounts
from mxlib.ui.widgets import flash as told
from mxlib.ui.widgets import links
from mxlib.ui.widgets import permissions as allowed
from mxlib.ui.widgets.format import escaped

domain, caller = frame.domain(), frame.caller()
with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Email accounts", anchor=False, width="stretch")
if not domain:
    accounts.show_no_domain(caller)
    frame.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    if caller.may(Permission.IMPORT, domain):
        if st.button("Import CSV", type="primary", icon=":material/upload_file:", key="to_import"):
            frame.go("import_mailboxes")
        if st.button("New mailbox", icon=":material/person_add:", key="new"):
            new_mailbox.forget()
            new_mailbox.ask(domain)
    if allowed.exports(caller, domain):
        links.download("Export CSV", f"/export/{domain}.csv", key="export-csv")
        links.download("Export Excel", f"/export/{domain}.xlsx", key="export-xlsx")
    if allowed.exports_anything(caller, services.current().lists.domains(caller).names):
        export_all.offer()
    may_view = caller.may(Permission.VIEW, domain)
    refresh = may_view and st.button("Refresh", icon=":material/refresh:", key="refresh")
    age = st.empty()

told.show()
unconfirmed.show(domain)
if allowed.lacks(caller, Permission.VIEW, domain):
    frame.stop()
with st.spinner(f"Reading the mailboxes of {escaped(domain)} from MXroute…", show_time=True):
    mailboxes = services.current().lists.mailboxes(caller, domain, refresh=refresh)
if mailboxes.problem:
    st.warning(escaped(mailboxes.problem), icon=":material/cloud_off:")
if mailboxes.read_at is None:
    frame.stop()
age.caption(words.read_ago(mailboxes.read_at, services.current().clock.now()))
accounts.show_totals(mailboxes.frame)
accounts.show_table(mailboxes.frame, domain)
