"""New mailbox: one form, validated by the rules of an import while it is typed; nothing typed is lost on a refusal."""

from collections.abc import Mapping, Sequence

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission, lacking
from mxlib.core import passwords
from mxlib.core.plans import change_text
from mxlib.services.changes import REFUSALS, not_done
from mxlib.services.mailboxes import InvalidField, MailboxDetails
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import client_setup
from mxlib.ui.widgets import actions, dialogs
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_FIELDS = ("username", "name", "password", "quota", "recovery_email")
_MADE = "new_made"

#: Holds what was typed into a form that was closed, but for its password.
_KEPT = "new_kept"


def forget() -> None:
    """Forget what was typed and made."""
    for name in (*(f"new_{field}" for field in _FIELDS), _MADE, "new_tried", "new_refused", "new_warned", "new_domain"):
        st.session_state.pop(name, None)


def _closed() -> None:
    """Forget what was made, and the password.

    A click outside the form loses nothing else that was typed.
    """
    typed = {f"new_{name}": text for name, text in _typed().items() if text and name != "password"}
    if _MADE not in st.session_state and typed:
        st.session_state[_KEPT] = typed
    forget()


@dialogs.dialog(
    "New mailbox", width="medium", icon=":material/person_add:", forget=_closed,
    must_stay=lambda: _MADE in st.session_state,
)  # fmt: skip
def ask(domains: Sequence[str]) -> None:
    """Show the form; after it the password, once, and the client setup. Of several domains, one is chosen."""
    st.session_state.update(st.session_state.pop(_KEPT, {}))
    domain = domains[0]
    if len(domains) > 1 and not st.session_state.get(_MADE):
        domain = st.selectbox("Domain", domains, key="new_domain")
    lacks = not layout.caller().may(Permission.IMPORT, domain)
    actions.notice(f"{lacking(Permission.IMPORT, domain)} Ask an admin for it." if lacks else "")
    if made := st.session_state.get(_MADE):
        if not lacks:
            _show(*made)
        return
    app = services.current()
    cells = _typed()
    validated = app.mailboxes.look(layout.caller(), domain, {**cells, "password": cells["password"] or None})
    faults = dict(validated.faults)
    if not cells["password"]:
        faults["password"] = change_text.NO_PASSWORD
    if refused := st.session_state.pop("new_refused", None):
        faults = {refused.field or "username": str(refused)}
    tried = bool(st.session_state.get("new_tried")) or refused is not None

    def field(name: str) -> None:
        """Show the problem of a field, once it was filled or the form was sent."""
        if name in faults and (tried or cells[name]):
            st.error(escaped(faults[name]), icon=":material/error:")

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Username", key="new_username", placeholder="jan.jansen", autocomplete="off")
        st.markdown(f"@{escaped(domain)}", width="content")
    field("username")
    st.text_input("Full name", key="new_name", placeholder="none", help="Kept here, for people to read.")
    field("name")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Password", key="new_password", type="password", autocomplete="new-password")
        st.button("Generate", icon=":material/casino:", key="new_generate", on_click=act(_generate))
    field("password")
    quota, recovery = st.columns(2)
    with quota:
        quota_of_new = app.mailboxes.default_quota(layout.caller(), domain)
        st.text_input("Quota", key="new_quota", placeholder=f"{quota_of_new:,} MB" if quota_of_new else "unlimited")
        field("quota")
    with recovery:
        st.text_input("Recovery email", key="new_recovery_email", placeholder="none", help="Kept here, for its owner.")
        field("recovery_email")
    for warning in validated.warnings:
        st.warning(escaped(warning), icon=":material/info:")
    with st.container(horizontal=True):
        warned = not validated.warnings or st.session_state.get("new_warned") == validated.warnings
        label = "Create anyway" if validated.warnings and warned else "Create mailbox"
        if st.button(label, type="primary", key="new_go"):
            st.session_state.update(new_tried=True, new_warned=validated.warnings)
            if faults or not warned:
                dialogs.redraw()
            _create(domain, cells)
        if st.button("Cancel", key="new_cancel"):
            forget()
            dialogs.leave()


def _typed() -> dict[str, str]:
    return {name: str(st.session_state.get(f"new_{name}") or "").strip() for name in _FIELDS if name != "password"} | {
        "password": str(st.session_state.get("new_password") or "")
    }


def _generate() -> None:
    st.session_state["new_password"] = passwords.generate()


def _create(domain: str, cells: Mapping[str, str]) -> None:
    try:
        with st.spinner("Creating…", show_time=True):
            kept = services.current().mailboxes.create(layout.caller(), domain, cells)
    except InvalidField as refusal:
        st.session_state["new_refused"] = refusal
        dialogs.redraw()
    except REFUSALS as refusal:
        st.error(escaped(not_done(refusal)), icon=":material/block:")
        return
    st.session_state[_MADE] = (kept, cells["password"])
    st.rerun()  # the whole page, so that the dialog stays


def _show(kept: MailboxDetails, password: str) -> None:
    address = f"{kept.box.username}@{kept.domain}"
    st.markdown(f"Mailbox created. **{change_text.COPY_PASSWORD}**")
    st.code(password, language=None)
    for warning in kept.warnings:
        st.warning(escaped(warning), icon=":material/info:")
    client_setup.show(address, password)
    with st.container(horizontal=True):
        if st.button("Done", type="primary", key="new_done"):
            dialogs.leave()
        if st.button("Create another", key="new_another"):
            forget()
            st.rerun()
