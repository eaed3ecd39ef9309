"""One run: how far it is, what it waits for, how to control it, and its results."""

from datetime import datetime

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.core.schema import STORED_HERE, VALUES
from mxlib.core.text import file_problems, labels, run_status
from mxlib.core.vocabulary import AT_AN_END, RunKind, RunStatus
from mxlib.runs.results import OLD
from mxlib.runs.run_view import RunView
from mxlib.ui.app import banner, layout
from mxlib.ui.imports import drafts, notes
from mxlib.ui.runs import undo
from mxlib.ui.widgets import actions, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two updates of an active run; each costs some 45 ms of processor time.
LOOK_EVERY = 2


def show(number: int) -> None:
    """Show the card of run `number`; it refreshes itself while the run is active."""
    view = services.current().runs.get(layout.caller(), number)
    if view is None:
        st.warning(
            f"There is no run {number} that you may see. Choose one from the list.", icon=":material/search_off:"
        )
        return
    banner.seen(layout.caller(), view)
    moving = view.status not in AT_AN_END and view.status != RunStatus.PAUSED

    drawn = [view]  # at first as it is right now, then as every tab sees it

    def progress() -> None:
        now = drawn.pop() if drawn else services.current().run_watch.run(layout.caller(), number)
        if now is None:
            st.rerun()
        _progress(now)
        if now.status != view.status:
            st.rerun()

    with st.container(border=True, key="run-card"):
        _head(view)
        actions.live(progress, every=LOOK_EVERY if moving else None)
        if view.status in AT_AN_END and view.kind is RunKind.IMPORT:
            drafts.offer_left_out(view.id)
        _controls(view)
        _files(view)
        undo.show(view)
    _rows(view)


def _head(view: RunView) -> None:
    st.subheader(f"Run {view.id}: {escaped(view.title)}", anchor=False)
    started = datetime.fromtimestamp(view.created_at).strftime("%-d %b %Y, %H:%M")
    st.caption(f"{escaped(', '.join(view.domains))} · started {started} by {escaped(view.operator)}")
    if view.notes:
        with st.expander("How the file was read", icon=":material/notes:", key="run-notes"):
            notes.show(view.notes)


def _progress(view: RunView) -> None:
    """Show the bar with its counts, and the line that says what happens now."""
    st.progress(
        view.decided / view.total if view.total else 1.0,
        text=escaped(view.progress_text(services.current().clock.now())),
    )
    if view.hidden:
        st.caption(run_status.hidden_rows(view.hidden))
    sentence = escaped(view.status_text)
    match view.status:
        case RunStatus.PAUSED:
            st.warning(sentence, icon=":material/pause_circle:")
        case RunStatus.FINISHED | RunStatus.STOPPED:
            differs = view.retriable or view.differences
            with st.container(key="run-result"):
                (st.warning if differs else st.success)(sentence, icon=":material/flag:")
        case _:
            if view.silent_since is not None or view.unanswered_seconds:
                st.warning(sentence, icon=":material/cloud_off:")
            elif sentence:
                st.info(sentence, icon=":material/hourglass_top:")
            if services.current().on_loopback:
                st.caption(run_status.LIVES_HERE)


