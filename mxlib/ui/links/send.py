"""The dialog before links are sent: who gets one and who does not, when, in which words, and a test mail."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core import addresses as address_rules
from mxlib.core.clients import LANGUAGES
from mxlib.core.format import listed
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import DEFAULT_DAYS, MAX_AHEAD_S, MAX_DAYS, MIN_DAYS, LinkOptions, LinkPurpose, LinkRefusal
from mxlib.core.text import handover_texts
from mxlib.core.text import links as texts
from mxlib.services.link_plans import LinkPlan
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions, dialogs, flash
from mxlib.ui.widgets.format import escaped

_HELD = "links-send"
_ARRIVES, _WITHOUT = "links_arrives", "links_without"

#: Addresses of a group that are named before the rest is counted.
_NAMED = 6

_ROW, _MOST_ROWS = 33, 8


def forget() -> None:
    """Forget what the dialog held."""
    st.session_state.pop(_HELD, None)


def ask(addresses: Sequence[str], run: int | None = None) -> None:
    """Ask before links to these mailboxes, or to the people of a run, are sent."""
    forget()
    if run is None and len(addresses) == 1:
        _ask_one(addresses)
    else:
        _ask_several(addresses, run)


@dialogs.dialog(texts.SEND, width="large", icon=":material/link:", forget=forget)
def _ask_several(addresses: Sequence[str], run: int | None) -> None:
    draw(addresses, run)


@dialogs.dialog(texts.SEND_ONE, width="medium", icon=":material/link:", forget=forget)
def _ask_one(addresses: Sequence[str]) -> None:
    draw(addresses)


def draw(addresses: Sequence[str], run: int | None = None, *, unlocks: bool = False) -> None:
    """Draw what the dialog asks.

    `unlocks`: the links are for locked mailboxes, whose locks end at once.
    """
    held = st.session_state.setdefault(_HELD, {"key": secrets.token_hex(16), "shown": None})
    alone = run is None and len(addresses) == 1
    summary, chosen = st.container(gap="xsmall"), _options(unlocks=unlocks)
    try:
        plan = services.current().link_plans.plan(layout.caller(), emails=addresses, run=run, options=chosen)
    except InvalidBody as refusal:
        actions.say(refusal)
        return
    with summary:
        _summary(plan)
    people, mail = (st.container(), st.container()) if alone else st.columns([3, 2])
    with people:
        _people(plan, alone=alone)
        _refused(plan, alone=alone)
    with mail:
        tests_to = _mail(plan)
    _footer(plan, held, tests_to, alone=alone)
    held["shown"] = plan


def _options(*, unlocks: bool) -> LinkOptions:
    """Ask for language and times; return them with what was ticked below."""
    now = datetime.fromtimestamp(services.current().clock.now())
    last = now + timedelta(seconds=MAX_AHEAD_S - 86_400)
    with st.container(horizontal=True, vertical_alignment="bottom", key="links-options"):
        language = st.selectbox(
            "Language", ["", *LANGUAGES], key="links_language", width=135,
            format_func=lambda code: LANGUAGES[code] if code else texts.BY_CLIENT,
        )  # fmt: skip
        days = st.number_input(
            "Ends after (days)", min_value=MIN_DAYS, max_value=MAX_DAYS, value=DEFAULT_DAYS, key="links_days", width=135
        )
        send_at = (
            None
            if unlocks
            else st.datetime_input(
                "Send at (blank: now)", None, min_value=now, max_value=last, key="links_send_at", width=190
            )
        )
        valid_from = st.datetime_input(
            "Valid from (blank: at once)", None, min_value=now, max_value=last, key="links_valid_from", width=190
        )
    return LinkOptions(
        language, int(days), _unix(send_at), _unix(valid_from),
        mail_arrives=bool(st.session_state.get(_ARRIVES)), without_mail=bool(st.session_state.get(_WITHOUT)),
        unlocks=unlocks,
    )  # fmt: skip


def _unix(chosen: datetime | None) -> float | None:
    return None if chosen is None else chosen.timestamp()


def _summary(plan: LinkPlan) -> None:
    app, now = services.current(), services.current().clock.now()
    st.markdown(f"**{escaped(texts.gets(len(plan.people), plan.mails, plan.unmailed))}**")
    if not plan.people:
        return
    said = [texts.ends(plan.times.expires_at, plan.times.valid_from, now)]
    if plan.mails:
        seconds, per_hour = app.outbox.seconds_for(plan.mails), app.settings.mails_per_hour
        said.insert(0, texts.pace(seconds, per_hour, plan.options.send_at, now))
    st.caption(escaped(" ".join(said)))
    if plan.mails and not app.outbox.is_set:
        st.warning(escaped(texts.NOT_SET), icon=":material/unsubscribe:")
    if not app.link_maker.open_elsewhere and not app.on_sandbox:
        st.warning(escaped(texts.ON_LOOPBACK), icon=":material/computer:")


def _people(plan: LinkPlan, *, alone: bool) -> None:
    """Show who gets a link: a sentence for one person, a table for several."""
    if replaced := texts.replaced(sum(each.replaces for each in plan.people)):
        st.info(escaped(replaced), icon=":material/link_off:")
    if not plan.people:
        return
    if alone:
        only = plan.people[0]
        st.markdown(escaped(texts.one(only.address, only.recipient, LANGUAGES[only.language])))
        return
    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(
            {
                "name": [each.name for each in plan.people],
                "address": [each.address for each in plan.people],
                "to": [each.recipient or "no mail" for each in plan.people],
                "language": [LANGUAGES[each.language] for each in plan.people],
            }
        ),
        hide_index=True,
        height=(min(len(plan.people), _MOST_ROWS) + 1) * _ROW + 4,
        placeholder="",
        key="links-people",
        alt="People who get a link, and where it goes",
        column_config={
            "name": text("Name", width=120),
            "address": text("Mailbox", width=190),
            "to": text("Link goes to", width=190),
            "language": text("Language", width=75),
        },
    )


def _refused(plan: LinkPlan, *, alone: bool) -> None:
    """Show who gets no link, by reason, each with what can be done."""
    groups: dict[LinkRefusal, list[str]] = {}
    for each in plan.refused:
        groups.setdefault(each.reason, []).append(each.address)
    for reason, those in groups.items():
        named = listed(those, most=_NAMED, noun="more")
        st.warning(escaped(f"{texts.refused(reason, len(those))} {named}"), icon=":material/person_off:")
        if reason is LinkRefusal.ON_THIS_ACCOUNT:
            st.checkbox(texts.MAIL_ARRIVES, key=_ARRIVES)
    if st.session_state.get(_ARRIVES) and LinkRefusal.ON_THIS_ACCOUNT not in groups:
        st.checkbox(texts.MAIL_ARRIVES, key=_ARRIVES)
    is_invite = plan.options.purpose is LinkPurpose.INVITE
    if is_invite and (st.session_state.get(_WITHOUT) or any(reason.lacks_address for reason in groups)):
        st.checkbox(texts.WITHOUT_MAIL_ONE if alone else texts.WITHOUT_MAIL, key=_WITHOUT)


def _mail(plan: LinkPlan) -> str | None:
    """Show the first mail; return where to send it as a test, or None."""
    app = services.current()
    preview = app.link_mails.preview(layout.caller(), plan)
    if preview is None:
        return None
    sender = f"From {preview.sender} to" if preview.sender else "To"
    st.caption(escaped(f"{sender} {preview.to}. {texts.together(preview.people)}".strip()))
    with st.container(key="links-preview"):
        st.markdown(f"**{escaped(preview.subject)}**")
        st.code(preview.text, language=None, wrap_lines=True)
        if preview.left_out:
            st.caption(escaped(handover_texts.left_out(preview.left_out)))
    if not app.outbox.is_set:
        return None
    name = layout.caller().name
    st.session_state.setdefault("links_test_to", name if address_rules.is_email(name) else "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = st.text_input("Test mail to", key="links_test_to", placeholder="you@agency.example", help=texts.TEST_HELP)
        asked = st.button("Send a test mail", icon=":material/send:", key="links_test")
    return to if asked else None


def _test(plan: LinkPlan, to: str) -> None:
    """Send the first mail as a test, and say what happened."""
    try:
        sent = services.current().link_mails.send_test(layout.caller(), plan, to)
        st.success(escaped(sent), icon=":material/check:")
    except actions.REFUSALS as refusal:
        actions.say(refusal)


def _footer(plan: LinkPlan, held: dict[str, object], tests_to: str | None, *, alone: bool) -> None:
    app = services.current()
    possible = bool(plan.people) and (app.outbox.is_set or not plan.mails)
    label = escaped(texts.send(len(plan.people), planned=plan.options.send_at is not None))
    with st.container(key="links-footer", gap="small"):
        if tests_to is not None:
            _test(plan, tests_to)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="links_cancel"):
                dialogs.leave()
            go = st.button(label, type="primary", icon=":material/send:", key="links_go", disabled=not possible)
    if not go:
        return
    shown = held["shown"]
    agreed = shown if isinstance(shown, LinkPlan) and shown.options == plan.options else plan
    try:
        run = app.link_plans.start(layout.caller(), agreed, key=str(held["key"]))
    except (*actions.REFUSALS, InvalidBody) as refusal:
        actions.say(refusal)
        return
    if not alone:
        layout.navigate("jobs", run=str(run))
    person = agreed.people[0]
    flash.set_next(texts.started(person.address, person.recipient))
    dialogs.leave()
