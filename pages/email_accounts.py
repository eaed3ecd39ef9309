"""Page of all mailboxes of a domain, with imports and exports."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import list_ages
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import export_all, new_mailbox, table, unconfirmed
from mxlib.ui.widgets import domain_field, flash, links, permissions
from mxlib.ui.widgets.format import escaped

caller = layout.caller()
with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Email accounts", anchor=False, width="stretch")
    domain = domain_field.choose(
        "Domain", services.current().lists.domains(caller).names, key="domain", width=320, help="Kept in the address."
    )
if not domain:
    table.show_no_domain(caller)
    layout.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    if caller.may(Permission.IMPORT, domain):
        if st.button("Import CSV", type="primary", icon=":material/upload_file:", key="to_import"):
            layout.navigate("import_mailboxes", domain=domain)
        if st.button("New mailbox", icon=":material/person_add:", key="new"):
            new_mailbox.forget()
            new_mailbox.ask(domain)
    if permissions.exports(caller, domain):
        links.download("Export CSV", f"/export/{domain}.csv", key="export-csv")
        links.download("Export Excel", f"/export/{domain}.xlsx", key="export-xlsx")
    if permissions.exports_anything(caller, services.current().lists.domains(caller).names):
        export_all.offer()
    may_view = caller.may(Permission.VIEW, domain)
    refresh = may_view and st.button("Refresh", icon=":material/refresh:", key="refresh")
    age = st.empty()

flash.show()
unconfirmed.show(domain)
if permissions.lacks(caller, Permission.VIEW, domain):
    layout.stop()
with st.spinner(f"Reading the mailboxes of {escaped(domain)} from MXroute…", show_time=True):
    mailboxes = services.current().lists.mailboxes(caller, domain, refresh=refresh)
if mailboxes.problem:
    st.warning(escaped(mailboxes.problem), icon=":material/cloud_off:")
if mailboxes.read_at is None:
    layout.stop()
age.caption(list_ages.read_ago(mailboxes.read_at, services.current().clock.now()))
table.show_totals(mailboxes.frame)
table.show_table(mailboxes.frame, domain)
