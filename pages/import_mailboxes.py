"""Page from a file to a run: choose it, fix its rows, confirm."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.ui.app import layout
from mxlib.ui.imports import default_domain, drafts, editor, mapping, preview, upload
from mxlib.ui.widgets import permissions
from mxlib.ui.widgets.actions import act

step, current = mapping.held(), editor.current()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Import mailboxes", anchor=False, width="content" if current else "stretch")
    if current and step is None and drafts.may_see(current):
        upload.show_file(current)
    elif st.button("Email accounts", icon=":material/arrow_back:", type="tertiary", key="to_accounts"):
        layout.navigate("email_accounts", **({"domain": at} if (at := st.query_params.get("domain")) else {}))

imports = services.current().lists.may_anywhere(layout.caller(), Permission.IMPORT, unread=True)
# Always present, so that everything below stays as it is when a sentence appears or disappears.
with st.container(gap=None):
    if not imports:
        permissions.say(permissions.NO_IMPORT)
    elif step is None and current is None:
        drafts.offer()
        default_domain.say_what_lacks()
if not imports and (step or current or not upload.shown()):
    if current:
        editor.receive(current.editor)
    layout.stop()
if step:
    mapping.show(step, default_domain.ask(step.domain))
    layout.stop()
if current is None:
    upload.show()
    layout.stop()

if not drafts.may_see(current):
    editor.receive(current.editor)
    permissions.say(permissions.NO_DRAFT)
    st.button("Choose another file", icon=":material/close:", key="discard", on_click=act(drafts.leave))
    layout.stop()
upload.show_notes(current)
preview.show(current)
