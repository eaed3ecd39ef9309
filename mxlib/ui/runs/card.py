"""One run: how far it is, what it waits for, how to control it, and its results."""

from datetime import datetime

import streamlit as st

from mxlib import services
from mxlib.core.format import count, listed
from mxlib.core.text import file_problems, run_status
from mxlib.core.vocabulary import AT_AN_END, RunKind, RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services.exports import DELIMITERS
from mxlib.ui.app import banner, layout
from mxlib.ui.imports import drafts, notes
from mxlib.ui.links import board, of_run
from mxlib.ui.runs import handover, jobs, progress, rows, undo
from mxlib.ui.widgets import flash, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two updates of an active run; each costs some 45 ms of processor time.
LOOK_EVERY = 2


def show(number: int) -> None:
    """Show run `number`; its progress refreshes itself while the run is active."""
    st.button("Jobs", icon=":material/arrow_back:", type="tertiary", key="to_jobs", on_click=act(jobs.leave_run))
    view = services.current().runs.get(layout.caller(), number)
    if view is None:
        st.title("Jobs", anchor=False)
        st.warning(
            f"There is no run {number} that you may see. Choose one from the list.", icon=":material/search_off:"
        )
        return
    banner.seen(layout.caller(), view)
    _head(view)
    if view.kind is RunKind.LINKS:
        board.show(number)
        return
    flash.show()
    undo.show(view)  # what was asked for in the menu above is in view at once
    with st.container(border=True, key="run-card"):
        if view.status in AT_AN_END:
            _result(view)
        else:
            progress.live(view, every=LOOK_EVERY)
        _controls(view)
        _files(view)
    of_run.show(view)
    handover.show(view)
    rows.show(view)


def _head(view: RunView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="run-head"):
        st.title(escaped(view.title), anchor=False)
        _more(view)
    started = datetime.fromtimestamp(view.created_at).strftime("%-d %b %Y, %H:%M")
    st.caption(escaped(f"Run {view.id} · {listed(view.domains, most=4, noun='more')} · {started} by {view.operator}"))


def _more(view: RunView) -> None:
    """Show what is rarely needed: undo, taking over, the log, and how the file was read."""
    app, caller = services.current(), layout.caller()
    takes = app.runs.may_control(caller, view) and view.operator != caller.name
    with st.popover("More", key="run-more", on_change="rerun"):
        undo.button(view)
        if takes:
            take = act(_take_over, view.id)
            st.button("Take over", icon=":material/person_raised_hand:", key="take", on_click=take)
        st.page_link(layout.page("audit"), label="Audit log of this run", query_params={"run": str(view.id)})
        if view.notes:
            st.markdown("**How the file was read**")
            notes.show(view.notes)


def _result(view: RunView) -> None:
    """Show the result of a run, yellow where something differs from what was asked."""
    differs = bool(view.retriable or view.differences or view.note)
    with st.container(key="run-result"):
        (st.warning if differs else st.success)(
            f"**{escaped(view.result_text)}** {escaped(view.details_text)}",
            icon=":material/warning:" if differs else ":material/check_circle:",
        )
    progress.figures(view)
    if view.hidden:
        st.caption(run_status.hidden_rows(view.hidden))


def _controls(view: RunView) -> None:
    """Show the buttons that fit the state of the run."""
    runs, caller = services.current().runs, layout.caller()
    may = runs.may_control(caller, view)
    going = view.status in {RunStatus.RUNNING, RunStatus.QUEUED}
    paused = view.status == RunStatus.PAUSED
    with st.container(horizontal=True, key="steer"):
        if view.status in AT_AN_END and view.kind is RunKind.IMPORT:
            drafts.offer_left_out(view.id)
        if may and going:
            st.button("Pause", icon=":material/pause:", key="pause", on_click=act(_pause, view.id))
        if may and paused:
            go_on = act(_resume, view.id)
            st.button("Resume", type="primary", icon=":material/play_arrow:", key="resume", on_click=go_on)
        if may and (going or paused):
            rest = "Requests in flight finish; the other rows are not attempted."
            st.button("Stop", icon=":material/stop:", key="stop", on_click=act(_stop, view.id), help=rest)
        if may and view.status in AT_AN_END and view.retriable and not view.forgotten:
            label = f"Retry {count(view.retriable, 'failed row')}"
            st.button(label, icon=":material/replay:", key="retry", on_click=act(_retry, view.id))
        undo.between(view)


def _pause(run: int) -> None:
    services.current().runs.pause(layout.caller(), run)


def _resume(run: int) -> None:
    services.current().runs.resume(layout.caller(), run)


def _stop(run: int) -> None:
    services.current().runs.stop(layout.caller(), run)


def _retry(run: int) -> None:
    st.query_params["run"] = str(services.current().runs.retry(layout.caller(), run))


def _take_over(run: int) -> None:
    services.current().runs.take_over(layout.caller(), run)


def _files(view: RunView) -> None:
    """Show the files to download, and how long the passwords are kept."""
    if not services.current().runs.may_have(layout.caller(), view):
        if view.operator == layout.caller().name:
            st.caption(run_status.no_longer_allowed(view.id))
            return
        st.caption(f"Results are for {escaped(view.operator)}, who runs it, and for admins. Take the run over first.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="files"):
        links.download("Download results", f"/runs/{view.id}/results.xlsx", key="results-xlsx", may_ask=True)
        delimiter = services.current().exports.delimiter(layout.caller())
        separated = f"?delimiter={delimiter}" if delimiter != "comma" else ""
        links.download("Results as CSV", f"/runs/{view.id}/results.csv{separated}", key="results-csv", may_ask=True)
        st.segmented_control(
            "Separator of the CSV", DELIMITERS, default=delimiter, key="csv-delimiter", required=True,
            format_func=str.capitalize, label_visibility="collapsed", on_change=act(_choose_delimiter),
        )  # fmt: skip
        if len(view.domains) > 1:
            links.download("One file per domain (ZIP)", f"/runs/{view.id}/results.zip", key="results-zip", may_ask=True)
        if view.retriable and not view.open and view.kind in {RunKind.IMPORT, RunKind.CHANGE}:
            links.download("Download failed rows", f"/runs/{view.id}/failed.xlsx", key="failed-xlsx", may_ask=True)
            links.download(
                "Failed rows as CSV", f"/runs/{view.id}/failed.csv{separated}", key="failed-csv", may_ask=True
            )
    st.caption(file_problems.CSV_CALCULATES if view.has_passwords else file_problems.CSV_CALCULATES_CELLS)


def _choose_delimiter() -> None:
    services.current().exports.choose_delimiter(layout.caller(), st.session_state["csv-delimiter"])
