"""The export of all domains: their lists are read in view of the operator, and what the file lacks is said before."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Forbidden
from mxlib.services.failures import ListUnavailable
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs, links, progress
from mxlib.ui.widgets.format import escaped


def offer() -> None:
    """Show the button."""
    if st.button("Export all domains", icon=":material/folder_zip:", key="export-all"):
        _show()


@dialogs.dialog("Export all domains", icon=":material/download:")
def _show() -> None:
    try:
        with progress.shown() as on_progress:
            found = services.current().exports.everything(layout.caller(), on_progress=on_progress)
    except (Forbidden, ListUnavailable) as refusal:
        st.error(escaped(str(refusal)), icon=":material/block:")
        return
    st.markdown(f"**{escaped(found.summary)}** in one file, in the columns of an import; passwords are blank.")
    for remark in found.lacks:
        st.warning(escaped(remark), icon=":material/rule:")
    with st.container(horizontal=True):
        links.download("Download CSV", "/export/all.csv", key="export-all-csv")
        links.download("Download Excel", "/export/all.xlsx", key="export-all-xlsx")
