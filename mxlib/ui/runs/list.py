"""Earlier runs: operator, time, file, result."""

from datetime import datetime

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.text import labels
from mxlib.core.vocabulary import OPEN, Outcome
from mxlib.runs.run_view import RunView
from mxlib.ui.app import layout
from mxlib.ui.widgets import auto_refresh
from mxlib.ui.widgets.actions import act

#: Seconds between two updates while a run is active.
LOOK_EVERY = 4
#: Digits of the largest possible run number; a longer number names no run.
_LONGEST_NUMBER = 18
_NONE = "No run yet. Import CSV on Email accounts starts one."
_NONE_TO_SEE = "No run that you may see. Your own are shown here, and those in domains that you may work with."
_COUNTED = tuple(outcome for outcome in Outcome if outcome not in OPEN)
_HIDDEN = "Rows of other domains"
_COUNTS = [labels.outcome(outcome) for outcome in _COUNTED]


def chosen() -> int | None:
    """Return the run named in the address (`?run=`), else the latest one."""
    asked = st.query_params.get("run", "")
    if asked.isdecimal():
        return int(asked[:_LONGEST_NUMBER])
    latest = services.current().runs.all(layout.caller(), most=1)
    return latest[0].id if latest else None


def show(shown: int | None) -> None:
    """Show the table of runs; a click shows one above. It refreshes itself during a run."""
    moving = services.current().runs.active() > 0
    drawn = [
        services.current().runs.all(layout.caller())
    ]  # at first as they are right now, then as every tab sees them
    st.fragment(_table, run_every=LOOK_EVERY if moving else None)(shown, drawn)


def _table(shown: int | None, drawn: list[tuple[RunView, ...]]) -> None:
    runs = drawn.pop() if drawn else services.current().run_watch.all(layout.caller())
    if not services.current().runs.active():
        auto_refresh.stop()
    if not runs:
        st.info(_NONE if layout.caller().admin else _NONE_TO_SEE, icon=":material/play_circle:")
        return
    st.subheader("All runs", anchor=False)

    def open_run() -> None:
        rows = st.session_state["runs"]["selection"]["rows"]
        if rows:
            st.query_params["run"] = str(runs[rows[0]].id)
            st.session_state["rerun"] = True

    table = pd.DataFrame([_row(run, run.id == shown) for run in runs])
    idle = [name for name in table if name in (*_COUNTS, _HIDDEN) and not table[name].any()]
    st.dataframe(
        table.drop(columns=idle),
        hide_index=True,
        key="runs",
        on_select=act(open_run),
        selection_mode="single-row",
        alt="All runs, newest first",
        column_config={
            "Run": st.column_config.NumberColumn(width=60, format="%d"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        },
    )
    if st.session_state.pop("rerun", False):
        st.rerun()


def _row(run: RunView, shown: bool) -> dict[str, object]:
    counts = {labels.outcome(outcome): run.counts.get(outcome, 0) for outcome in _COUNTED}
    return {
        "Run": run.id,
        "Status": run.status.value.capitalize() + (" (shown above)" if shown else ""),
        "Started": datetime.fromtimestamp(run.created_at),
        "Kind": labels.run_kind(run.kind),
        "About": run.title,
        "Domains": ", ".join(run.domains),
        "Operator": run.operator,
        "Rows": run.total,
        _HIDDEN: run.hidden,
        **counts,
    }
