"""Change selected mailboxes: the question, what is typed to confirm, and the result.

A proposal is kept while its dialog is open: its passwords stay the same however often sending them is tried, and are
forgotten with the dialog.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.format import count, day, listed
from mxlib.core.locks import MAX_REASON_LENGTH
from mxlib.core.plans import change_text
from mxlib.core.plans.changes import (
    Change,
    Deletion,
    LaterDeletion,
    NewLock,
    NewPassword,
    NewQuota,
    NewStored,
    Unlocking,
)
from mxlib.core.schema import NAME, RECOVERY_EMAIL, Column
from mxlib.core.text import handover, locks, self_service
from mxlib.core.text import links as links_texts
from mxlib.core.vocabulary import HandOverWay
from mxlib.services.changes import REFUSALS, ChangeProposal, ChangeResult, not_done
from mxlib.ui.app import layout
from mxlib.ui.imports import confirm
from mxlib.ui.links import send
from mxlib.ui.mailboxes import ask_recovery, client_setup, selection
from mxlib.ui.widgets import actions as page_actions
from mxlib.ui.widgets import address_list, confirm_identity, dialogs, flash, links
from mxlib.ui.widgets.format import escaped

_HELD = "change"

#: Most mailboxes that a dialog about several names.
_NAMED = 3


def forget() -> None:
    """Forget what a dialog held."""
    st.session_state.pop(_HELD, None)
    ask_recovery.forget()
    send.forget()


@dialogs.dialog("Set quota", width="medium", icon=":material/data_usage:", forget=forget)
def quota(addresses: Sequence[str]) -> None:
    """Ask for a quota, or for one calculated from the present quota of each mailbox."""
    _ask_quota(addresses)


def _ask_quota(addresses: Sequence[str]) -> None:
    typed = st.text_input(
        "Quota in MB", key="change_quota", placeholder="2048, 2 GB, × 2, + 1024", help=change_text.QUOTA_HELP
    )
    change = NewQuota.read(typed) if typed.strip() else None
    if change is None:
        if typed.strip():
            st.error(change_text.NOT_A_QUOTA, icon=":material/error:")
        st.caption(f"For {_whom(addresses)}.")
        return
    if proposed := _proposed(addresses, change, typed.strip()):
        _confirm(proposed, "Set quota")


@dialogs.dialog("Add 1 GB", width="medium", icon=":material/add:", forget=forget)
def more(boxes: pd.DataFrame) -> None:
    """Ask for 1 GB more; an unlimited mailbox is asked for a size instead."""
    addresses = list(boxes["address"])
    if not boxes["quota"].any():
        st.markdown(change_text.UNLIMITED)
        _ask_quota(addresses)
    elif proposed := _proposed(addresses, NewQuota(plus=1024), "+ 1 GB"):
        _confirm(proposed, "Add 1 GB")


@dialogs.dialog(
    "Reset password", width="medium", icon=":material/key:", forget=forget, must_stay=lambda: _done() is not None
)
def passwords(addresses: Sequence[str], of_run: tuple[int, int] | None = None) -> None:
    """Generate a password for each. A single one is shown once; several are in the results of their run.

    `of_run` is a run and a position of it: the password takes the place of the one to hand over there.
    """
    if done := _done():
        if _still(st.session_state[_HELD]["proposed"]):
            _show_password(addresses[0], done, of_run)
    elif proposed := _proposed(addresses, NewPassword(), ""):
        _confirm(proposed, "Reset password", of_run)


@dialogs.dialog("Lock", width="medium", icon=":material/lock:", forget=forget)
def lock(addresses: Sequence[str]) -> None:
    """Ask why, and say what a lock does not do."""
    reason = st.text_input(
        "Reason", key="change_reason", max_chars=MAX_REASON_LENGTH, help=locks.REASON_HELP, placeholder="Left us"
    ).strip()
    if proposed := _proposed(addresses, NewLock(reason), reason):
        st.caption(locks.LIMITS)
        _confirm(proposed, "Lock")


@dialogs.dialog(
    "Unlock", width="medium", icon=":material/lock_open:", forget=forget, must_stay=lambda: _done() is not None
)
def unlock(addresses: Sequence[str]) -> None:
    """Set a new password, or send a link.

    A generated password is shown once; several are in the results of their run.
    """
    if done := _done():
        if _still(st.session_state[_HELD]["proposed"]):
            _show_password(addresses[0], done)
        return
    password, link = "A new password", links_texts.SEND_ONE if len(addresses) == 1 else links_texts.SEND
    how = st.segmented_control("Unlock by", [password, link], default=password, required=True, key="change_how")
    if how == link:
        st.caption(escaped(links_texts.UNLOCKS))
        send.draw(addresses, unlocks=True)
        return
    typed = ""
    if len(addresses) == 1:
        typed = st.text_input(
            "New password", type="password", key="change_unlock", placeholder="blank = generated", autocomplete="off"
        )
    if proposed := _proposed(addresses, Unlocking(typed), typed):
        _confirm(proposed, "Unlock")


@dialogs.dialog("Recovery email", width="medium", icon=":material/contact_mail:", forget=forget)
def recovery(boxes: pd.DataFrame) -> None:
    """One address for one mailbox, a small table for several."""
    _stored(boxes, RECOVERY_EMAIL, "change_recovery")
    ask_recovery.show(boxes)


@dialogs.dialog("Full name", width="medium", icon=":material/badge:", forget=forget)
def name(boxes: pd.DataFrame) -> None:
    """One name for one mailbox, a small table for several."""
    _stored(boxes, NAME, "change_name")


def _stored(boxes: pd.DataFrame, column: Column, key: str) -> None:
    """Edit a value that MXM stores, of one mailbox or of several."""
    addresses = list(boxes["address"])
    values = _one_value(boxes, column, key) if len(boxes) == 1 else _many_values(boxes, column, key)
    if proposed := _proposed(addresses, NewStored(values, column), repr(values)):
        clears = not any(values.values()) and boxes[column.name].any()
        _confirm(proposed, "Clear" if clears else "Save")


@dialogs.dialog("Delete", width="medium", icon=":material/delete:", forget=forget)
def delete(addresses: Sequence[str]) -> None:
    """Gone with all mail, now or on a later day, once its number was typed."""
    due_at = services.current().dated_deletions.default_day()
    now, later = "Delete now", f"Lock now, delete on {day(due_at, services.current().clock.now())}"
    choices = [now, later] if _may_lock(addresses) else [now]
    when = st.segmented_control("When", choices, default=now, required=True, key="change_when")
    change: Deletion | LaterDeletion = Deletion()
    if when == later:
        change = LaterDeletion(_chosen_day(due_at))
        st.caption(locks.LIMITS)
    if proposed := _proposed(addresses, change, repr(change)):
        if len(addresses) > 1:
            with st.expander(f"Which {len(addresses):,}", icon=":material/list:"):
                named = [row.address for row in proposed.plan.rows]
                address_list.show(named, key="deleted-addresses", alt="Mailboxes to delete")
        _confirm(proposed, "Lock" if isinstance(change, LaterDeletion) else "Delete")


@dialogs.dialog("Lock now, delete later", width="medium", icon=":material/lock_clock:", forget=forget)
def delete_later(addresses: Sequence[str]) -> None:
    """Nobody gets in from now on, and the mail is gone on a later day."""
    change = LaterDeletion(_chosen_day(services.current().dated_deletions.default_day()))
    st.caption(locks.LIMITS)
    if proposed := _proposed(addresses, change, repr(change)):
        _confirm(proposed, "Lock")


def _chosen_day(usual: float) -> float:
    """Ask for the day of a deletion; return when it begins (Unix seconds)."""
    app = services.current()
    tomorrow = datetime.fromtimestamp(app.clock.now()).date() + timedelta(days=1)
    last = datetime.fromtimestamp(app.dated_deletions.last_day()).date()
    chosen = st.date_input(
        "Delete on", datetime.fromtimestamp(usual).date(), min_value=tomorrow, max_value=last, key="change_day"
    )
    return datetime.combine(chosen, time()).timestamp()


def _may_lock(addresses: Sequence[str]) -> bool:
    domains = {address.rpartition("@")[2] for address in addresses}
    return all(layout.caller().may(Permission.SUPPORT, domain) for domain in domains)


def _one_value(boxes: pd.DataFrame, column: Column, key: str) -> dict[str, str]:
    address, has = boxes.iloc[0]["address"], boxes.iloc[0][column.name]
    st.session_state.setdefault(key, has)
    typed = st.text_input(
        f"{escaped(column.label)} of {escaped(address)}",
        key=key,
        help="Kept here; blank clears it.",
        placeholder="none",
    )
    return {address: typed.strip()}


def _many_values(boxes: pd.DataFrame, column: Column, key: str) -> dict[str, str]:
    how = st.segmented_control(
        "What to do", ["Clear all", "Edit each"], default="Edit each", required=True, key=f"{key}_how"
    )
    if how == "Clear all":
        return dict.fromkeys(boxes["address"], "")
    edited = st.data_editor(
        boxes[["address", column.name]].reset_index(drop=True),
        hide_index=True,
        height=min(len(boxes), 10) * 35 + 38,
        disabled=["address"],
        key=f"{key}_each",
        column_config={
            "address": st.column_config.TextColumn("Address", width="medium"),
            column.name: st.column_config.TextColumn(column.label, width="medium"),
        },
    )
    return {
        str(address): str(value or "").strip()
        for address, value in zip(edited["address"], edited[column.name], strict=True)
    }


def _proposed(addresses: Sequence[str], change: Change, asked: str) -> ChangeProposal | None:
    """Return the proposal of this change; None after a refusal, or a lost permission.

    It is cached while the input is the same.
    """
    asked_for = (type(change).__name__, getattr(change, "column", None), tuple(addresses), asked)
    held = st.session_state.get(_HELD)
    if held and held["asked"] == asked_for:
        kept: ChangeProposal = held["proposed"]
        return _still(kept)
    try:
        with st.spinner("Checking with MXroute…", show_time=True):
            proposed = services.current().changes.plan(layout.caller(), addresses, change)
    except REFUSALS as refusal:
        st.error(escaped(not_done(refusal)), icon=":material/block:")
        return None
    st.session_state[_HELD] = {"asked": asked_for, "proposed": proposed, "done": None}
    return proposed


def _still(proposed: ChangeProposal) -> ChangeProposal | None:
    """Return an earlier proposal as the caller may see it now."""
    try:
        return services.current().changes.still(layout.caller(), proposed)
    except REFUSALS as refusal:
        st.error(escaped(not_done(refusal)), icon=":material/block:")
        return None


def _done() -> ChangeResult | None:
    held = st.session_state.get(_HELD)
    return held["done"] if held else None


def _confirm(proposed: ChangeProposal, verb: str, of_run: tuple[int, int] | None = None) -> None:
    """Show the question, what must be agreed to, and the button."""
    app = services.current()
    question = st.empty()
    if not proposed.alone and not isinstance(proposed.change, Deletion | LaterDeletion):
        st.caption(f"For {_whom([row.address for row in proposed.plan.rows])}.")
    if proposed.gone:
        st.info(escaped(change_text.gone(proposed.gone)), icon=":material/person_off:")
    days = app.settings.retention_days
    for warning in proposed.capacity_warnings:
        st.warning(escaped(warning), icon=":material/data_usage:")
    if isinstance(proposed.change, NewPassword | Unlocking) and not proposed.alone:
        days = confirm.retention()
    question.markdown(f"**{escaped(proposed.text(app.clock.now() + days * 86_400))}**")
    agreed = True
    if below := proposed.below:
        st.warning(escaped(below), icon=":material/warning:")
        agreed = st.checkbox(change_text.BELOW_AGREED, key="change_below")
    sends_notices = True
    if proposed.notices and proposed.alone:
        st.caption(self_service.ONE_NOTICE)
    elif proposed.notices:
        sends_notices = confirm.ask_notices(proposed.notices)
    typed = ""
    if proposed.typed and proposed.figures.acting:
        label = change_text.TYPE_THE_ADDRESS if proposed.alone else f"Type {proposed.typed} to confirm"
        typed = st.text_input(label, key="change_typed", autocomplete="off")
    as_asked = typed.strip().lower() == proposed.typed_on_page
    possible = proposed.figures.acting > 0 and agreed and as_asked
    with st.container(horizontal=True):
        label = (
            verb
            if proposed.alone or not proposed.figures.acting
            else f"{verb}: {count(proposed.figures.acting, 'mailbox', 'mailboxes')}"
        )
        go = st.button(label, type="primary", key="change_go", disabled=not possible)
        if st.button("Cancel", key="change_cancel"):
            dialogs.leave()
    _carry_out(proposed, days, typed, of_run, pressed=go, agreed=agreed, sends_notices=sends_notices)


def _carry_out(
    proposed: ChangeProposal, days: int, typed: str, of_run: tuple[int, int] | None, *, pressed: bool, agreed: bool,
    sends_notices: bool,
) -> None:  # fmt: skip
    held = st.session_state[_HELD]

    def change() -> None:
        with st.spinner("Saving…", show_time=True):
            # Held before the script can be stopped: a password in it is shown once.
            held["done"] = services.current().changes.carry_out(
                layout.caller(), proposed, days=days, typed=typed, agreed=agreed, sends_notices=sends_notices
            )
            if of_run:
                held["kept"] = _kept(*of_run, held["done"].password)

    try:
        if not confirm_identity.carried_out("change", pressed, change):
            return
    except REFUSALS as refusal:
        st.error(escaped(not_done(refusal)), icon=":material/block:")
        return
    done: ChangeResult = held["done"]
    if isinstance(proposed.change, Deletion):
        selection.drop([row.address for row in proposed.plan.rows])
    if done.run is not None:
        layout.navigate("jobs", run=str(done.run))
    if done.password:
        st.rerun()  # the whole page, so that the dialog stays
    flash.set_next(f"{change_text.did(proposed.change, proposed.plan.rows[0].address)} {done.unrecorded}".strip())
    dialogs.leave()


def _kept(run: int, position: int, password: str) -> str:
    """Put a new password among those of a run; return the sentence about it."""
    app = services.current()
    try:
        kept = app.handover.renew(layout.caller(), run, position, password)
    except REFUSALS:
        return handover.NOT_RENEWED
    view = app.runs.get(layout.caller(), run)
    return handover.renewed(view.passwords_until if view and kept else None)


def _show_password(address: str, done: ChangeResult, of_run: tuple[int, int] | None = None) -> None:
    kept = st.session_state[_HELD].get("kept", "")
    st.markdown(f"Password changed. {escaped(kept)}" if kept else f"Password changed. **{change_text.COPY_PASSWORD}**")
    st.code(done.password, language=None)
    if done.unrecorded:
        st.warning(escaped(done.unrecorded), icon=":material/warning:")
    client_setup.show_message(address, done.password)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Done", type="primary", key="change_done"):
            dialogs.leave()
        if of_run:
            run, position = of_run
            st.button(
                "Mark as handed over", key="mark_renewed", on_click=page_actions.act(_mark_renewed, run, position)
            )
            links.download("Letter", f"/runs/{run}/letters.pdf?person={position}", key="letter-renewed", may_ask=True)


def _mark_renewed(run: int, position: int) -> None:
    services.current().handover.mark(layout.caller(), run, [position], HandOverWay.MESSAGE)
    dialogs.end()


def _whom(addresses: Sequence[str]) -> str:
    if len(addresses) == 1:
        return escaped(addresses[0])
    return escaped(f"{count(len(addresses), 'mailbox', 'mailboxes')}: {listed(addresses, most=_NAMED)}")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done to selected mailboxes: its button, the permission that it needs, and its dialog.

    `label` is short, for a line of many buttons; `title` stands alone.
    """

    name: str
    label: str
    title: str
    description: str
    icon: str
    needs: Permission
    ask: Callable[[], None]


