"""The frame round every page: navigation, the badge, and what must be said first."""

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
    if app.lists.may_anywhere(caller(), Permission.VIEW, unread=True):
        search.show(
            search.Ways(
                lambda address: navigate("mailbox", address=address),
                lambda domain: navigate("email_accounts", domain=domain),
            )
        )
    storage.show()
    session.show(caller())
    st.html(f'<p class="mxm-version">MXM {__version__}</p>')


def navigate(name: str, **parameters: str) -> None:
    """Switch to another page, with these parameters in its address."""
    dialogs.close()
    st.switch_page(page(name), query_params=parameters)