def _controls(view: RunView) -> None:
    """Show the buttons that fit the state of the run."""
    runs, caller = services.current().runs, layout.caller()

    if not runs.may_control(caller, view):
        return
    going = view.status in {RunStatus.RUNNING, RunStatus.QUEUED}
    paused = view.status == RunStatus.PAUSED
    with st.container(horizontal=True, key="steer"):
        if going:
            st.button("Pause", icon=":material/pause:", key="pause", on_click=act(_pause, view.id))
        if paused:
            go_on = act(_resume, view.id)
            st.button("Resume", type="primary", icon=":material/play_arrow:", key="resume", on_click=go_on)
        if going or paused:
            rest = "Requests in flight finish; the other rows are not attempted."
            st.button("Stop", icon=":material/stop:", key="stop", on_click=act(_stop, view.id), help=rest)
        if view.status in AT_AN_END and view.retriable and not view.forgotten:
            label = f"Retry {count(view.retriable, 'failed row')}"
            st.button(label, icon=":material/replay:", key="retry", on_click=act(_retry, view.id))
        undo.button(view)
        if view.operator != caller.name:
            take = act(_take_over, view.id)
            st.button("Take over", icon=":material/person_raised_hand:", key="take", on_click=take)
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
        links.download("Results as CSV", f"/runs/{view.id}/results.csv", key="results-csv", may_ask=True)
        if len(view.domains) > 1:
            links.download(
                "Results as one file a domain", f"/runs/{view.id}/results.zip", key="results-zip", may_ask=True
            )
        if view.done < view.total and not view.open and view.kind in {RunKind.IMPORT, RunKind.CHANGE}:
            links.download("Download failed rows", f"/runs/{view.id}/failed.xlsx", key="failed-xlsx", may_ask=True)
            links.download("Failed rows as CSV", f"/runs/{view.id}/failed.csv", key="failed-csv", may_ask=True)
        if view.status in AT_AN_END and view.has_passwords:
            _handing_over(view)
    st.caption(file_problems.CSV_CALCULATES)


def _handing_over(view: RunView) -> None:
    with st.popover(f"{run_status.ERASE_PASSWORDS}…", icon=":material/delete_forever:", key="handed-over"):
        st.markdown(escaped(run_status.erase_question(view.passwords_until or 0.0)))
        agreed = view.downloaded_at is not None or st.checkbox(run_status.NEVER_DOWNLOADED, key="forget-agreed")
        with st.container(horizontal=True):
            st.button(run_status.ERASE_PASSWORDS, key="forget", disabled=not agreed, on_click=act(_forget, view.id))
            st.button("Keep 7 days from today", key="extend", on_click=act(_extend, view.id, 7))


def _forget(run: int) -> None:
    services.current().runs.handed_over(layout.caller(), run)


def _extend(run: int, days: int) -> None:
    services.current().runs.extend(layout.caller(), run, days)


def _rows(view: RunView) -> None:
    """Every row with its outcome."""
    with st.expander(
        f"All rows ({view.total:,})", icon=":material/table_rows:", key="rows-open", on_change="rerun"
    ) as rows:
        if not rows.open:
            return
        table = services.current().runs.rows(layout.caller(), view.id)
        table = table.drop(columns=[name for name in OLD if not table[name].replace("", pd.NA).notna().any()])
        kinds = st.pills(
            "Outcome",
            sorted(table["outcome"].unique()),
            selection_mode="multi",
            key="outcomes",
            format_func=labels.outcome,
        )
        shown = table.loc[table["outcome"].isin(kinds)] if kinds else table
        st.dataframe(
            shown.assign(outcome=shown["outcome"].map(labels.outcome)),
            hide_index=True,
            placeholder="",
            alt=f"Rows of run {view.id} with their outcomes",
            column_config={
                "line": st.column_config.NumberColumn("Line", width=60, format="%d"),
                "address": st.column_config.TextColumn("Address", width=220),
                "outcome": st.column_config.TextColumn("Outcome", width=100),
                "reason": st.column_config.TextColumn("Reason", width=380),
                **{column.name: st.column_config.TextColumn(column.title) for column in STORED_HERE},
                "quota": st.column_config.NumberColumn("Quota asked (MB)", format="%d"),
                "limit": st.column_config.NumberColumn("Limit asked", format="%d"),
                "host_quota": st.column_config.NumberColumn("Quota at MXroute", format="%d"),
                "host_limit": st.column_config.NumberColumn("Limit at MXroute", format="%d"),
                **{
                    f"old_{column.name}": st.column_config.NumberColumn(f"{column.title} before", format="%d")
                    if column.is_number
                    else st.column_config.TextColumn(f"{column.title} before")
                    for column in VALUES
                },
            },
        )
