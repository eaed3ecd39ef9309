"""The upload of a file: what it may be, how it was read, and why it was refused."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.editing.editor import Editor
from mxlib.core.files import clipboard
from mxlib.core.files.reader import FileRefused
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.notes import NoteCode
from mxlib.core.schema import SCHEMA
from mxlib.ui.app import layout, uploads
from mxlib.ui.imports import default_domain, editor, mapping, notes
from mxlib.ui.imports.editor import OpenDraft
from mxlib.ui.imports.mapping_state import Upload
from mxlib.ui.widgets import actions, links, permissions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_SHOWN = "intake-shown"
#: The file that was read last, and why it was refused.
_READ, _REFUSED = "intake-read", "intake-refused"
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


def show() -> None:
    """Show the upload, its options, and a description of a good file.

    A file is read as soon as it is there, pasted rows at the press of a button.
    """
    st.session_state[_SHOWN] = True
    settings = services.current().settings
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            domain = default_domain.ask()
            st.checkbox("Generate secure passwords", value=True, key="generate_first", help="For rows without one.")
        file, paste = st.columns([3, 2], gap="large")
        upload = file.file_uploader(
            "Upload a spreadsheet", type=ENDINGS, max_upload_size=settings.max_file_mb, key="upload"
        )
        file.caption(f"Up to {settings.max_rows:,} rows. It is read at once.")
        text = paste.text_area("Or paste from Excel or Outlook", height=_PASTE_HEIGHT, key="pasted")
        asked = paste.button("Read pasted rows", icon=":material/content_paste:", key="preview_import")
        answer = st.container()
    _explain()
    with answer:
        if asked or (upload is not None and upload.file_id != st.session_state.get(_READ)):
            _read(upload, text, domain)
        elif upload is not None and (refused := st.session_state.get(_REFUSED)):
            st.error(escaped(refused), icon=":material/block:")


def _read(upload: UploadedFile | None, text: str, domain: str) -> None:
    """Read the file or the pasted rows, and go on to what is found."""
    app = services.current()
    settings = app.settings
    if not app.lists.may_anywhere(layout.caller(), Permission.IMPORT, unread=True):
        actions.say(permissions.NO_IMPORT)
        return
    if (upload is None) == (not text.strip()):
        message = _KEEP_ONE if upload else _CHOOSE.format(most=settings.max_file_mb)
        st.warning(message, icon=":material/upload_file:")
        return
    name = upload.name if upload else clipboard.NAME
    try:
        data = upload.getvalue() if upload else app.files.pasted(text)
        with st.spinner(f"Reading {escaped(name)} and checking it with MXroute…", show_time=True):
            mapping.take_in(Upload(data, name, bool(st.session_state["generate_first"])), domain)
        uploads.let_go(upload)
    except FileRefused as refusal:
        st.session_state[_READ], st.session_state[_REFUSED] = upload and upload.file_id, str(refusal)
        st.error(escaped(str(refusal)), icon=":material/block:")
        return
    st.session_state[_READ], st.session_state[_REFUSED] = upload and upload.file_id, ""
    st.rerun()


def show_file(held: OpenDraft) -> None:
    """Show the file in preview, how it was read, and its default domain. A button leads to another file.

    It takes part of a line; `notes.show` belongs below.
    """
    current = held.editor
    reading = current.file
    name = f"**{escaped(reading.sheet.name)}**" if reading else "**Rows added manually**"
    how = f"Read as {escaped(reading.sheet.options.describe())}." if reading else None
    st.markdown(name, width="stretch", help=how)
    default_domain.show(current)
    mapping.offer(held)
    st.button("Choose another file", icon=":material/close:", key="discard", on_click=act(editor.discard))


def show_notes(held: OpenDraft) -> None:
    """Show what is worth knowing of how the file was read."""
    current = held.editor
    if current.file is None:
        return
    notes.show(current.file.notes)
    if any(note.code is NoteCode.PRIVATE_ADDRESSES for note in current.file.notes):
        use = editor.change(current, _use_private, current, current.file)
        st.button("Use them as recovery emails", icon=":material/contact_mail:", key="use_private", on_click=use)


def _use_private(current: Editor, file: ReadFile) -> None:
    addresses = services.current().files.private_addresses(file)
    current.commit(lambda draft: draft.with_recovery_emails(addresses))


def _explain() -> None:
    settings = services.current().settings
    with st.expander("File format", icon=":material/help:", expanded=True):
        st.markdown(_TABLE.format(quota=settings.new_quota or "unlimited", limit=settings.new_limit))
        st.caption(
            "Recovery emails are kept in MXM's own database: links to set or reset a password go there. "
            "An export of MXM has these very columns: edit it in a spreadsheet and import it again."
        )
        links.download("Download template", "/template.csv", key="template")
