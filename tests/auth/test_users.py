"""Users: names, passwords, permissions, and the last admin who stays."""

import io
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from mxlib import cli
from mxlib.auth import passwords
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Forbidden, Permission
from mxlib.auth.sign_in import ClientInfo
from mxlib.auth.throttle import TooManyAttempts
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, mailbox_lists
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, OTHER, SignInApp

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk


@pytest.fixture
def users(app: SignInApp) -> Users:
    return app.users


def number(users: Users, name: str) -> int:
    user = users.find(name)
    assert user is not None
    return user.id


def test_a_user_has_their_permissions_and_changes_count_at_once(users: Users) -> None:
    jo = users.add(BOSS, "Jo@Agency.example", GOOD, permissions={"A.nl ": {"view", "import"}, EVERY_DOMAIN: ["view"]})
    caller = users.caller("jo@agency.example", "10.0.0.9")
    assert caller.may(Permission.IMPORT, "a.nl")
    assert caller.may(Permission.VIEW, "b.nl")
    assert not caller.may(Permission.IMPORT, "b.nl")
    assert (caller.name, caller.admin, caller.address, caller.kind) == (
        "jo@agency.example", False, "10.0.0.9", "operator"
    )  # fmt: skip
    users.change(BOSS, jo, permissions={"b.nl": ["delete"]})
    assert not users.caller("jo@agency.example").may(Permission.IMPORT, "a.nl")
    users.change(BOSS, jo, admin=True)
    assert users.caller("jo@agency.example").may(Permission.EXPORT, "z.nl")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (" ", "Type a name, such as kim"),
        ("MXM", "mxm is a name that MXM uses itself."),
        ("a b", "A name has letters a-z, digits and"),
    ],
)
def test_an_invalid_name_is_refused_with_the_reason(users: Users, name: str, why: str) -> None:
    with pytest.raises(InvalidPassword, match=why):
        users.add(BOSS, name, GOOD)


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "ci (token 1)", "local operator", "MXM", "root (script/mxm)", "engine", ".a", "a,b", "ö", "a\nb",
     "x" * 255, "a<b>"],
)  # fmt: skip
def test_reserved_and_invalid_names_are_refused(users: Users, name: str) -> None:
    with pytest.raises(InvalidPassword, match="name"):
        users.add(BOSS, name, GOOD)
    assert users.find(name) is None


def test_names_are_unique_without_regard_to_case(users: Users) -> None:
    with pytest.raises(InvalidPassword, match="There is a user kim already"):
        users.add(BOSS, "KIM", GOOD)


@pytest.mark.parametrize(
    ("password", "message"),
    [("short", "5 characters; 12"), ("aaaaaaaaaaaaa", "a repetition"), ("x1y2" * 100, "256 are the most"),
     ("Someone@agency.nl", "is the name")],
)  # fmt: skip
def test_a_weak_password_is_refused_with_the_reason(users: Users, password: str, message: str) -> None:
    with pytest.raises(InvalidPassword, match=message) as refused:
        users.add(BOSS, "someone@agency.nl", password)
    assert password not in str(refused.value)


def test_a_password_is_stored_as_a_hash_only(users: Users, app: SignInApp) -> None:
    assert users.verify("kim", GOOD)
    assert users.verify(" KIM ", GOOD)
    assert not users.verify("kim", GOOD + "x")
    assert not users.verify("nobody", GOOD)
    assert not users.verify("kim", "")
    assert GOOD.encode() not in app.kept()
    assert "argon2" not in repr(users.list_all(BOSS))


def test_a_password_matches_in_any_unicode_normal_form(users: Users) -> None:
    users.add(BOSS, "jo", "Bürostühle im Café")
    assert users.verify("jo", "Bu\u0308rostu\u0308hle im Cafe\u0301")


def test_an_unknown_name_costs_as_much_work_as_a_known_one(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    plain = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str, password: str) -> bool:
        tried.append(kept)
        return bool(plain(self, kept, password))

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in ("kim", "nobody"):
        tried.clear()
        assert not users.verify(name, "wrong all over")
        assert len(tried) == 1


