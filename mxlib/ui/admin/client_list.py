"""Import of a list of clients: a file, a table of what it does, and the button that does it."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core import client_lists
from mxlib.core.client_lists import ListVerdict, PlannedClient
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import ReadOptions
from mxlib.core.format import count
from mxlib.services.clients import ClientChanged
from mxlib.ui.app import layout, uploads
from mxlib.ui.imports.upload import ENDINGS
from mxlib.ui.widgets import dialogs, flash, links
from mxlib.ui.widgets.format import escaped

#: The list that was read, with what it does, and the file that it was read from.
_HELD, _READ = "client-list", "client-list-read"
_REFUSED = "client-list-refused"
_VERDICTS = {
    ListVerdict.ERROR: "Error",
    ListVerdict.NEW: "New",
    ListVerdict.CHANGED: "Changed",
    ListVerdict.UNCHANGED: "Unchanged",
}
_MOST_ROWS, _ROW = 10, 35


def _forget() -> None:
    for key in (_HELD, _READ, _REFUSED):
        st.session_state.pop(key, None)


@dialogs.dialog("Import a list of clients", width="large", icon=":material/upload_file:", forget=_forget)
def ask() -> None:
    """Ask for a file, and show what its import does before it does it."""
    app = services.current()
    upload = st.file_uploader(
        "A list of clients", type=ENDINGS, max_upload_size=app.settings.max_file_mb, key="client-list-file"
    )
    st.caption(
        f"The first line names the columns: {', '.join(client_lists.COLUMNS)}. Only the first two are needed. "
        "A client may have several domains in a cell, or a line for each. A blank cell leaves what is there."
    )
    if upload is not None and upload.file_id != st.session_state.get(_READ):
        st.session_state.pop(_HELD, None)
        st.session_state[_READ] = upload.file_id
        try:
            with st.spinner(f"Reading {escaped(upload.name)}…", show_time=True):
                sheet = app.files.sheet(upload.getvalue(), upload.name, ReadOptions(header_line=0))
                found = client_lists.read(sheet)
        except FileRefused as refusal:
            st.error(escaped(str(refusal)), icon=":material/block:")
            return
        finally:
            uploads.let_go(upload)
        st.session_state[_HELD] = (found, app.clients.plan_list(layout.caller(), found))
    if _HELD in st.session_state:
        _show()


def _show() -> None:
    app = services.current()
    found, planned = st.session_state[_HELD]
    if refused := st.session_state.pop(_REFUSED, ""):
        st.warning(escaped(refused), icon=":material/sync_problem:")
    ready = sum(each.is_ready for each in planned)
    by_verdict = {verdict: sum(each.verdict is verdict for each in planned) for verdict in _VERDICTS}
    figures = [f"{number:,} {_VERDICTS[verdict].lower()}" for verdict, number in by_verdict.items() if number]
    st.markdown(f"**{count(len(planned), 'client')}**: {', '.join(figures)}.")
    order = list(_VERDICTS)
    rows = [_row(each) for each in sorted(planned, key=lambda each: order.index(each.verdict))]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=min(len(rows), _MOST_ROWS) * _ROW + _ROW + 3,
        key="client-list-table",
        alt="Clients of the list, and what the import does with each",
        column_config={
            "What": st.column_config.TextColumn(width=330),
            "Domains": st.column_config.TextColumn(width=180),
        },
    )
    if by_verdict[ListVerdict.ERROR]:
        st.caption("Clients with an error are left out. Correct the file, and choose it again to include them.")
    label = f"Import {count(ready, 'client')}" if ready else "Nothing to import"
    if not st.button(label, type="primary", icon=":material/check:", key="import-clients", disabled=not ready):
        return
    try:
        number = app.clients.import_list(layout.caller(), found, planned)
    except ClientChanged as refusal:
        st.session_state[_HELD] = (found, app.clients.plan_list(layout.caller(), found))
        st.session_state[_REFUSED] = str(refusal)
        dialogs.redraw()
    flash.set_next(f"{count(number, 'client')} imported.")
    dialogs.leave()


#: Lines and sentences of one client in the table.
_MOST = 10


def _row(client: PlannedClient) -> dict[str, str]:
    return {
        "Lines": ", ".join(map(str, client.lines[:_MOST])) + ", …" * (len(client.lines) > _MOST),
        "Client": client.name,
        "Verdict": _VERDICTS[client.verdict],
        "What": " ".join(client.sentences[:_MOST]) + " …" * (len(client.sentences) > _MOST),
        "Domains": ", ".join(client.details.domains) if client.details else "",
    }


def downloads() -> None:
    """Show the links to the list of all clients."""
    links.download("Download as CSV", "/export/clients.csv", key="clients-csv")
    links.download("Download as Excel", "/export/clients.xlsx", key="clients-xlsx")
