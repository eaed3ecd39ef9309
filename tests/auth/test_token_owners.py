"""Owners of tokens: no token outlives its owner, or allows more than its owner may."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib import cli
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.token_owners import NEAR_END_DAYS, UNUSED_DAYS, Mark, describe_mark, maker, marks, works
from mxlib.auth.tokens import InvalidToken, Tokens, digest
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.core.vocabulary import AuditAction
from mxlib.store import FILE, Store, audit
from tests.support import app as support
from tests.support.app import App, data, refused, trail
from tests.support.audit_entries import audit_entries
from tests.support.pages import ENTRY, PAGES, just_signed_in
from tests.support.sign_in import ManualClock, brisk

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")

DAY, GOOD = 86_400.0, "correct horse battery"
KIM, BOSS = Caller("kim", admin=True), Caller("boss", admin=True, address="10.0.0.1")


class Desk:
    """Two admins and another user, with their tokens."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.users, self.tokens = Users(store, clock), Tokens(store, clock)
        self.boss, self.kim = (self.users.add(LOCAL, name, GOOD, admin=True) for name in ("boss", "kim"))
        self.lee = self.users.add(LOCAL, "lee", GOOD, permissions={"a.nl": ["view"]})

    def works(self, token: str) -> bool:
        try:
            self.tokens.caller(token)
        except InvalidToken:
            return False
        return True

    def audit_entries(self, what: str) -> list[tuple[str, str, str]]:
        with self.store.read() as tx:
            found = [entry for entry in audit_entries(tx) if entry["what"] == what]
        return [(str(entry["who"]), str(entry["on"]), str(entry["outcome"])) for entry in reversed(found)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    store = Store.open(tmp_path / FILE, clock)
    yield Desk(store, clock)
    store.close()


def test_disabling_a_user_revokes_and_names_their_tokens(desk: Desk) -> None:
    theirs, others = desk.tokens.create(KIM, "nightly", admin=True), desk.tokens.create(BOSS, "weekly", admin=True)
    released = desk.users.disable(BOSS, desk.kim)
    assert [token.name for token in released.revoked] == ["nightly"]
    assert not released.handed_over
    assert (desk.works(theirs), desk.works(others)) == (False, True)
    assert desk.audit_entries("token.revoke") == [("boss", "nightly (token 1)", "its maker is disabled: kim")]


def test_enabling_a_user_restores_no_token(desk: Desk) -> None:
    token = desk.tokens.create(KIM, "nightly", admin=True)
    desk.users.disable(BOSS, desk.kim)
    desk.users.enable(BOSS, desk.kim)
    assert not desk.works(token)


def test_single_tokens_are_handed_over_to_another_admin_as_owner(desk: Desk) -> None:
    kept, dropped = (desk.tokens.create(KIM, name, admin=True) for name in ("kept", "dropped"))
    released = desk.users.disable(BOSS, desk.kim, hand_over=[1], to=" Boss ")
    assert [token.name for token in released.handed_over] == ["kept"]
    assert (desk.works(kept), desk.works(dropped)) == (True, False)
    assert desk.audit_entries("token.hand_over") == [("boss", "kept (token 1)", "from kim to boss")]
    assert maker(desk.tokens.list_all(BOSS)[-1]) == "kim, now boss"
    desk.users.enable(BOSS, desk.kim)
    desk.users.disable(KIM, desk.boss)
    assert not desk.works(kept)


@pytest.mark.parametrize(
    ("tokens", "to", "why"),
    [
        ([1], "lee", "lee is no admin here"),
        ([1], "nobody", "nobody is no admin here"),
        ([1], "", "Nobody is no admin here"),
        ([1], "kim", "kim is being disabled"),
        ([2], "boss", "Token 2 is no token of kim that works"),
        ([3], "boss", "Token 3 is no token of kim that works"),
        ([9], "boss", "Token 9 is no token of kim that works"),
    ],
)
def test_an_invalid_hand_over_disables_no_user(desk: Desk, tokens: list[int], to: str, why: str) -> None:
    token = desk.tokens.create(KIM, "nightly", admin=True)
    desk.tokens.create(BOSS, "of another user", admin=True)
    desk.tokens.create(KIM, "gone", admin=True)
    desk.tokens.revoke(BOSS, 3)
    with pytest.raises(InvalidPassword, match=why):
        desk.users.disable(BOSS, desk.kim, hand_over=tokens, to=to)
    assert desk.works(token)
    found = desk.users.find("kim")
    assert found is not None
    assert found.disabled_at is None


def test_a_token_is_limited_to_the_present_permissions_of_its_owner(desk: Desk) -> None:
    all_of_it = desk.tokens.create(KIM, "whole", admin=True)
    some = desk.tokens.create(KIM, "some", domains={"*": {Permission.VIEW, Permission.IMPORT}})
    one = desk.tokens.create(KIM, "one", domains={"a.nl": {Permission.VIEW}, "b.nl": {Permission.DELETE}})
    desk.users.change(BOSS, desk.kim, admin=False, permissions={"a.nl": ["view", "delete"]})
    view, delete = Permission.VIEW, Permission.DELETE
    expected = [(all_of_it, {"a.nl": {view, delete}}), (some, {"a.nl": {view}}), (one, {"a.nl": {view}})]
    for token, domains in expected:
        caller = desk.tokens.caller(token)
        assert (caller.admin, caller.domains) == (False, domains)
    desk.users.change(BOSS, desk.kim, permissions={"*": ["delete"]})
    assert desk.tokens.caller(one).domains == {"b.nl": {delete}}
    desk.users.change(BOSS, desk.kim, permissions={"*": ["support"]})
    assert desk.tokens.caller(some).domains == {"*": {view, Permission.SUPPORT}}
    desk.users.change(BOSS, desk.kim, permissions={})
    assert desk.tokens.caller(all_of_it).domains == {}
    assert Mark.LIMITED in marks(desk.tokens.list_all(BOSS)[0], desk.clock.now())
    desk.users.change(BOSS, desk.kim, admin=True)
    assert desk.tokens.caller(all_of_it).admin


def test_a_token_of_the_command_line_has_no_owner_until_it_is_handed_over(desk: Desk) -> None:
    token = desk.tokens.create(Caller("root (script/mxm)", admin=True), "nightly", admin=True)
    assert maker(desk.tokens.list_all(BOSS)[0]) == "root (script/mxm), no user"
    desk.tokens.hand_over(BOSS, 1, "kim")
    assert desk.audit_entries("token.hand_over") == [("boss", "nightly (token 1)", "from root (script/mxm) to kim")]
    assert [found.id for found in desk.tokens.of(BOSS, desk.kim)] == [1]
    desk.users.disable(BOSS, desk.kim)
    assert not desk.works(token)


@pytest.mark.parametrize("caller", [Caller("lee"), Caller("t (token 1)", admin=True, kind="token")])
def test_only_signed_in_admins_hand_tokens_over(desk: Desk, caller: Caller) -> None:
    desk.tokens.create(KIM, "nightly", admin=True)
    for act in (
        lambda: desk.tokens.hand_over(caller, 1, "boss"),
        lambda: desk.tokens.of(caller, desk.kim),
        lambda: desk.users.disable(caller, desk.kim, hand_over=[1], to="boss"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_token_ends_after_a_year_by_default_and_the_audit_log_says_so(desk: Desk) -> None:
    token = desk.tokens.create(KIM, "usual", admin=True)
    desk.tokens.create(KIM, "endless", admin=True, days=None)
    (_, _, usual), (_, _, endless) = desk.audit_entries("token.create")
    assert usual.startswith("admin; ends ")
    assert endless == "admin; never ends"
    desk.clock.at += 365 * DAY
    assert not desk.works(token)


def test_tokens_near_their_end_and_unused_ones_are_marked(desk: Desk) -> None:
    desk.tokens.create(KIM, "endless", admin=True, days=None)
    token = desk.tokens.create(KIM, "short", admin=True, days=NEAR_END_DAYS + 1)

    def marked() -> list[list[str]]:
        now = desk.clock.now()
        return [[describe_mark(each, mark, now) for mark in marks(each, now)] for each in desk.tokens.list_all(BOSS)]

    assert marked() == [[], []]
    desk.clock.at += DAY
    assert marked() == [["ends in 30 days"], []]
    desk.tokens.caller(token)
    desk.clock.at += (UNUSED_DAYS - 1) * DAY
    assert marked() == [[], ["never used in 90 days"]]


# Earlier releases.


def test_the_migration_revokes_tokens_of_disabled_users(tmp_path: Path) -> None:
    schema = Path(__file__).parents[1] / "files" / "schemas" / "0005.sql"
    with closing(sqlite3.connect(tmp_path / FILE)) as raw:
        raw.executescript(schema.read_text())
        raw.execute("DELETE FROM token")
        for name, disabled in (("gone@x.example", 5.0), ("here@x.example", None)):
            raw.execute(
                'INSERT INTO "user" (name, admin, permissions, created_by, created_at, disabled_at) '
                "VALUES (?, 1, '{}', 'x', 1.0, ?)",
                (name, disabled),
            )
        for at, by in enumerate(("gone@x.example", "here@x.example", "root (script/mxm)"), 1):
            raw.execute(
                "INSERT INTO token (id, name, digest, admin, permissions, created_by, created_at) "
                "VALUES (?, 'old', ?, 1, '{}', ?, 1.0)",
                (at, digest(f"mxm_{at}"), by),
            )
        raw.commit()
    clock = ManualClock()
    store = Store.open(tmp_path / FILE, clock, "key of the schema fixtures")
    users, tokens = Users(store, clock), Tokens(store, clock)
    gone = users.find("gone@x.example")
    assert gone is not None

    def working() -> list[bool]:
        return [works(token, clock.now()) for token in reversed(tokens.list_all(BOSS))]

    assert working() == [False, True, True]
    with store.read() as tx:
        revoked = next(entry for entry in audit_entries(tx) if entry["what"] == "token.revoke")
    assert revoked["on"] == "old (token 1)"
    assert revoked["outcome"] == "its maker is disabled: gone@x.example"
    users.enable(BOSS, gone.id)
    assert working() == [False, True, True]
    with pytest.raises(InvalidToken):
        tokens.caller("mxm_1")
    assert tokens.caller("mxm_2").admin
    store.close()


def test_a_token_of_a_disabled_owner_is_refused_although_not_revoked(desk: Desk) -> None:
    token = desk.tokens.create(KIM, "nightly", admin=True)
    with desk.store.write() as tx:
        tx.exec_driver_sql("UPDATE \"user\" SET disabled_at = 5.0 WHERE name = 'kim'")
    with pytest.raises(InvalidToken, match="The owner of this token is disabled"):
        desk.tokens.caller(token)


# The command line.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    store = Store.open(tmp_path / FILE, SystemClock())
    desk = Desk(store, SystemClock())  # type: ignore[arg-type]
    for name in ("nightly", "weekly"):
        desk.tokens.create(KIM, name, domains={"a.nl": {Permission.VIEW}})
    store.close()
    return tmp_path


def test_the_command_lists_revoked_and_handed_over_tokens(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["user", "disable", "kim", "--hand-over", "2", "--to", "boss"]) == 0
    assert capsys.readouterr().out == (
        "revoked\t1\tnightly\ta.nl: view\nhanded over to boss\t2\tweekly\ta.nl: view\n"
    )  # fmt: skip
    cli.main(["token", "list"])
    weekly, nightly = capsys.readouterr().out.splitlines()
    assert weekly.startswith("2\tweekly\ta.nl: view\tmade by kim, now boss\tends 20")
    assert weekly.endswith("\tnever used")
    assert "\trevoked 20" in nightly


def test_the_command_counts_unchanged_passwords_that_the_user_could_have_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store.open(folder / FILE, SystemClock())
    with store.write() as tx:
        for who, on in (("kim", "ann@a.nl"), ("nightly (token 1)", "bob@a.nl"), ("boss", "cas@a.nl")):
            audit.record(tx, audit.Actor(who), AuditAction.MAILBOX_CREATE, at=5.0, on=on)
    store.close()
    assert cli.main(["user", "disable", "kim"]) == 0
    assert "kim could have read 2 unchanged passwords of mailboxes." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [("--hand-over 2", "Give --to ADMIN"), ("--hand-over 2 --to lee", "lee is no admin"), ("--hand-over 7 --to boss",
     "Token 7 is no token of kim")],
)  # fmt: skip
def test_the_command_disables_no_user_when_it_cannot_hand_over(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    assert cli.main(["user", "disable", "kim", *words.split()]) == 2
    assert message in capsys.readouterr().err
    cli.main(["user", "list"])
    assert "disabled" not in capsys.readouterr().out


def test_the_command_hands_a_token_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "hand-over", "1", "boss"]) == 0
    assert cli.main(["token", "hand-over", "1", "lee"]) == 2
    assert "lee is no admin" in capsys.readouterr().err


def test_the_command_defaults_to_a_year_and_warns_of_a_token_without_end(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["token", "create", "usual", "--admin"]) == 0
    assert not capsys.readouterr().err
    assert cli.main(["token", "create", "endless", "--admin", "--expires", "never"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("mxm_")
    assert printed.out.count("\n") == 1
    assert "This token never ends by itself." in printed.err
    cli.main(["token", "list"])
    endless, usual, *_ = capsys.readouterr().out.splitlines()
    assert "\tnever ends\t" in endless
    assert ", no user\tends 20" in usual


# The page.


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        for name in ("boss", "kim"):
            opened.services.users.add(LOCAL, name, GOOD, admin=True)
        yield opened


def leaving() -> None:
    """Draw a page with only the question before a user is disabled."""
    from mxlib import services
    from mxlib.ui.admin import disable_user

    kim = services.current().users.find("kim")
    assert kim is not None
    if kim.disabled_at is None:
        disable_user.show(kim.id, kim.name)


def test_the_page_hands_over_ticked_tokens_and_revokes_the_others(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    just_signed_in(monkeypatch)
    kim = app.services.users.caller("kim")
    kept, gone = (app.services.access.create_token(kim, name, admin=True, given={}, days=365) for name in "ab")
    tab = AppTest.from_function(leaving, default_timeout=60)
    tab.user = {"email": "boss"}
    tab.run()
    assert not tab.exception
    assert "2 tokens" in tab.markdown[0].value
    assert [box.label.replace("\\", "") for box in tab.checkbox] == [
        "Hand over b (token 3): Admin: everything", "Hand over a (token 2): Admin: everything",
    ]  # fmt: skip
    assert tab.button(key="disable-now").label == "Disable, and revoke 2 tokens"
    tab.checkbox(key="keep-token-2").check().run()
    assert tab.selectbox(key="keep-to").value == "boss"
    tab.button(key="disable-now").click().run()
    assert not tab.exception
    assert data(app.ask("GET", "/me", token=kept))["admin"]
    refused(app.ask("GET", "/me", token=gone), 401, "This token was revoked.")
    assert [(what, on) for what, on, _ in trail(app) if what != "token.refused"][-3:] == [
        ("user.disable", "kim"), ("token.revoke", "b (token 3)"), ("token.hand_over", "a (token 2)"),
    ]  # fmt: skip


def test_the_page_shows_maker_end_and_last_use_and_marks_doubtful_tokens(app: App) -> None:
    access, kim = app.services.access, app.services.users.caller("kim")
    access.create_token(kim, "soon", admin=True, given={}, days=20)
    access.create_token(kim, "endless", admin=True, given={}, days=None)
    access.hand_token_over(app.services.users.caller("boss"), 3, "boss")
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE token SET created_at = created_at - 91 * 86400, last_used_at = NULL WHERE id = 3")
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": "boss"}
    tab.session_state["tokens-picked"] = 3
    tab.run().switch_page(str(PAGES / "access.py")).run()
    assert not tab.exception
    table = tab.dataframe[1].value.set_index("Name")
    assert table.loc["endless", "State"] == "Works, never ends"
    assert table.loc["endless", "Look at"] == "Never used in 91 days"
    assert str(table.loc["endless", "Made"]).endswith("by kim, now boss")
    assert str(table.loc["soon", "State"]).startswith("Works until ")
    assert table.loc["soon", "Look at"] == "Ends in 20 days"
    assert table.loc["soon", "Last used"] == "never"
    assert str(table.loc["test", "Made"]).endswith("by local operator, no user")
    tab.selectbox(key="token-owner").set_value("kim").run()
    tab.button(key="token-hand-over").click().run()
    assert not tab.exception
    assert trail(app)[-1] == ("token.hand_over", "endless (token 3)", "boss")
    assert maker(next(token for token in access.tokens(kim) if token.id == 3)) == "kim"


def making() -> None:
    """Draw a page with only the form that creates a token."""
    import streamlit as st

    from mxlib.ui.admin import permissions
    from mxlib.ui.admin import tokens as access_tokens

    if access_tokens.RIGHTS not in st.session_state:
        permissions.begin(access_tokens.RIGHTS, admin=True)
    access_tokens._make.__wrapped__()  # type: ignore[attr-defined]


def test_the_form_defaults_to_a_year_and_warns_of_a_token_without_end(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_signed_in(monkeypatch)
    tab = AppTest.from_function(making, default_timeout=60)
    tab.user = {"email": "boss"}
    tab.run()
    assert not tab.exception
    assert not tab.warning
    tab.text_input(key="token-name").set_value("nightly").run()
    tab.button(key="make-token").click().run()
    made = app.services.access.tokens(app.services.users.caller("boss"))[0]
    assert (made.name, made.expires_at) == ("nightly", made.created_at + 365 * DAY)

    tab = AppTest.from_function(making, default_timeout=60)
    tab.user = {"email": "boss"}
    tab.session_state["token-ends"] = 0
    tab.run()
    assert "It never ends by itself" in tab.warning[0].value
