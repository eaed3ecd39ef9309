"""No role gets further with an action of a page than its table says; each listed action has an entry in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL, Permission
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.services import Services, build, install
from mxlib.settings import Settings
from mxlib.ui.app import session
from tests.support import sign_in as people
from tests.support.hypothesis_profiles import examples
from tests.ui.test_open_tabs import ACTIONS, HERE, OTHER, PASSWORD, Action, found, prepared, world

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

ADMIN, OWN = "admin", "own"
VIEW, SUPPORT, IMPORT, EXPORT, DELETE = (
    Permission.VIEW, Permission.SUPPORT, Permission.IMPORT, Permission.EXPORT, Permission.DELETE,
)  # fmt: skip

#: What each action needs at least, by its page, the first step to it, and its key; a step of `*` stands for any.
TABLE: Mapping[tuple[str, str, str], str | Permission] = {
    **dict.fromkeys((("access", "*", key) for key in (
        "own-sign-out", "own-sign-out-others", "own-end-", "own-change",
    )), OWN),
    **dict.fromkeys((("access", "*", key) for key in (
        "add", "save-rights", "make-password", "sign-out", "unlink", "reset-factor", "disable-now", "enable",
        "reset-known", "make-token", "revoke", "token-hand-over",
    )), ADMIN),
    **dict.fromkeys((("clients", "*", key) for key in (
        "save-client", "save-self-service", "delete-client", "import-clients",
    )), ADMIN),
    **dict.fromkeys((("texts", "*", key) for key in (
        "save-text", "reset-text", "save-letterhead", "text-test",
    )), ADMIN),
    **dict.fromkeys((("outbox", "*", key) for key in ("outbox-test", "outbox-try", "outbox-discard")), ADMIN),
    **dict.fromkeys((("email_accounts", "*", key) for key in ("confirm-time", "continue-restored")), ADMIN),
    ("audit", "*", "audit-accept"): ADMIN,
    **dict.fromkeys((("notices", "*", key) for key in (
        "channel-add", "channel-save", "channel-test", "channel-delete", "save-preferences",
    )), ADMIN),
    **dict.fromkeys((("notices", "*", key) for key in ("snooze-", "unsnooze-")), SUPPORT),
    ("background_tasks", "*", "run-task-"): ADMIN,
    **dict.fromkeys((("import_mailboxes", "*", key) for key in (
        "preview_import", "recheck", "create", "start", "discard", "map_done", "go-on-", "forget-",
    )), IMPORT),
    ("email_accounts", "*", "new_go"): IMPORT,
    ("email_accounts", "*", "export-all"): EXPORT,
    **dict.fromkeys((("email_accounts", "*", key) for key in ("view-save", "view-rename", "view-delete")), VIEW),
    **dict.fromkeys((("email_accounts", "*", key) for key in ("find_read", "do_setup")), VIEW),
    ("mailbox", "*", "refresh"): VIEW,
    **dict.fromkeys((("email_accounts", "*", key) for key in (
        "do_quota", "do_more", "do_password", "do_lock", "do_unlock", "do_recovery", "do_name", "do_link", "links_go",
        "unconfirmed_show_", "unconfirmed_forget_",
    )), SUPPORT),
    **dict.fromkeys((("mailbox", "*", key) for key in (
        "card_more", "card_quota", "card_password", "card_lock", "card_unlock", "card_recovery", "card_name",
        "card_link", "links_go", "ask_recovery", "unconfirmed_show_", "unconfirmed_forget_", "link-resend-",
        "link-revoke-", "link-copy-",
    )), SUPPORT),
    **dict.fromkeys((("email_accounts", first, "change_go") for first in (
        "do_quota", "do_password", "do_lock", "do_unlock", "do_recovery", "do_name",
    )), SUPPORT),
    **dict.fromkeys((("mailbox", first, "change_go") for first in (
        "card_more", "card_quota", "card_password", "card_lock", "card_unlock", "card_recovery", "card_name",
    )), SUPPORT),
    ("email_accounts", "*", "do_delete"): DELETE,
    ("email_accounts", "do_delete", "change_go"): DELETE,
    ("mailbox", "*", "card_delete"): DELETE,
    ("mailbox", "card_delete", "change_go"): DELETE,
    **dict.fromkeys((("jobs", "*", key) for key in (
        "dated-off-", "dated-delete-", "undo_look", "undo_do",
    )), DELETE),
    **dict.fromkeys((("jobs", "*", key) for key in (
        "pause", "stop", "resume", "resume-", "retry", "take", "forget", "extend", "mark_handed", "unmark_handed",
        "mark_offered", "copy_message", "mark_message", "new_handed_password", "mark_renewed", "change_go",
        "send_links", "links_go", "links_test",
    )), IMPORT),
    **dict.fromkeys((("jobs", "*", key) for key in (
        "links_remind", "links_again", "board_resend", "board_revoke", "board_copy", "link_show",
    )), SUPPORT),
}  # fmt: skip


def has(rights: frozenset[Permission]) -> frozenset[Permission]:
    """Return permissions with what they include: `import` has `support`, and each of both has `view`."""
    more = {SUPPORT, VIEW} if IMPORT in rights else {VIEW} if SUPPORT in rights else set()
    return rights | more


def needed(action: Action, way: tuple[str, ...]) -> str | Permission | None:
    """Return the entry of an action; None without one."""
    first = way[0] if way else ""
    return TABLE.get((action.page, first, action.key), TABLE.get((action.page, "*", action.key)))


def beyond(role: Role, needs: str | Permission | None) -> bool:
    """Return whether an action is beyond a role."""
    return needs == ADMIN or (isinstance(needs, Permission) and needs not in has(PERMISSIONS[role]))


#: Each action with each role that it is beyond.
CASES = [(action, way, role) for action, way in ACTIONS for role in Role if beyond(role, needed(action, way))]


def test_every_listed_action_has_an_entry() -> None:
    lacking = [(action.page, way, action.key) for action, way in ACTIONS if needed(action, way) is None]
    assert lacking == []


def test_every_entry_is_of_a_listed_action() -> None:
    listed = {(action.page, first, action.key) for action, way in ACTIONS for first in ("*", way[0] if way else "*")}
    assert set(TABLE) <= listed


def test_an_action_that_a_role_may_do_is_listed_for_it() -> None:
    """The rights that prepare an action suffice for it."""
    for action, way in ACTIONS:
        needs = needed(action, way)
        if isinstance(needs, Permission):
            rights = frozenset(Permission(right) for right in action.rights.split())
            assert needs in has(rights), (action, way)


@contextmanager
def served() -> Iterator[Services]:
    """Yield a server with a boss and a colleague."""
    with TemporaryDirectory() as folder:
        built = build(Settings(data_dir=Path(folder), sandbox_window_s=1.0, sandbox_writes=50, sandbox_reads=400))
        install(built)
        try:
            built.run_manager.recover()
            built.users.add(LOCAL, "boss", PASSWORD, admin=True)
            built.users.add(LOCAL, OTHER, PASSWORD, permissions={HERE: list(Permission)})
            yield built
        finally:
            install(None)
            built.close()


@given(case=st.sampled_from(CASES))
@settings(max_examples=examples(60))
def test_no_role_gets_further_with_an_action_than_its_table_says(case: tuple[Action, tuple[str, ...], Role]) -> None:
    action, way, role = case
    with pytest.MonkeyPatch.context() as patch, served() as services:
        patch.setattr(session, "session", lambda: "")
        tab = prepared(services, action, way)
        becomes(services, tab.number, role)
        before = world(services)
        found(tab.app, action.key).click().run()
        assert not tab.app.exception, tab.app.exception
        assert world(services) == before
        assert "Geheim.2026x" not in [code.value for code in tab.app.code], "a password is shown"


def becomes(services: Services, number: int, role: Role) -> None:
    """Give a person one role in the domains where they had rights."""
    rights = {HERE: PERMISSIONS[role], "clientb.nl": PERMISSIONS[role]}
    own = list(rights) if role is Role.CLIENT_ADMIN else []
    services.users.change(LOCAL, number, admin=False, permissions=rights, client_admin=own)
