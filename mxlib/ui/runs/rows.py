"""Every row of a run with its outcome: search, filter, and the way to its mailbox."""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.schema import STORED_HERE, VALUES
from mxlib.core.text import labels
from mxlib.runs.results import OLD
from mxlib.runs.run_view import RunView
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import mailbox_drawer
from mxlib.ui.widgets.actions import act

_NO_MATCH = "No row matches. Change the search or the filter."
_SEARCHED = ("address", "name", "recovery_email", "reason")


def show(view: RunView) -> None:
    """Show the rows of a run once they are unfolded."""
    with st.expander(
        f"All rows ({view.total:,})", icon=":material/table_rows:", key="rows-open", on_change="rerun"
    ) as unfolded:
        if not unfolded.open:
            return
        table = services.current().runs.rows(layout.caller(), view.id)
        found = _filtered(table)
        if found.empty:
            st.info(_NO_MATCH, icon=":material/search_off:")
            return
        _table(view, found)


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that match the search box and the chosen outcomes."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="rows-filter"):
        words = st.text_input(
            "Search", key="rows-search", placeholder="Address, name or reason", icon=":material/search:", width=320
        )
        figures = table["outcome"].value_counts()
        chosen = st.pills(
            "Outcome", sorted(figures.index), selection_mode="multi", key="outcomes",
            format_func=lambda outcome: f"{labels.outcome(outcome)} {figures[outcome]:,}",
        )  # fmt: skip
    found = table.loc[table["outcome"].isin(chosen)] if chosen else table
    texts = found[list(_SEARCHED)].astype("str").agg("\n".join, axis="columns").str.casefold()
    for word in words.casefold().split():
        texts = texts[texts.str.contains(word, regex=False)]
    return found.loc[texts.index]


def _table(view: RunView, found: pd.DataFrame) -> None:
    shown = found.drop(columns=[name for name in OLD if not found[name].replace("", pd.NA).notna().any()])
    addresses = found["address"].tolist()
    key = f"rows-{view.id}-{len(found)}-{addresses[0]}"

    def clicked() -> None:
        click = st.session_state.get(key)
        if click is not None and click.row < len(addresses):
            mailbox_drawer.open(addresses[click.row])

    numbers = {
        "quota": "Requested quota (MB)",
        "host_quota": "Actual quota (MB)",
        "limit": "Requested daily limit",
        "host_limit": "Actual daily limit",
        **{f"old_{column.name}": f"{column.title} before" for column in VALUES if column.is_number},
    }
    quotas = [name for name in numbers if name.endswith("quota") and name in shown]
    columns = {name: _figures(shown[name], unlimited=name in quotas) for name in numbers if name in shown}
    text = st.column_config.TextColumn
    st.dataframe(
        shown.assign(outcome=shown["outcome"].map(labels.outcome), **columns),
        hide_index=True,
        placeholder="",
        alt=f"Rows of run {view.id} with their outcomes",
        column_order=["address", "outcome", "reason", "name", "recovery_email", *columns, *_rest(shown, columns)],
        column_config={
            "line": st.column_config.NumberColumn("Line", width=60, format="%d"),
            "address": st.column_config.ButtonColumn(
                "Address", width=260, type="tertiary", alignment="left", key=key, on_click=act(clicked)
            ),
            "outcome": text("Outcome", width=110),
            "reason": text("Reason", width=380),
            **{column.name: text(column.title) for column in STORED_HERE},
            **{f"old_{column.name}": text(f"{column.title} before") for column in STORED_HERE},
            **{
                name: text(label, alignment="right")
                if name in quotas and (columns[name] == "unlimited").any()
                else st.column_config.NumberColumn(label, format="%d")
                for name, label in numbers.items()
                if name in columns
            },
        },
    )


def _rest(shown: pd.DataFrame, columns: dict[str, "pd.Series[Any]"]) -> list[str]:
    """Return the columns that come last: earlier texts of a mailbox, and the line."""
    first = {"address", "outcome", "reason", "name", "recovery_email", *columns}
    return [name for name in [*shown.columns.drop("line"), "line"] if name not in first]


def _figures(values: "pd.Series[int]", *, unlimited: bool) -> "pd.Series[Any]":
    """Return the figures, as text where one is unlimited."""
    if not unlimited or not (values == 0).any():
        return values
    return values.map(lambda each: "" if pd.isna(each) else f"{each:,}" if each else "unlimited").astype("string")
