"""Taking a file in: what it may be, what was made of it, and why it was refused."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.files import clipboard
from mxlib.core.files.reader import FileRefused
from mxlib.core.schema import SCHEMA
from mxlib.ui.app import layout, uploads
from mxlib.ui.imports import editor, mapping, notes
from mxlib.ui.imports.editor import OpenDraft
from mxlib.ui.imports.mapping_state import Upload
from mxlib.ui.widgets import actions, links, permissions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_SHOWN = "intake-shown"
ENDINGS = ["csv", "txt", "tsv", "xlsx"]
_PASTE_HEIGHT = 100
_CHOOSE = "Choose a file of up to {most} MB or paste rows first."
_KEEP_ONE = "Here are a file and pasted rows. Remove one of them."
_TABLE = "| Column | Needed | Meaning |\n|---|---|---|\n" + "\n".join(
    f"| `{column.name}` | {'yes' if column.is_required else 'no'} | {column.help} |" for column in SCHEMA
)


def shown() -> bool:
    """Return whether this tab has drawn the form, so that it may hold input."""
    return bool(st.session_state.get(_SHOWN))


def show(domain: str) -> None:
    """Show the upload, its options, and a description of a good file."""
    st.session_state[_SHOWN] = True
    app = services.current()
    settings = app.settings
    with st.container(border=True):
        file, paste = st.columns([3, 2], gap="large")
        upload = file.file_uploader(
            f"Mailboxes to import{' into ' + escaped(domain) if domain else ''}: .csv, .txt, .tsv or .xlsx, "
            f"up to {settings.max_file_mb} MB and {settings.max_rows:,} rows",
            type=ENDINGS,
            max_upload_size=settings.max_file_mb,
            key="upload",
        )
        text = paste.text_area(
            "Or paste rows from a spreadsheet, or a list of addresses", height=_PASTE_HEIGHT, key="pasted"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            generate = st.checkbox(
                "Generate secure passwords", value=True, key="generate_first", help="For rows without a password."
            )
            links.download("Download template", "/template.csv", key="template")
        asked = st.button("Preview import", type="primary", icon=":material/table_view:", key="preview_import")
        answer = st.container()
    _explain()
    if not asked:
        return
    if not app.lists.may_anywhere(layout.caller(), Permission.IMPORT, unread=True):
        actions.say(permissions.NO_IMPORT)
        return
    if (upload is None) == (not text.strip()):
        message = _KEEP_ONE if upload else _CHOOSE.format(most=settings.max_file_mb)
        answer.warning(message, icon=":material/upload_file:")
        return
    name = upload.name if upload else clipboard.NAME
    try:
        content = Upload(upload.getvalue() if upload else app.files.pasted(text), name, generate)
        with answer, st.spinner(f"Reading {escaped(name)} and comparing it with MXroute…", show_time=True):
            mapping.take_in(content, domain)
        uploads.let_go(upload)
    except FileRefused as refusal:
        answer.error(escaped(str(refusal)), icon=":material/block:")
        return
    st.rerun()


def show_file(held: OpenDraft, active: str) -> None:
    """Show the file in preview, how it was read, and its default domain. A button leads to another file."""
    current = held.editor
    reading, domain = current.file, current.domain
    name = (
        f"**{escaped(reading.sheet.name)}** · {escaped(reading.sheet.options.describe())}"
        if reading
        else "**Rows by hand**"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{name} · rows without a domain go to **{escaped(domain or 'none')}**", width="stretch")
        if active != domain:
            move = editor.change(current, current.use_domain, active)
            st.button(f"Use {escaped(active)} instead", icon=":material/domain:", key="move", on_click=move)
        mapping.offer(held)
        st.button("Choose another file", icon=":material/close:", key="discard", on_click=act(editor.discard))
    notes.show(reading.notes if reading else ())


def _explain() -> None:
    settings = services.current().settings
    with st.expander("What a file should look like", icon=":material/help:", expanded=True):
        st.markdown(_TABLE.format(quota=settings.new_quota or "unlimited", limit=settings.new_limit))
        st.caption(
            "Recovery emails are kept in MXM's own database, for the day people may reset their password themselves. "
            "An export of MXM has these very columns: edit it in a spreadsheet and import it again."
        )
