"""The default domain of an import: the one of rows that name none."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.editing.editor import Editor
from mxlib.ui.app import layout
from mxlib.ui.imports import editor
from mxlib.ui.widgets import domain_field, permissions
from mxlib.ui.widgets.format import escaped

_LABEL = "Default domain"
_HELP = "For rows that name no domain. A file with full addresses needs none."


def names() -> tuple[str, ...]:
    """Return the domains that the caller may import into."""
    caller = layout.caller()
    return tuple(name for name in services.current().lists.domains(caller).names if caller.may(Permission.IMPORT, name))


def ask(first: str = "") -> str:
    """Show the field before there are rows; return the domain, blank when none is known."""
    with st.container(key="default-domain", width=360):
        domain = domain_field.choose(_LABEL, found := names(), key="import_domain", first=first, help=_HELP)
    if len(found) == 1:
        st.markdown(f"{_LABEL}: **{escaped(domain)}**", help=_HELP)
    return domain


def say_what_lacks() -> None:
    """Say when the caller may not import into the domain in the address."""
    asked = st.query_params.get("domain", "")
    if asked in services.current().lists.domains(layout.caller()).names:
        permissions.lacks(layout.caller(), Permission.IMPORT, asked)


def show(current: Editor) -> None:
    """Show the field of an open preview; a change of it validates the rows again."""
    found = names()
    others = () if current.domain in found else (current.domain,)
    if len(found) + len(others) == 1:
        st.markdown(f"{_LABEL}: **{escaped(current.domain or 'none')}**", width="content", help=_HELP)
        return
    st.session_state["import_domain"] = current.domain
    st.markdown(f"{_LABEL}:", width="content", help=_HELP)
    st.selectbox(
        _LABEL, [*others, *found], key="import_domain", width=260, label_visibility="collapsed",
        format_func=lambda name: name or "none", on_change=editor.change(current, _use, current),
    )  # fmt: skip
    domain_field.write(current.domain, key="import_domain")


def _use(current: Editor) -> None:
    current.use_domain(str(st.session_state["import_domain"]))