def test_a_hash_with_old_parameters_is_renewed_at_the_next_sign_in(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = users.find("kim")
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert users.verify("kim", GOOD)
    after = users.find("kim")
    assert before
    assert after
    assert before.password_hash != after.password_hash
    assert users.verify("kim", GOOD)


def test_the_last_admin_can_be_neither_disabled_nor_demoted(users: Users) -> None:
    kim = number(users, "kim")
    for act in (lambda: users.disable(BOSS, kim), lambda: users.change(BOSS, kim, admin=False)):
        with pytest.raises(InvalidPassword, match="last admin who can sign in"):
            act()
    assert users.caller("kim").admin
    jo = users.add(BOSS, "jo", admin=True)
    with pytest.raises(InvalidPassword, match="last admin"):  # jo has no password, and there is no provider
        users.disable(BOSS, kim)
    users.set_password(BOSS, jo, GOOD)
    users.disable(BOSS, kim)
    with pytest.raises(Forbidden, match="disabled"):
        users.caller("kim")
    users.enable(BOSS, kim)
    assert users.caller("kim").admin


def test_the_first_user_must_be_an_admin_with_a_password(tmp_path: Path) -> None:
    with people.opened(tmp_path) as app:
        for more in ({"admin": False, "password": GOOD}, {"admin": True, "password": None}):
            with pytest.raises(InvalidPassword, match="first user has to be an admin with a password"):
                app.users.add(BOSS, "kim", **more)  # type: ignore[arg-type]
        assert not app.users.any_exist()
    with people.opened(tmp_path, **people.PROVIDER) as app:
        assert app.users.can_sign_in()
        app.users.add(BOSS, "kim", permissions={"a.nl": ["view"]})


def test_only_admins_and_no_tokens_manage_users(users: Users) -> None:
    nobody, token = Caller("jo"), Caller("ci (token 1)", admin=True, kind="token")
    for caller in (nobody, token):
        for do in (
            lambda by: users.add(by, "x1", GOOD),
            lambda by: users.change(by, 1, admin=True),
            lambda by: users.disable(by, 1),
            lambda by: users.enable(by, 1),
            lambda by: users.set_password(by, 1, OTHER),
            lambda by: users.list_all(by),
        ):
            with pytest.raises(Forbidden):
                do(caller)
    assert users.verify("kim", GOOD)


def test_a_new_password_or_disabling_ends_the_sessions(users: Users, app: SignInApp) -> None:
    jo = app.add_user("jo")
    session_id = app.entrance.sign_in_with_password("jo", GOOD, ClientInfo("10.0.0.1"))
    assert app.sessions.find(session_id)
    users.set_password(BOSS, jo, OTHER)
    people.own_password(jo, app.store)
    assert app.sessions.find(session_id) is None
    session_id = app.entrance.sign_in_with_password("jo", OTHER, ClientInfo("10.0.0.1"))
    users.disable(BOSS, jo)
    assert app.sessions.find(session_id) is None
    users.enable(BOSS, jo)
    assert app.sessions.find(session_id) is None


def test_changing_the_own_password_keeps_only_this_session(users: Users, app: SignInApp) -> None:
    here, there = (app.entrance.sign_in_with_password("kim", GOOD, ClientInfo("10.0.0.1")) for _ in range(2))
    kim = users.caller("kim", "10.0.0.1")
    with pytest.raises(InvalidPassword, match="current password is not right"):
        users.change_own_password(kim, "not my password", OTHER, keep=here)
    with pytest.raises(InvalidPassword, match="is the current one"):
        users.change_own_password(kim, GOOD, GOOD, keep=here)
    users.change_own_password(kim, GOOD, OTHER, keep=here)
    assert users.verify("kim", OTHER)
    assert app.sessions.find(here)
    assert app.sessions.find(there) is None
    with pytest.raises(Forbidden):
        users.change_own_password(Caller("ci (token 1)", admin=True, kind="token"), GOOD, OTHER)


def test_guesses_of_the_current_password_are_limited(users: Users) -> None:
    kim = users.caller("kim", "10.0.0.1")
    for guess in range(10):
        with pytest.raises(InvalidPassword, match="not right"):
            users.change_own_password(kim, f"guess number {guess}", OTHER)
    with pytest.raises(TooManyAttempts):
        users.change_own_password(kim, GOOD, OTHER)


def test_every_change_of_users_is_in_the_audit_log_without_a_password(users: Users, app: SignInApp) -> None:
    jo = users.add(BOSS, "jo", GOOD, permissions={"a.nl": ["view"]})
    users.change(BOSS, jo, permissions={})
    users.set_password(BOSS, jo, OTHER)
    users.disable(BOSS, jo)
    users.enable(BOSS, jo)
    assert app.trail()[1:] == [
        ("user.add", "boss", "jo", "a.nl: view"),
        ("user.change", "boss", "jo", "no permission"),
        ("password.set", "boss", "jo", ""),
        ("user.disable", "boss", "jo", ""),
        ("user.enable", "boss", "jo", ""),
    ]


def test_an_account_at_the_provider_belongs_to_one_user(users: Users) -> None:
    kim, jo = number(users, "kim"), users.add(BOSS, "jo", GOOD)
    users.link(kim, "https://id.example|1")
    users.link(kim, "https://id.example|1")
    found = users.of_subject("https://id.example|1")
    assert found
    assert found.name == "kim"
    for user, subject in ((jo, "https://id.example|1"), (kim, "https://id.example|2")):
        with pytest.raises(InvalidPassword, match="belongs to another user"):
            users.link(user, subject)


# The command.


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    return tmp_path


def mxm(monkeypatch: pytest.MonkeyPatch, words: str, piped: str = "") -> int:
    """Run `script/mxm user …` with `piped` as its input; return the exit status."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
    try:
        return cli.main(["user", *words.split()])
    except SystemExit as ended:
        return int(str(ended.code))


def test_the_command_adds_users_before_anyone_can_sign_in(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mxm(monkeypatch, "add kim --admin", f"{GOOD}\n") == 0
    assert mxm(monkeypatch, "add jo --domain a.nl --permission view --permission import", f"{GOOD}\r\n") == 0
    assert mxm(monkeypatch, "disable JO") == 0
    assert mxm(monkeypatch, "password kim", OTHER) == 0
    assert mxm(monkeypatch, "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].startswith("jo\ta.nl: view, import\tpassword\tdisabled ")
    assert listed[1] == "kim\tadmin\tpassword\tnever signed in"
    store = Store.open(command / FILE, SystemClock())
    assert Users(store, SystemClock()).verify("kim", OTHER)
    store.close()


@pytest.mark.parametrize(
    ("words", "piped", "message"),
    [
        ("add jo", GOOD, "What may jo do?"),
        ("add jo --admin --domain a.nl --permission view", GOOD, "leave --domain and --permission out"),
        ("add jo --admin", "short", "5 characters; 12 are needed"),
        ("add jo --admin", "", "0 characters; 12 are needed"),
        ("add jo --domain a.nl --permission view", GOOD, "first user has to be an admin"),
        ("disable jo", "", "There is no user jo. See: script/mxm user list"),
        ("add jo --admin --password secret", GOOD, "unrecognized arguments"),
    ],
)
def test_the_command_refuses_invalid_arguments_with_the_reason(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: str, piped: str, message: str,
) -> None:  # fmt: skip
    assert mxm(monkeypatch, words, piped) == 2
    assert message in capsys.readouterr().err


def test_on_a_terminal_the_command_asks_twice_for_the_password(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter([GOOD, OTHER, GOOD, GOOD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert cli.main(["user", "add", "kim", "--admin"]) == 2
    assert "two different passwords" in capsys.readouterr().err
    assert cli.main(["user", "add", "kim", "--admin"]) == 0


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
def test_leaving_the_password_prompt_reports_that_nothing_was_changed(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: type[BaseException]
) -> None:
    def leave(_prompt: str) -> str:
        raise key

    monkeypatch.setattr("getpass.getpass", leave)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert cli.main(["user", "add", "kim", "--admin"]) == 2
    assert "Given up. Nothing was changed." in capsys.readouterr().err


def test_the_domains_of_the_account_are_words_that_weaken_a_password(users: Users, app: SignInApp) -> None:
    password = "Quillfeather-Rhiannon"
    users.add(BOSS, "jo", password)
    with app.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["quillfeather.nl", "rhiannon.example"], 1.0)
    with pytest.raises(InvalidPassword, match="a name of the person, of the agency or of MXM"):
        users.add(BOSS, "lee", password)
