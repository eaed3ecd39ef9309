"""Clients, for admins: a table, a card for the selected one, and the dialogs to add, change and delete one."""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.clients import LANGUAGES, MAX_MAILBOXES, MAX_NAME, MAX_NOTES, MAX_QUOTA, ClientDetails, Contact, Terms
from mxlib.core.format import count
from mxlib.core.text import self_service as texts
from mxlib.services.clients import Client
from mxlib.ui.admin import client_list
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs, flash, single_select
from mxlib.ui.widgets.format import escaped

_CONTACTS = ["Name", "Address", "Language"]
_EDITED = "client-contacts"


def show() -> None:
    """Show all clients in a table, and the selected one below it."""
    app, caller = services.current(), layout.caller()
    everyone = app.clients.list_all(caller)
    free = _free_domains(everyone)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(everyone), 'client')}**" if everyone else "**No client yet**", width="stretch")
        if st.button("Add a client…", icon=":material/add_business:", type="primary", key="add-client"):
            _edit_client(None)
        if st.button("Import a list…", icon=":material/upload_file:", key="import-client-list"):
            client_list.ask()
        if free and st.button(
            "Domains without a client…", icon=":material/lock_reset:", key="free-domains", help=texts.FREE_HELP
        ):
            _self_service(free)
    with_reset = app.self_service.domains(caller)
    if on := [name for name in free if name in with_reset]:
        st.caption(escaped(texts.where_on(on)))
    if not everyone:
        st.caption("A client is a name with one or more domains, and the people to write to.")
        return
    selected = single_select.choose(
        "clients",
        pd.DataFrame([_row(client) for client in everyone]),
        [client.id for client in everyone],
        alt="All clients",
        placeholder="",
        column_config={
            "Client": st.column_config.TextColumn(width=190),
            "Domains": st.column_config.TextColumn(width=250),
            "Contacts": st.column_config.TextColumn(width=180),
        },
    )
    if free:
        st.caption(f"{count(len(free), 'domain')} without a client: {escaped(_some(free))}. Each is its own.")
    with st.container(horizontal=True):
        client_list.downloads()
    for client in everyone:
        if client.id == selected:
            _card(client)
    if selected is None:
        st.caption("Select a client in the table (by keyboard: Shift+Space) to change it.")


def _row(client: Client) -> dict[str, object]:
    details, terms = client.details, client.details.terms
    return {
        "Client": details.name,
        "Domains": ", ".join(details.domains),
        "Contacts": ", ".join(contact.address for contact in details.contacts),
        "Language": LANGUAGES[details.language],
        "New mailbox": _quota(terms.default_quota),
        "Largest": _quota(terms.max_quota),
        "Most mailboxes": "" if terms.max_mailboxes is None else f"{terms.max_mailboxes:,}",
    }


def _quota(megabytes: int | None) -> str:
    return "" if megabytes is None else "unlimited" if megabytes == 0 else f"{megabytes:,} MB"


