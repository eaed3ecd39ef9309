"""Exports: of the mailboxes in view, and of all domains.

The lists of all domains are read in view of the operator, and what the file lacks is said before.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mxlib import services
from mxlib.auth.permissions import Forbidden
from mxlib.services.failures import ListUnavailable
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs, links, permissions, progress
from mxlib.ui.widgets.format import escaped


def offer_view(shown: pd.DataFrame, domains: Sequence[str], others: DeltaGenerator | None, *, whole: bool) -> None:
    """Link to files of the mailboxes in view that the caller may export.

    `others` is the place in the menu for all but the CSV. `whole`: they are all mailboxes of the domains.
    """
    caller = layout.caller()
    mine = shown.loc[shown["domain"].isin([name for name in domains if permissions.exports(caller, name)])]
    if len(domains) == 1 and permissions.exports(caller, domains[0]) and whole:
        way = f"/export/{domains[0]}"
    elif mine.empty:
        return
    else:
        way = f"/export/selection/{services.current().exports.keep_selection(caller, mine['address'].tolist())}"
    links.download("Export CSV", f"{way}.csv", key="export-csv")
    if others is None:
        return
    with others:
        links.download("Excel, to import again", f"{way}.xlsx", key="export-xlsx")
        if not mine.empty:
            number = services.current().exports.keep_selection(caller, mine["address"].tolist())
            links.download(
                "Excel list with names, use and quota", f"/export/selection/{number}.usage.xlsx", key="export-usage"
            )


def offer() -> DeltaGenerator:
    """Show the menu of other exports; return its place for those of the view."""
    with st.popover("More exports", icon=":material/download:", key="export-menu"):
        st.caption("Mailboxes in view")
        others = st.container()
        st.caption("All mailboxes of all domains")
        if st.button("Export all domains…", icon=":material/folder_zip:", key="export-all"):
            _show()
    return others


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
