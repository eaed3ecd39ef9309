"""The caller's permissions on a page, and the one sentence for a missing one."""

from collections.abc import Iterable

import streamlit as st

from mxlib.auth.permissions import Caller, Permission, lacking
from mxlib.ui.widgets.format import escaped

_ASK = "Ask an admin for it."
NO_DOMAIN = f"You have no permission for any domain of this account yet. {_ASK}"
NO_DRAFT = f"You have no permission to import into all domains of these rows any more. {_ASK} They stay as they are."
NO_IMPORT = f"You have no permission to import into any domain. {_ASK}"


def exports(caller: Caller, domain: str) -> bool:
    """Return whether the caller may download the list of `domain`: nobody exports what they may not view."""
    return caller.may(Permission.VIEW, domain) and caller.may(Permission.EXPORT, domain)


def exports_anything(caller: Caller, domains: Iterable[str]) -> bool:
    """Return whether the caller may export one of `domains`, those of the account."""
    return caller.admin or any(exports(caller, domain) for domain in domains)


def say(sentence: str) -> None:
    """Say what the caller may not do."""
    st.info(escaped(sentence), icon=":material/lock:")


def lacks(caller: Caller, permission: Permission, domain: str) -> bool:
    """Return whether the caller lacks this permission; if so, say it."""
    if caller.may(permission, domain):
        return False
    say(f"{lacking(permission, domain)} {_ASK}")
    return True
