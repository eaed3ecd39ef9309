"""The export of all domains: their lists are read in view of the operator, and what the file lacks is said before."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Forbidden
from mxlib.services.failures import ListUnavailable
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs, links, permissions, progress
from mxlib.ui.widgets.format import escaped


def offer_view(shown: pd.DataFrame, domains: Sequence[str], *, whole: bool) -> None:
    """Link to files of the mailboxes in view that the caller may export.

    `whole`: they are all mailboxes of the domains.
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
    links.download("Export Excel", f"{way}.xlsx", key="export-xlsx")
    if not mine.empty:
        number = services.current().exports.keep_selection(caller, mine["address"].tolist())
        links.download("With usage", f"/export/selection/{number}.usage.xlsx", key="export-usage")


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