def _some(names: tuple[str, ...], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _free_domains(everyone: tuple[Client, ...]) -> tuple[str, ...]:
    taken = {domain for client in everyone for domain in client.details.domains}
    known = services.current().lists.domains(layout.caller()).names
    return tuple(name for name in known if name not in taken)


def _card(client: Client) -> None:
    details = client.details
    with st.container(border=True, key="client"):
        st.header(escaped(details.name), anchor=False)
        st.markdown(escaped(", ".join(details.domains)))
        for contact in details.contacts:
            language = f" ({LANGUAGES[contact.language]})" if contact.language else ""
            st.markdown(escaped(f"{contact.name} <{contact.address}>{language}".strip()))
        st.markdown(f"Self-service reset: {'on' if details.self_service else 'off'}")
        if details.notes:
            st.caption(escaped(details.notes))
        with st.container(horizontal=True):
            if st.button("Change…", icon=":material/edit:", key="edit-client"):
                _edit_client(client)
            if st.button("Delete…", icon=":material/delete:", key="ask-delete-client"):
                _delete_client(client)


def _forget() -> None:
    st.session_state.pop(_EDITED, None)


@dialogs.dialog("Client", width="large", icon=":material/domain:", forget=_forget)
def _edit_client(client: Client | None) -> None:
    service, everyone = services.current().clients, services.current().clients.list_all(layout.caller())
    details = client.details if client else ClientDetails("", ())
    terms = details.terms
    name = st.text_input("Name", details.name, key="client-name", max_chars=MAX_NAME)
    free = [*details.domains, *_free_domains(everyone)]
    domains = st.multiselect(
        "Domains", free, list(details.domains), key="client-domains", accept_new_options=True,
        placeholder="Choose domains, or type one that is not on the account yet",
    )  # fmt: skip
    language = st.selectbox(
        "Language", list(LANGUAGES), list(LANGUAGES).index(details.language), key="client-language",
        format_func=LANGUAGES.__getitem__, help="Of letters and messages to the people of this client",
    )  # fmt: skip
    st.markdown("Contacts")
    contacts = st.data_editor(
        st.session_state.setdefault(_EDITED, _frame(details.contacts)),
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        key="client-contacts-edited",
        column_config={"Language": st.column_config.SelectboxColumn(options=list(LANGUAGES))},
    )
    left, middle, right = st.columns(3)
    figures = (
        _figure(left, "Quota of a new mailbox (MB)", terms.default_quota, 0, MAX_QUOTA, "client-default-quota"),
        _figure(middle, "Largest quota (MB)", terms.max_quota, 1, MAX_QUOTA, "client-max-quota"),
        _figure(right, "Most mailboxes", terms.max_mailboxes, 1, MAX_MAILBOXES, "client-max-mailboxes"),
    )
    st.caption("Blank: the default of MXM for new mailboxes, and no cap. Mailboxes that are there stay as they are.")
    resets = st.checkbox(texts.SWITCH, details.self_service, key="client-self-service", help=texts.SWITCH_HELP)
    notes = st.text_area("Notes, for admins only", details.notes, key="client-notes", max_chars=MAX_NOTES, height=90)
    if st.button("Save" if client else "Add", type="primary", icon=":material/check:", key="save-client"):
        wanted = ClientDetails(name, tuple(domains), _read(contacts), language, Terms(*figures), notes, resets)
        if client is None:
            service.add(layout.caller(), wanted)
        else:
            service.change(layout.caller(), client.id, lambda _before: wanted, version=client.version)
        dialogs.leave()


def _figure(place: Any, label: str, value: int | None, least: int, most: int, key: str) -> int | None:
    figure: int | None = place.number_input(escaped(label), least, most, value, step=1, key=key)
    return figure


def _frame(contacts: tuple[Contact, ...]) -> pd.DataFrame:
    rows = [(contact.name, contact.address, contact.language or None) for contact in contacts]
    return pd.DataFrame(rows, columns=_CONTACTS, dtype="str")


def _read(frame: pd.DataFrame) -> tuple[Contact, ...]:
    cells = frame.fillna("").astype(str)
    return tuple(Contact(*row) for row in cells[_CONTACTS].itertuples(index=False, name=None))


@dialogs.dialog("Domains without a client", icon=":material/lock_reset:")
def _self_service(free: tuple[str, ...]) -> None:
    """Turn self-service reset on or off in domains without a client."""
    app, caller = services.current(), layout.caller()
    was_on = [name for name in free if name in app.self_service.domains(caller)]
    chosen = st.multiselect(
        f"{texts.SWITCH} in", list(free), was_on, key="self-service-domains", help=texts.SWITCH_HELP,
        placeholder="Off in each of them",
    )  # fmt: skip
    if st.button("Save", type="primary", icon=":material/check:", key="save-self-service"):
        for name in sorted(set(chosen) ^ set(was_on)):
            app.self_service.switch(caller, name, on=name in chosen)
        flash.set_next(texts.where_on(chosen))
        dialogs.leave()


@dialogs.dialog("Delete a client", icon=":material/delete:")
def _delete_client(client: Client) -> None:
    st.markdown(
        f"**{escaped(client.details.name)}** is removed, with its contacts and notes. "
        f"Its {count(len(client.details.domains), 'domain')} and their mailboxes stay as they are."
    )
    if st.button("Delete this client", icon=":material/delete:", key="delete-client"):
        services.current().clients.delete(layout.caller(), client.id)
        dialogs.leave()