def later_deletion(boxes: pd.DataFrame) -> Action | None:
    """Return the action that locks these mailboxes now and deletes them on a day.

    None without the right to lock.
    """
    addresses = list(boxes["address"])
    if not _may_lock(addresses):
        return None
    title = "Lock now, delete later"
    return Action("later", title, title, "Lock it, and delete it on a day.", ":material/lock_clock:",
                  Permission.DELETE, partial(delete_later, addresses))  # fmt: skip


def actions(boxes: pd.DataFrame) -> tuple[Action, ...]:
    """Return the actions for these mailboxes: those that do something to one of them."""
    addresses = list(boxes["address"])
    change, remove = Permission.SUPPORT, Permission.DELETE
    locked, being_locked = boxes["is_locked"], boxes["being_locked"]
    idle = {
        "link": (locked | being_locked).all(),
        "password": (locked | being_locked).all(),
        "lock": locked.all(),
        "unlock": not (locked | being_locked).any(),
        "more": len(boxes) != 1,
    }
    ends, kept = "Set a new password, or send a link: either ends the lock.", "Set or clear it."
    nobody, gone = "Set a password that nobody knows.", "Delete with all mail."
    name_icon, email_icon = ":material/badge:", ":material/contact_mail:"
    email = RECOVERY_EMAIL.label
    link = links_texts.SEND_ONE if len(boxes) == 1 else links_texts.SEND
    every = (
        Action("more", "Add 1 GB", "Add 1 GB", "Raise the quota.", ":material/add:", change, partial(more, boxes)),
        Action("quota", "Quota", "Set quota", "Set it.", ":material/data_usage:", change, partial(quota, addresses)),
        Action("link", link, link, links_texts.ACTION, ":material/link:", change, partial(send.ask, tuple(addresses))),
        Action("password", "Password", "Reset password", "Reset it.", ":material/key:", change,
               partial(passwords, addresses)),
        Action("lock", "Lock", "Lock", nobody, ":material/lock:", change, partial(lock, addresses)),
        Action("unlock", "Unlock", "Unlock", ends, ":material/lock_open:", change, partial(unlock, addresses)),
        Action("recovery", email, email, kept, email_icon, change, partial(recovery, boxes)),
        Action("name", NAME.label, NAME.label, kept, name_icon, change, partial(name, boxes)),
        Action("delete", "Delete", "Delete", gone, ":material/delete:", remove, partial(delete, addresses)),
    )  # fmt: skip
    return tuple(action for action in every if not idle.get(action.name))
