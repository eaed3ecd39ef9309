"""The frame round every page: navigation, the domain selector, the badge, and what must be said first."""

from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from mxlib import __version__, dashboard, services
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.ui.app import banner, search, session, storage
from mxlib.ui.widgets import actions, confirm_identity, dialogs
from mxlib.ui.widgets.format import escaped

ASSETS = Path(__file__).parents[1] / "assets"

#: The pages, in the order of the navigation.
_PAGES = ("email_accounts", "import_mailboxes", "runs", "clients", "audit", "access", "mailbox")


#: The number of the client whose domains are listed; 0 for all.
_CLIENT = "domain-client"


def caller() -> Caller:
    """Return the caller with the permissions of this moment; raise Forbidden for nobody."""
    return session.caller()


def page(name: str) -> Page:
    """Return the page of that name, to link and switch to."""
    title, icon, path = {
        "email_accounts": ("Email accounts", ":material/mail:", "email-accounts"),
        "import_mailboxes": ("Import", ":material/upload_file:", "import"),
        "runs": ("Runs", ":material/play_circle:", "runs"),
        "clients": ("Clients", ":material/domain:", "clients"),
        "audit": ("Audit", ":material/history:", "audit"),
        "access": ("Access", ":material/key:", "access"),
        "mailbox": ("Mailbox", ":material/contact_mail:", "mailbox"),
    }[name]
    return st.Page(
        dashboard.FOLDER / "pages" / f"{name}.py",
        title=title,
        icon=icon,
        url_path=path,
        default=name == "email_accounts",
        visibility="visible" if _is_listed(name) else "hidden",
    )


def _is_listed(name: str) -> bool:
    """Return whether the navigation lists a page for this caller."""
    match name:
        case "mailbox":
            return False
        case "import_mailboxes":
            return _imports()
        case "clients":
            return caller().admin
        case _:
            return True


def _imports() -> bool:
    return services.current().lists.may_anywhere(caller(), Permission.IMPORT, unread=True)


def domain() -> str:
    """Return the active domain; blank when no domain is known.

    The account may have none, or MXroute has not listed any.
    """
    return str(st.session_state.get("domain") or "")


def show() -> None:
    """Draw the frame and, inside it, the page that was asked for."""
    try:
        caller()
    except Forbidden as error:
        session.turn_away(str(error))
    # Before the navigation, which would let browsers load the icon of the page from an outside server.
    before = st.session_state.get("tab-title", banner.NAME)
    st.set_page_config(page_title=before, page_icon=str(ASSETS / "mxm.svg"), layout="wide")
    chosen = st.navigation([page(name) for name in _PAGES], position="sidebar")
    st.session_state["tab-title"] = title = banner.tab_title(caller(), chosen.title)
    st.set_page_config(page_title=title)
    with st.sidebar:
        _sidebar()
    st.html(ASSETS / "mxm.css")
    banner.pulse(chosen.title)
    banner.show_hold()
    if chosen.url_path != "runs":
        banner.show(lambda run: navigate("runs", run=str(run)))
    actions.show_refused()
    with suppress(_Drawn):
        chosen.run()
    confirm_identity.show_asked()
    dialogs.draw(chosen.url_path)


class _Drawn(Exception):
    """The page is complete for this caller; the rest of the script is skipped."""


def stop() -> NoReturn:
    """End a page before its last line; unlike `st.stop`, an open dialog is still drawn."""
    raise _Drawn


def _sidebar() -> None:
    app = services.current()
    if app.on_sandbox:
        st.badge("SANDBOX", icon=":material/science:", color="orange", help="A stand-in for MXroute; no real mailbox.")
    known = app.lists.domains(caller())
    if known.problem:
        st.warning(escaped(known.problem), icon=":material/cloud_off:")
    _domain_selector(known.names)
    if app.lists.may_anywhere(caller(), Permission.VIEW, unread=True):
        to_mailbox = lambda of, address: navigate("mailbox", domain=of, address=address)  # noqa: E731
        search.show(search.Ways(to_mailbox, _choose_client, lambda: navigate("email_accounts")))
    storage.show()
    session.show(caller())
    st.html(f'<p class="mxm-version">MXM {__version__}</p>')


def _domain_selector(names: tuple[str, ...]) -> None:
    """Let the user choose the active domain, kept across pages and in the address.

    Streamlit's own binding to the address does not work here: `st.switch_page` refuses to touch a bound parameter.
    """
    if not names:
        if caller().admin:  # the page itself names the missing permission to everyone else
            st.caption("No domain is known yet.")
        return
    asked = st.query_params.get("domain") or st.query_params.get("address", "").rpartition("@")[2].lower()
    if st.session_state.get("domain") not in names:
        st.session_state["domain"] = asked if asked in names else names[0]
    st.selectbox("Domain", _of_client(names), key="domain", help="Kept across pages and in the address.")
    if st.query_params.get("domain") != st.session_state["domain"]:
        st.query_params["domain"] = st.session_state["domain"]


def _of_client(names: tuple[str, ...]) -> tuple[str, ...]:
    """Let the user choose a client; return its domains, or all.

    A domain of another client, such as one that a search has found, ends the choice.
    """
    found = {
        client.id: client
        for client in services.current().clients.list_all(caller())
        if not set(names).isdisjoint(client.details.domains)
    }
    if not found:
        return names
    chosen = found.get(st.session_state.get(_CLIENT, 0))
    if chosen is None or st.session_state["domain"] not in chosen.details.domains:
        chosen, st.session_state[_CLIENT] = None, 0
    st.selectbox(
        "Client", [0, *found], key="domain-client", on_change=actions.act(_take_first_domain),
        format_func=lambda number: found[number].details.name if number in found else "All clients",
    )  # fmt: skip
    return names if chosen is None else tuple(name for name in names if name in chosen.details.domains)


def _choose_client(number: int) -> None:
    st.session_state[_CLIENT] = number
    _take_first_domain()


def _take_first_domain() -> None:
    """Make a domain of the chosen client the active one."""
    app, number = services.current(), st.session_state[_CLIENT]
    if not number:
        return
    own = app.clients.get(caller(), number).details.domains
    names = [name for name in app.lists.domains(caller()).names if name in own]
    if names and st.session_state.get("domain") not in names:
        st.session_state["domain"] = names[0]


def navigate(name: str, **parameters: str) -> None:
    """Switch to another page, the active domain with it."""
    dialogs.close()
    here = {"domain": domain()} if domain() else {}
    st.switch_page(page(name), query_params=here | parameters)
