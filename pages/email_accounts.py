"""Page of the mailboxes of all domains, with filters, imports and exports."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.text import list_ages
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import export_all, filters, new_mailbox, reading, saved_views, table, unconfirmed
from mxlib.ui.widgets import dialogs, flash, permissions

caller = layout.caller()
names = services.current().lists.domains(caller).names
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Email accounts", anchor=False, width="content")
    views = st.container(width="stretch")
    actions = st.container(horizontal=True, width="content")
if not names:
    table.show_no_domain(caller)
    layout.stop()

flash.show()
chosen, domains = filters.choose(names)
with views:
    saved_views.offer(chosen)
with actions:
    may_import = [name for name in domains if caller.may(Permission.IMPORT, name)]
    new = may_import and st.button("New mailbox", icon=":material/person_add:", key="new", shortcut="N")
    if new and not dialogs.is_open():
        new_mailbox.ask(may_import)
    export_view = st.container(horizontal=True, width="content")
    exports = export_all.offer() if permissions.exports_anything(caller, names) else None
    to_import = may_import and st.button(
        "Import CSV", type="primary", icon=":material/upload_file:", key="to_import", shortcut="I"
    )
    if to_import and not dialogs.is_open():
        layout.navigate("import_mailboxes", **({"domain": domains[0]} if len(domains) == 1 else {}))
unconfirmed.show_all(domains)
viewed = tuple(name for name in domains if caller.may(Permission.VIEW, name))
if not viewed:
    filters.write(chosen)
    if domains:
        permissions.lacks(caller, Permission.VIEW, domains[0])
    else:
        st.info("No domain matches these filters.", icon=":material/search_off:")
    layout.stop()
# Below the table, where neither is in the way of it and nothing moves it.
listing = st.container()
with st.container(key="list-footer", gap="xxsmall"):
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        line = st.empty()
        refresh = st.button("Refresh", icon=":material/refresh:", type="tertiary", key="refresh")
    selected = st.container()
with listing:
    oldest = reading.read(viewed, refresh=refresh)
mailboxes = services.current().lists.in_all(caller, viewed)
if oldest is None:
    filters.write(chosen)
    layout.stop()
age = list_ages.read_ago(oldest, services.current().clock.now())
line.caption(f"{table.totals(mailboxes)} · {age}", width="content")
with listing:
    chosen, shown = table.show_table(mailboxes, chosen, viewed, selected)
filters.write(chosen)
with export_view:
    export_all.offer_view(shown, domains, exports, whole=len(shown) == len(mailboxes))
