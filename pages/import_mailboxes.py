"""From a file to a run: choose it, mend its rows, confirm."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.ui.app import layout as frame
from mxlib.ui.imports import confirm, drafts, mapping, problems
from mxlib.ui.imports import editor as preview
from mxlib.ui.imports import file_changes as changes
from mxlib.ui.imports import grid as preview_table
from mxlib.ui.imports import upload as intake
from mxlib.ui.widgets import permissions as allowed
from mxlib.ui.widgets.actions import act

domain = frame.domain()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Import mailboxes", anchor=False, width="stretch")
    if st.button("Email accounts", icon=":material/arrow_back:", type="tertiary", key="to_accounts"):
        frame.go("email_accounts")

step, current = mapping.held(), preview.held()
imports = services.current().lists.may_anywhere(frame.caller(), Permission.IMPORT, unread=True)
with st.container(gap=None):  # always there: what stands below stays as it is when a sentence comes or goes
    if not imports:
        allowed.say(allowed.NO_IMPORT)
    elif step is None and current is None:
        drafts.offer()
        allowed.lacks(frame.caller(), Permission.IMPORT, domain)
if not imports and (step or current or not intake.shown()):
    if current:
        preview.hold(current)
    frame.stop()
if step:
    mapping.show(step, domain)
    frame.stop()
if current is None:
    intake.show(domain)
    frame.stop()

if not drafts.may_see(current):
    preview.hold(current)
    allowed.say(allowed.NO_DRAFT)
    st.button("Choose another file", icon=":material/close:", key="discard", on_click=act(drafts.leave))
    frame.stop()
intake.show_taken(current, domain)
judged = preview_table.show(current)
problems.show(current, judged)
changes.show(current)
confirm.show(current, judged)
