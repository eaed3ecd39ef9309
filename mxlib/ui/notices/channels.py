"""Channels of notices, for admins: a new one, what is wrong, what each gets, and the log of deliveries."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.channels import MAX_NAME, ChannelKind, Routes
from mxlib.core.events.vocabulary import Rule, Severity
from mxlib.core.format import count, moment
from mxlib.core.text import channels as texts
from mxlib.core.text import events as event_texts
from mxlib.services.channels import LISTED, Channel, Delivery, NewChannel
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash, single_select
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Keys of the fields of a new channel, and of the secret that is shown once.
_NEW, _SECRET = "channel-new", "channel-secret"

#: The choice of no client; they are numbered from 1.
_NO_CLIENT = 0


def show() -> None:
    """Show the channels and their deliveries; nothing to people who may not manage them."""
    if not layout.caller().admin:
        return
    service = services.current().channels
    if service.catches:
        st.info(texts.SANDBOX, icon=":material/science:")
    for problem in service.problems(layout.caller()):
        st.warning(escaped(problem), icon=":material/notifications_off:")
    _secret()
    found = service.list_all(layout.caller())
    _new(expanded=not found)
    if found:
        _table(found)
    _log()


def _secret() -> None:
    """Show the secret of a new webhook, until a person has copied it."""
    if not (secret := st.session_state.get(_SECRET)):
        return
    with st.container(border=True, key="channel-secret-card"):
        st.markdown(texts.SECRET_ONCE)
        st.code(secret, language=None, wrap_lines=True)
        st.button("I have copied it", type="primary", key="channel-secret-done", on_click=_forget_secret)


def _forget_secret() -> None:
    st.session_state.pop(_SECRET, None)


def _new(*, expanded: bool) -> None:
    with st.expander("Add a channel", icon=":material/add_alert:", expanded=expanded):
        kind = st.segmented_control(
            "Kind", list(texts.KINDS), default=ChannelKind.CHAT, format_func=texts.KINDS.__getitem__,
            required=True, key=f"{_NEW}-kind",
        )  # fmt: skip
        left, right = st.columns([2, 3])
        left.text_input("Name", key=f"{_NEW}-name", placeholder="Slack of the helpdesk", max_chars=MAX_NAME)
        right.text_input("Address", key=f"{_NEW}-address", max_chars=2_000)
        st.caption(escaped(texts.ADDRESS_HELP[kind]))
        _routes(_NEW, Routes(), kind)
        st.button("Add the channel", type="primary", icon=":material/add:", key="channel-add", on_click=act(_create))


def _routes(key: str, chosen: Routes, kind: ChannelKind) -> None:
    """Ask what a channel gets."""
    app, caller = services.current(), layout.caller()
    left, middle, right = st.columns(3)
    left.selectbox(
        "Least severity", list(Severity), index=list(Severity).index(chosen.least),
        format_func=event_texts.SEVERITIES.__getitem__, key=f"{key}-least",
    )  # fmt: skip
    middle.multiselect(
        "Events", sorted(Rule, key=event_texts.RULES.__getitem__), default=sorted(chosen.rules),
        format_func=event_texts.RULES.__getitem__, placeholder="All", key=f"{key}-rules",
    )  # fmt: skip
    names = sorted({*app.lists.domains(caller).names, *chosen.domains})
    right.multiselect("Domains", names, default=sorted(chosen.domains), placeholder="All", key=f"{key}-domains")
    if kind is ChannelKind.MAIL:
        clients = {client.id: client.details.name for client in app.clients.list_all(caller)}
        numbers = [_NO_CLIENT, *clients]
        st.selectbox(
            "For a contact of a client", numbers, key=f"{key}-client",
            index=numbers.index(chosen.client) if chosen.client in numbers else 0,
            format_func=lambda number: clients.get(number, "No: it is ours"),
            help="A contact gets the events of the client's own mailboxes, and nothing else.",
        )  # fmt: skip


def _chosen(key: str, kind: ChannelKind) -> Routes:
    state = st.session_state
    return Routes(
        (state.get(f"{key}-client") or None) if kind is ChannelKind.MAIL else None,
        frozenset(state[f"{key}-domains"]), frozenset(state[f"{key}-rules"]), state[f"{key}-least"],
    )  # fmt: skip


def _create() -> None:
    state = st.session_state
    kind = state[f"{_NEW}-kind"]
    new = NewChannel(str(state[f"{_NEW}-name"]), kind, str(state[f"{_NEW}-address"]), _chosen(_NEW, kind))
    secret = services.current().channels.create(layout.caller(), new)
    state[f"{_NEW}-name"] = state[f"{_NEW}-address"] = ""
    if secret:
        state[_SECRET] = secret
    flash.set_next(texts.created(new.name.strip()))


def _table(found: tuple[Channel, ...]) -> None:
    selected = single_select.choose(
        "channels",
        pd.DataFrame([_row(channel) for channel in found]),
        [channel.number for channel in found],
        alt="All channels by their names",
        column_config={
            "Name": st.column_config.TextColumn(width=170),
            "Kind": st.column_config.TextColumn(width=100),
            "To": st.column_config.TextColumn(width=200),
            "Gets": st.column_config.TextColumn(width=310),
            "State": st.column_config.TextColumn(width=90),
        },
    )
    for channel in found:
        if channel.number == selected:
            _card(channel)
    if selected is None:
        st.caption("Select a channel in the table (by keyboard: Shift+Space) to test, change or delete it.")


def _row(channel: Channel) -> dict[str, object]:
    return {
        "Name": channel.name,
        "Kind": texts.KINDS[channel.kind],
        "To": channel.place,
        "Gets": texts.routes(channel.routes, channel.client),
        "State": "Enabled" if channel.is_enabled else "Gone" if channel.is_stopped else "Disabled",
    }


def _card(channel: Channel) -> None:
    key = f"channel-{channel.number}"
    with st.container(border=True, key="channel"):
        st.markdown(f"**{escaped(channel.name)}**")
        st.caption(escaped(f"{texts.KINDS[channel.kind]} to {channel.place}, added by {channel.who}."))
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        left.text_input("Name", channel.name, key=f"{key}-name", max_chars=MAX_NAME)
        right.toggle("Enabled", channel.is_enabled, key=f"{key}-enabled")
        _routes(key, channel.routes, channel.kind)
        with st.container(horizontal=True):
            save = act(_change, channel.number, channel.kind)
            st.button("Save", type="primary", icon=":material/check:", key="channel-save", on_click=save)
            test = act(_test, channel.number)
            st.button("Send a test", icon=":material/send:", key="channel-test", on_click=test)
            with st.popover("Delete…", icon=":material/delete:", key="channel-delete-open"):
                st.markdown("It gets nothing from now on, and the log of its deliveries goes with it.")
                delete = act(_delete, channel.number)
                st.button("Delete it now", type="primary", key="channel-delete", on_click=delete)


def _change(number: int, kind: ChannelKind) -> None:
    key, state = f"channel-{number}", st.session_state
    name, is_enabled = str(state[f"{key}-name"]), bool(state[f"{key}-enabled"])
    routes = _chosen(key, kind)
    services.current().channels.change(layout.caller(), number, name=name, is_enabled=is_enabled, routes=routes)
    flash.set_next(texts.saved(name.strip()))


def _test(number: int) -> None:
    flash.set_next(services.current().channels.test(layout.caller(), number))


def _delete(number: int) -> None:
    flash.set_next(services.current().channels.delete(layout.caller(), number))


def _log() -> None:
    app, now = services.current(), services.current().clock.now()
    found = app.channels.deliveries(layout.caller())
    if not found:
        return
    with st.expander(f"Deliveries ({count(len(found), 'entry', 'entries')})", icon=":material/outgoing_mail:"):
        st.dataframe(
            pd.DataFrame([_delivery(each, now) for each in found]),
            hide_index=True,
            alt="Deliveries, newest first",
            column_config={
                "Queued": st.column_config.TextColumn(width=100),
                "Channel": st.column_config.TextColumn(width=140),
                "About": st.column_config.TextColumn(width=130),
                "State": st.column_config.TextColumn(width=100),
                "Result": st.column_config.TextColumn(width=420),
            },
        )
        if len(found) == LISTED:
            st.caption(f"The newest {LISTED:,}. The log is kept for 90 days.")


def _delivery(each: Delivery, now: float) -> dict[str, object]:
    about = "Test" if each.notice is None else f"Notice {each.notice}: {count(each.events, 'event')}"
    return {
        "Queued": moment(each.queued_at, now),
        "Channel": each.channel,
        "About": about,
        "State": texts.STATUSES[each.status],
        "Result": each.happened,
    }
