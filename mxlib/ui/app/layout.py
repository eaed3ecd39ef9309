"""The frame round every page: navigation, the badge, and what must be said first."""

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from mxlib import __version__, dashboard, services
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.ui.app import banner, jump, session, status, storage
from mxlib.ui.widgets import actions, confirm_identity, dialogs
from mxlib.ui.widgets.format import escaped

ASSETS = Path(__file__).parents[1] / "assets"

#: Title, icon and address of each page.
_PLACES = {
    "overview": ("Overview", ":material/dashboard:", "overview"),
    "email_accounts": ("Email accounts", ":material/mail:", "email-accounts"),
    "import_mailboxes": ("Import", ":material/upload_file:", "import"),
    "jobs": ("Jobs", ":material/play_circle:", "jobs"),
    "mailbox": ("Mailbox", ":material/contact_mail:", "mailbox"),
    "notices": ("Notices", ":material/notifications:", "notices"),
    "clients": ("Clients", ":material/domain:", "clients"),
    "texts": ("Texts", ":material/edit_note:", "texts"),
    "audit": ("Audit log", ":material/history:", "audit-log"),
    "outbox": ("Outbox", ":material/outbox:", "outbox"),
    "background_tasks": ("Background tasks", ":material/schedule:", "background-tasks"),
    "access": ("Team and API", ":material/key:", "team"),
}

#: The pages of the navigation, in its order, under their headings.
_SECTIONS = {
    "": ("overview", "email_accounts", "import_mailboxes", "jobs", "notices", "mailbox"),
    "Admin": ("clients", "texts", "outbox", "audit", "background_tasks", "access"),
}


def caller() -> Caller:
    """Return the caller with the permissions of this moment; raise Forbidden for nobody."""
    return session.caller()


def page(name: str) -> Page:
    """Return the page of that name, to link and switch to.

    Whether it is listed matters to the navigation only, and would need the rights of the caller for each link.
    """
    return _page(name, listed=False)


def _page(name: str, *, listed: bool) -> Page:
    title, icon, path = _PLACES[name]
    return st.Page(
        dashboard.FOLDER / "pages" / f"{name}.py",
        title=title,
        icon=icon,
        url_path=path,
        default=name == "overview",
        visibility="visible" if listed else "hidden",
    )


def _listed() -> frozenset[str]:
    """Return the pages that the navigation lists for this caller.

    One question covers them all: a page asks for the rights of its caller dozens of times as it is.
    """
    who = caller()
    rights = services.current().lists.rights_anywhere(who, unread=True)
    return frozenset(name for name in _PLACES if _is_listed(name, who, rights))


def _is_listed(name: str, who: Caller, rights: Collection[Permission]) -> bool:
    match name:
        case "mailbox":
            return False
        case "overview" | "notices":
            return Permission.VIEW in rights
        case "import_mailboxes":
            return Permission.IMPORT in rights
        case "email_accounts" | "jobs":
            return bool(rights)
        case "clients" | "texts" | "outbox" | "background_tasks":
            return who.admin
        case _:
            return True


def show(open_mailbox: Callable[[str], None]) -> None:
    """Draw the frame and, inside it, the page that was asked for.

    `open_mailbox` opens the drawer of an address.
    """
    try:
        caller()
    except Forbidden as error:
        session.turn_away(str(error))
    # Before the navigation, which would let browsers load the icon of the page from an outside server.
    before = st.session_state.get(status.TITLE, status.NAME)
    st.set_page_config(page_title=before, page_icon=str(ASSETS / "mxm.svg"), layout="wide")
    st.logo(str(ASSETS / "mxm-logo.svg"), size="large", icon_image=str(ASSETS / "mxm.svg"))
    listed = _listed()
    chosen = st.navigation(_sections(listed), position="sidebar")
    _leave_the_overview(chosen, listed)
    st.session_state[status.TITLE] = title = status.title(chosen.title)
    st.set_page_config(page_title=title)
    with st.sidebar:
        _sidebar(chosen.title, listed, open_mailbox)
    st.html(ASSETS / "mxm.css")
    banner.show_hold()
    if chosen.url_path != "jobs":
        banner.show(lambda run: navigate("jobs", run=str(run)))
    actions.show_refused()
    with suppress(_Drawn):
        chosen.run()
    confirm_identity.show_asked()
    dialogs.draw(chosen.url_path)


def _sections(listed: Collection[str]) -> dict[str, list[Page]]:
    """Return the pages by their headings; people who manage nothing get one list."""
    sections = {heading: [_page(name, listed=name in listed) for name in names] for heading, names in _SECTIONS.items()}
    return sections if "clients" in listed else {"": [each for pages in sections.values() for each in pages]}


def _leave_the_overview(chosen: Page, listed: Collection[str]) -> None:
    """Switch from the first page to another one where it has nothing to show.

    An address with a domain is an old one of *Email accounts*, which was the first page.
    """
    if chosen.url_path:
        return
    if name := st.query_params.get("domain"):
        navigate("email_accounts", domain=name)
    if "overview" not in listed:
        navigate("email_accounts" if "email_accounts" in listed else "access")


class _Drawn(Exception):
    """The page is complete for this caller; the rest of the script is skipped."""


def stop() -> NoReturn:
    """End a page before its last line; unlike `st.stop`, an open dialog is still drawn."""
    raise _Drawn


def _sidebar(shown: str, listed: Collection[str], open_mailbox: Callable[[str], None]) -> None:
    app = services.current()
    if app.on_sandbox:
        st.badge("SANDBOX", icon=":material/science:", color="orange", help="Test data. Nothing reaches MXroute.")
    known = app.lists.domains(caller())
    if known.problem:
        st.warning(escaped(known.problem), icon=":material/cloud_off:")
    jump.show(jump.Ways(_places(listed), lambda name, parameters: navigate(name, **parameters), open_mailbox))
    if "jobs" in listed:
        status.show(shown, _page("jobs", listed=True))
    storage.show()
    session.show(caller())
    st.html(f'<p class="mxm-version">MXM {__version__}</p>')


def _places(listed: Collection[str]) -> tuple[jump.Place, ...]:
    """Return the pages of the navigation for this caller."""
    return tuple(jump.Place(name, title, icon) for name, (title, icon, _) in _PLACES.items() if name in listed)


def navigate(name: str, **parameters: str | list[str]) -> None:
    """Switch to another page, with these parameters in its address."""
    dialogs.close()
    st.switch_page(page(name), query_params=parameters)
